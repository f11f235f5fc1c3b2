//! Whether the tests that ran are those that were planned.

use std::collections::HashSet;

/// The numbers of the first and the last test; none where none is to run.
pub(super) type Plan = Option<(u64, u64)>;

/// Numbers that are remembered to find one that comes twice.
const KNOWN: usize = 100_000;

/// The numbers of the test points. One without a number has the next.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) points: u64,
    last: u64,
    lowest: Option<u64>,
    highest: u64,
    seen: HashSet<u64>,
    twice: Option<u64>,
}

impl Numbers {
    pub(super) fn count(&mut self, number: Option<u64>) {
        self.points += 1;
        let number = number.unwrap_or(self.last.saturating_add(1));
        self.last = number;
        self.lowest = Some(self.lowest.map_or(number, |lowest| lowest.min(number)));
        self.highest = self.highest.max(number);
        if self.seen.len() < KNOWN && !self.seen.insert(number) {
            self.twice = self.twice.or(Some(number));
        }
    }

    /// What is wrong, in words.
    pub(super) fn complaint(&self, plan: Plan) -> Option<String> {
        let (first, last) = plan.unwrap_or((1, 0));
        let planned = (last.saturating_add(1)).saturating_sub(first.max(1));
        let outside = [self.lowest.filter(|lowest| *lowest < first), Some(self.highest).filter(|high| *high > last)];
        match (outside.into_iter().flatten().next(), self.twice) {
            _ if planned != self.points => Some(format!("{planned} tests were planned, but {} ran", self.points)),
            (Some(number), _) => Some(format!("test {number} is not in the plan {first}..{last}")),
            (None, Some(number)) => Some(format!("test {number} occurs more than once, so another one is missing")),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_kept_and_not() {
        let none = [None, None];
        for (numbers, plan, fine) in [
            (&[Some(1), Some(2)][..], Some((1, 2)), true),
            (&[Some(2), Some(1)], Some((1, 2)), true),
            (&none, Some((1, 2)), true),
            (&[Some(5), None], Some((5, 6)), true),
            (&[], None, true),
            (&[Some(1)], Some((1, 2)), false),
            (&[Some(1)], None, false),
            (&[Some(1), Some(1)], Some((1, 2)), false),
            (&[Some(1), Some(3)], Some((1, 2)), false),
            (&[Some(0), Some(1)], Some((1, 2)), false),
            (&[Some(u64::MAX), None], Some((1, 2)), false),
        ] {
            let mut ran = Numbers::default();
            numbers.iter().for_each(|number| ran.count(*number));
            assert_eq!(ran.complaint(plan).is_none(), fine, "{numbers:?} {plan:?}");
        }
    }
}
