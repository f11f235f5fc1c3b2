//! assay-lifecycle.
