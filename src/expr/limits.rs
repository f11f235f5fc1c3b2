//! How much an expression may cost. Expressions come from whoever may write a
//! workflow, and are evaluated in the operator.

/// Bytes of the longest expression.
pub(crate) const LONGEST: usize = 16 * 1024;
/// Parts of a dotted name.
pub(crate) const MOST_PARTS: usize = 32;
/// Mistakes that are reported of one text.
pub(crate) const MOST_MISTAKES: usize = 100;
/// Bytes of the largest value, with what its items cost.
pub(crate) const LARGEST: usize = 1024 * 1024;
/// Items that `range` makes at most.
pub(crate) const MOST_ITEMS: i64 = 10_000;
/// How deeply lists and maps may be nested in a value.
pub(crate) const DEEPEST_VALUE: usize = 50;
/// Work for one text: a unit is about one byte that is copied.
pub(crate) const WORK: usize = 4 * 1024 * 1024;
/// Units of one step.
pub(crate) const STEP: usize = 16;
/// How deeply steps may be nested in each other.
pub(crate) const DEEPEST: usize = 240;
