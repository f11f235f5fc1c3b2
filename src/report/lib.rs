//! assay-report.
