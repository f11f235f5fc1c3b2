//! assay-manager.
