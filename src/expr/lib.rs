//! assay-expr.
