//! assay-operator.
