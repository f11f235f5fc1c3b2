//! assay-plan.
