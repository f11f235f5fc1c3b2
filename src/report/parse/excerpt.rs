//! The beginning and the end of a text of any length.

use crate::text;

const PART: usize = 16 * 1024;

/// Collects a text but keeps only its first and last few KiB.
#[derive(Debug, Default)]
pub(super) struct Excerpt {
    head: String,
    tail: String,
}

impl Excerpt {
    pub(super) fn push(&mut self, piece: &str) {
        let fits = text::floor(piece, PART.saturating_sub(self.head.len()));
        // Once something went to the tail the head is closed.
        let (head, tail) = if self.tail.is_empty() { piece.split_at(fits) } else { ("", piece) };
        self.head.push_str(head);
        self.tail.push_str(tail);
        if self.tail.len() > 2 * PART {
            let from = text::ceil(&self.tail, self.tail.len() - PART);
            self.tail.drain(..from);
        }
    }

    /// What was kept. If the middle is lost the result is still far longer
    /// than what is kept of a text in the end, so that it will be cut there.
    pub(super) fn into_text(mut self) -> String {
        self.head.push_str(&self.tail);
        self.head
    }
}
