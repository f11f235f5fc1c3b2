//! assay-telemetry.
