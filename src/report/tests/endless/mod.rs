//! Reports longer than anybody wants to hold.

use std::io::{BufRead, BufReader, Read};

/// `before`, then `middle` so many times, then `after`, without holding it.
pub fn endless(before: &'static str, middle: &str, times: usize, after: &'static str) -> Box<dyn BufRead> {
    let chunk = middle.repeat(1000);
    let body = Repeat { chunk: chunk.into_bytes(), left: times / 1000, at: 0 };
    Box::new(BufReader::new(before.as_bytes().chain(body).chain(after.as_bytes())))
}

struct Repeat {
    chunk: Vec<u8>,
    left: usize,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.chunk.len() {
            self.at = 0;
            self.left = self.left.saturating_sub(1);
        }
        if self.left == 0 {
            return Ok(0);
        }
        let taken = (self.chunk.len() - self.at).min(buf.len());
        buf[..taken].copy_from_slice(&self.chunk[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}
