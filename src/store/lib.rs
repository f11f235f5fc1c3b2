//! assay-store.
