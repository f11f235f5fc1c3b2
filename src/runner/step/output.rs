//! What a process prints on its way from the pipe into the spool: masked,
//! framed, and its beginning repeated on the container's own output.

use std::io::{self, Write};
use std::time::SystemTime;

use assay_protocol::frame::{self, Header, PAYLOAD_LIMIT, Stream};

use super::mask::{Masker, Patterns};
use super::spool::SpoolWriter;

/// How much of an attempt's output `kubectl logs` shows.
const TEE_BYTES: usize = 64 * 1024;

/// The output of one attempt.
#[derive(Debug)]
pub(super) struct Output<'a> {
    spool: &'a mut SpoolWriter,
    patterns: &'a Patterns,
    step: u16,
    attempt: u16,
    streams: [StreamState; 2],
    runner_offset: u64,
    lost: u64,
    tee_left: usize,
    shown: Vec<u8>,
    frames: Vec<u8>,
}

#[derive(Debug, Default)]
struct StreamState {
    masker: Masker,
    offset: u64,
}

impl<'a> Output<'a> {
    pub(super) fn new(spool: &'a mut SpoolWriter, patterns: &'a Patterns, step: u16, attempt: u32) -> Self {
        Self {
            spool,
            patterns,
            step,
            attempt: u16::try_from(attempt).unwrap_or(u16::MAX),
            streams: Default::default(),
            runner_offset: 0,
            lost: 0,
            tee_left: TEE_BYTES,
            shown: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Whether the process is to be held back.
    pub(super) fn is_full(&self) -> bool {
        self.spool.is_full()
    }

    /// The leader may have sent and deleted something.
    pub(super) fn look_for_space(&mut self) {
        if self.spool.is_full() {
            self.spool.recount();
        }
    }

    /// Takes what was read from a pipe: 0 is standard output, 1 standard error.
    pub(super) fn feed(&mut self, pipe: usize, bytes: &[u8]) {
        let mut shown = std::mem::take(&mut self.shown);
        shown.clear();
        self.streams[pipe].masker.push(self.patterns, bytes, &mut shown);
        self.keep(pipe, &shown);
        self.shown = shown;
    }

    /// The end of both streams; answers the spool's offset.
    pub(super) fn finish(mut self) -> u64 {
        for pipe in 0..self.streams.len() {
            let mut shown = Vec::new();
            self.streams[pipe].masker.finish(self.patterns, &mut shown);
            self.keep(pipe, &shown);
        }
        if self.lost > 0 {
            self.frames.clear();
            self.add_gap();
            let _ = self.spool.append(&self.frames);
        }
        self.spool.offset()
    }

    /// A line that the runner itself has to say.
    pub(super) fn say(&mut self, line: &str) {
        let mut text = self.patterns.masked(line.as_bytes());
        text.push(b'\n');
        text.truncate(PAYLOAD_LIMIT);
        self.tee(&text);
        self.frames.clear();
        let header = self.header(Stream::Runner, self.runner_offset);
        frame::encode(header, &text, &mut self.frames);
        self.runner_offset += text.len() as u64;
        let _ = self.spool.append(&self.frames);
    }

    fn keep(&mut self, pipe: usize, shown: &[u8]) {
        if shown.is_empty() {
            return;
        }
        self.tee(shown);
        self.frames.clear();
        if self.lost > 0 {
            self.add_gap();
        }
        let stream = if pipe == 0 { Stream::Stdout } else { Stream::Stderr };
        for payload in shown.chunks(PAYLOAD_LIMIT) {
            let header = self.header(stream, self.streams[pipe].offset);
            frame::encode(header, payload, &mut self.frames);
            self.streams[pipe].offset += payload.len() as u64;
        }
        match self.spool.append(&self.frames) {
            Ok(()) => self.lost = 0,
            Err(_) => self.lost += shown.len() as u64,
        }
    }

    /// Output that found no place is never passed over in silence.
    fn add_gap(&mut self) {
        let text = format!("{} bytes of output could not be kept: no space was left in the spool\n", self.lost);
        let header = self.header(Stream::Gap, 0);
        frame::encode(header, text.as_bytes(), &mut self.frames);
    }

    fn header(&self, stream: Stream, offset: u64) -> Header {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time_ns = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        Header { stream, step: self.step, attempt: self.attempt, time_ns, offset }
    }

    fn tee(&mut self, shown: &[u8]) {
        if self.tee_left == 0 {
            return;
        }
        let part = &shown[..shown.len().min(self.tee_left)];
        self.tee_left -= part.len();
        let mut own = io::stdout().lock();
        let _ = own.write_all(part);
        if self.tee_left == 0 {
            let _ = own.write_all(b"\n[the rest of this step's output is in the execution's log]\n");
        }
        let _ = own.flush();
    }
}
