//! The lines of a text, however long.

use std::io::{self, BufRead};

use super::intake::{Intake, Notes};
use crate::text;

/// Bytes kept of one line.
const LONGEST: usize = 1024 * 1024;

/// Reads one line after another; what is too long of a line is left out.
pub(super) struct Lines<'r> {
    intake: Intake<'r>,
    line: Vec<u8>,
    /// The line just given was cut.
    pub(super) cut: bool,
    ever_cut: bool,
}

impl<'r> Lines<'r> {
    pub(super) fn new(inner: &'r mut dyn BufRead) -> Self {
        Self { intake: Intake::plain(inner), line: Vec::new(), cut: false, ever_cut: false }
    }

    /// What was noticed so far.
    pub(super) fn notes(&self) -> Notes {
        Notes { cut: self.ever_cut, ..self.intake.notes() }
    }

    /// The next line without its end; none after the last.
    pub(super) fn next(&mut self) -> io::Result<Option<&str>> {
        self.line.clear();
        self.cut = false;
        let mut any = false;
        loop {
            let piece = self.intake.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            any = true;
            let end = piece.iter().position(|b| *b == b'\n');
            let part = &piece[..end.unwrap_or(piece.len())];
            let fits = part.len().min(LONGEST - self.line.len());
            self.line.extend_from_slice(&part[..fits]);
            self.cut |= fits < part.len();
            let taken = part.len() + usize::from(end.is_some());
            self.intake.consume(taken);
            if end.is_some() {
                break;
            }
        }
        self.ever_cut |= self.cut;
        // The intake gives whole characters; only a cut can fall into one.
        let whole = match std::str::from_utf8(&self.line) {
            Ok(line) => line,
            Err(error) => text::valid(&self.line, error.valid_up_to()),
        };
        Ok(any.then(|| whole.strip_suffix('\r').unwrap_or(whole)))
    }
}
