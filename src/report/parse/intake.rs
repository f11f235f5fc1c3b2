//! The way of a report into the tokenizer: read, decoded, squeezed.

use std::io::{self, BufRead, Read};

use super::decode::{Decoder, SNIFF};
use super::squeeze::Squeezer;

const PIECE: usize = 16 * 1024;

/// A reader of clean UTF-8 over a reader of anything; of XML, in bounded tokens.
pub(super) struct Intake<'r> {
    inner: &'r mut dyn BufRead,
    decoder: Option<Decoder>,
    /// For XML.
    squeezer: Option<Squeezer>,
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

impl<'r> Intake<'r> {
    /// For XML.
    pub(super) fn xml(inner: &'r mut dyn BufRead) -> Self {
        Self { squeezer: Some(Squeezer::default()), ..Self::plain(inner) }
    }

    /// For anything else.
    pub(super) fn plain(inner: &'r mut dyn BufRead) -> Self {
        Self {
            inner,
            decoder: None,
            squeezer: None,
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
            cut: self.squeezer.as_ref().is_some_and(|squeezer| squeezer.cut),
            doctype: self.squeezer.as_ref().is_some_and(|squeezer| squeezer.doctype),
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
        (&mut *self.inner).take(SNIFF as u64).read_to_end(&mut head)?;
        let (mut decoder, mark) = Decoder::sniff(&head);
        decoder.feed(&head[mark..], false, &mut self.text);
        self.decoder = Some(decoder);
        self.pass(false);
        Ok(())
    }

    fn pass(&mut self, end: bool) {
        self.substance |= self.text.iter().any(|b| !b.is_ascii_whitespace() && *b != 0);
        match &mut self.squeezer {
            Some(squeezer) => squeezer.feed(&self.text, &mut self.out),
            None => std::mem::swap(&mut self.text, &mut self.out),
        }
        if end {
            if let Some(squeezer) = &mut self.squeezer {
                squeezer.finish(&mut self.out);
            }
            self.ended = true;
        }
    }
}

impl Read for Intake<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(buf.len());
        buf[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

impl BufRead for Intake<'_> {
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
