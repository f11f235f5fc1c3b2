//! assay-runner.
