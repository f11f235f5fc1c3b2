//! assay-ctl.
