//! The way of a report into the tokenizer: read, decoded, squeezed.

use std::io::{self, BufRead, Read};

use super::decode::{Decoder, SNIFF};
use super::squeeze::Squeezer;

const PIECE: usize = 16 * 1024;

/// A reader of clean UTF-8 XML of bounded tokens over a reader of anything.
pub(super) struct Intake<R> {
    inner: R,
    decoder: Option<Decoder>,
    squeezer: Squeezer,
    text: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    ended: bool,
    /// There was at least one byte that is no blank.
    substance: bool,
}

/// What the intake noticed on the way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    pub(super) replaced: bool,
    pub(super) unknown_encoding: Option<String>,
    pub(super) cut: bool,
    pub(super) doctype: bool,
    pub(super) substance: bool,
}

impl<R: BufRead> Intake<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            decoder: None,
            squeezer: Squeezer::default(),
            text: Vec::new(),
            out: Vec::new(),
            at: 0,
            ended: false,
            substance: false,
        }
    }

    pub(super) fn notes(&self) -> Notes {
        let decoder = self.decoder.as_ref();
        Notes {
            replaced: decoder.is_some_and(|decoder| decoder.replaced),
            unknown_encoding: decoder.and_then(|decoder| decoder.unknown.clone()),
            cut: self.squeezer.cut,
            doctype: self.squeezer.doctype,
            substance: self.substance,
        }
    }

    /// Reads one piece and puts what is left of it into `out`.
    fn advance(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        self.text.clear();
        if self.decoder.is_none() {
            return self.begin();
        }
        let piece = match self.inner.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        };
        let piece = &piece[..piece.len().min(PIECE)];
        let taken = piece.len();
        if let Some(decoder) = &mut self.decoder {
            decoder.feed(piece, taken == 0, &mut self.text);
        }
        self.inner.consume(taken);
        self.pass(taken == 0);
        Ok(())
    }

    /// Reads the first bytes, which tell the encoding.
    fn begin(&mut self) -> io::Result<()> {
        let mut head = Vec::with_capacity(SNIFF);
        self.inner.by_ref().take(SNIFF as u64).read_to_end(&mut head)?;
        let (mut decoder, mark) = Decoder::sniff(&head);
        decoder.feed(&head[mark..], false, &mut self.text);
        self.decoder = Some(decoder);
        self.pass(false);
        Ok(())
    }

    fn pass(&mut self, end: bool) {
        self.substance |= self.text.iter().any(|b| !b.is_ascii_whitespace() && *b != 0);
        self.squeezer.feed(&self.text, &mut self.out);
        if end {
            self.squeezer.finish(&mut self.out);
            self.ended = true;
        }
    }
}

impl<R: BufRead> Read for Intake<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(buf.len());
        buf[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: BufRead> BufRead for Intake<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at >= self.out.len() && !self.ended {
            self.advance()?;
        }
        Ok(&self.out[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.out.len().min(self.at + amount);
    }
}
