//! What a process prints on its way from the pipe into the spool: masked,
//! framed, and its beginning repeated on the container's own output.

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use assay_protocol::frame::{self, Header, PAYLOAD_LIMIT, Stream};

use super::mask::{Masker, Patterns};
use super::spool::SpoolWriter;

/// How much of an attempt's output `kubectl logs` shows.
const TEE_BYTES: usize = 64 * 1024;
/// How long small pieces are gathered into one frame. The first piece after a
/// silence does not wait, so a prompt is shown at once.
const GATHER: Duration = Duration::from_millis(20);

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
    gathered: Gathered,
    /// No frame of gathered pieces before this moment.
    next_frame: Instant,
    shown: Vec<u8>,
    frames: Vec<u8>,
}

/// Pieces of one stream that wait to become a frame.
#[derive(Debug, Default)]
struct Gathered {
    pipe: usize,
    bytes: Vec<u8>,
    /// When the first of them was read.
    time_ns: u64,
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
            gathered: Gathered::default(),
            next_frame: Instant::now(),
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
        self.gather(pipe, &shown);
        self.shown = shown;
    }

    /// When gathered pieces are to become a frame, if there are any.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.gathered.bytes.is_empty()).then_some(self.next_frame)
    }

    /// Makes a frame of gathered pieces when it is time.
    pub(super) fn look_at_time(&mut self, now: Instant) {
        if self.due().is_some_and(|due| now >= due) {
            self.release();
            self.next_frame = now + GATHER;
        }
    }

    /// The end of both streams; answers the spool's offset.
    pub(super) fn finish(mut self) -> u64 {
        for pipe in 0..self.streams.len() {
            let mut shown = Vec::new();
            self.streams[pipe].masker.finish(self.patterns, &mut shown);
            self.gather(pipe, &shown);
        }
        self.release();
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
        self.release();
        self.tee(&text);
        self.frames.clear();
        let header = self.header(Stream::Runner, self.runner_offset, now_ns());
        frame::encode(header, &text, &mut self.frames);
        self.runner_offset += text.len() as u64;
        let _ = self.spool.append(&self.frames);
    }

    fn gather(&mut self, pipe: usize, shown: &[u8]) {
        if shown.is_empty() {
            return;
        }
        self.tee(shown);
        // What one stream says after the other stays after it.
        if self.gathered.pipe != pipe {
            self.release();
            self.gathered.pipe = pipe;
        }
        if self.gathered.bytes.is_empty() {
            self.gathered.time_ns = now_ns();
        }
        self.gathered.bytes.extend_from_slice(shown);
        let whole = self.gathered.bytes.len() / PAYLOAD_LIMIT * PAYLOAD_LIMIT;
        if whole > 0 {
            let mut bytes = std::mem::take(&mut self.gathered.bytes);
            self.keep(&bytes[..whole]);
            bytes.drain(..whole);
            self.gathered.bytes = bytes;
            self.gathered.time_ns = now_ns();
        }
        self.look_at_time(Instant::now());
    }

    fn release(&mut self) {
        let mut bytes = std::mem::take(&mut self.gathered.bytes);
        if !bytes.is_empty() {
            self.keep(&bytes);
            bytes.clear();
        }
        self.gathered.bytes = bytes;
    }

    fn keep(&mut self, shown: &[u8]) {
        let (pipe, time_ns) = (self.gathered.pipe, self.gathered.time_ns);
        self.frames.clear();
        if self.lost > 0 {
            self.add_gap();
        }
        let stream = if pipe == 0 { Stream::Stdout } else { Stream::Stderr };
        for payload in shown.chunks(PAYLOAD_LIMIT) {
            let header = self.header(stream, self.streams[pipe].offset, time_ns);
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
        let header = self.header(Stream::Gap, 0, now_ns());
        frame::encode(header, text.as_bytes(), &mut self.frames);
    }

    fn header(&self, stream: Stream, offset: u64, time_ns: u64) -> Header {
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

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams and payloads of the frames that `feed` leaves.
    fn frames(feed: impl FnOnce(&mut Output<'_>)) -> Vec<(Stream, Vec<u8>)> {
        let dir = tempfile::tempdir().expect("a folder");
        let mut spool = SpoolWriter::new(dir.path().to_owned(), true);
        let patterns = Patterns::default();
        let mut output = Output::new(&mut spool, &patterns, 0, 1);
        output.tee_left = 0;
        feed(&mut output);
        let end = output.finish();
        let entry = std::fs::read_dir(dir.path()).expect("a folder").flatten().next().expect("a segment");
        let bytes = std::fs::read(entry.path()).expect("a file");
        assert_eq!(bytes.len() as u64, end);
        let (mut at, mut found) = (0, Vec::new());
        while at < bytes.len() {
            let (next, length) = frame::decode(&bytes[at..]).expect("whole frames");
            found.push((next.header.stream, next.payload.to_vec()));
            at += length;
        }
        found
    }

    /// However slow this test is, pieces are gathered from now on.
    fn no_frame_for_long(output: &mut Output<'_>) -> Instant {
        output.next_frame = Instant::now() + Duration::from_secs(3600);
        output.next_frame
    }

    #[test]
    fn many_small_pieces_become_few_frames() {
        let began = Instant::now();
        let found = frames(|output| {
            for number in 0..10_000 {
                output.feed(0, format!("{}%\r", number / 100).as_bytes());
            }
        });
        let most = began.elapsed().as_millis() / GATHER.as_millis() + 3;
        assert!((found.len() as u128) <= most, "{} frames, at most {most}", found.len());
        let whole: Vec<u8> = found.into_iter().flat_map(|(_, payload)| payload).collect();
        assert_eq!(whole.iter().filter(|byte| **byte == b'\r').count(), 10_000);
    }

    #[test]
    fn a_piece_after_a_silence_does_not_wait_and_a_later_one_not_long() {
        frames(|output| {
            output.feed(0, b"Continue? ");
            assert_eq!(output.due(), None, "it is on its way");
            assert!(output.next_frame <= Instant::now() + GATHER);
            let due = no_frame_for_long(output);
            output.feed(0, b"[y/N]");
            assert_eq!(output.due(), Some(due), "it is gathered");
            output.look_at_time(due);
            assert_eq!(output.due(), None);
        });
    }

    #[test]
    fn streams_keep_their_order_and_long_lines_are_cut() {
        let found = frames(|output| {
            output.feed(0, b"a");
            no_frame_for_long(output);
            output.feed(0, b"b");
            output.feed(1, b"c");
            output.say("d");
            output.feed(0, b"e");
            output.feed(0, &vec![b'x'; 2 * PAYLOAD_LIMIT]);
        });
        let streams: Vec<Stream> = found.iter().map(|(stream, _)| *stream).collect();
        let last = [Stream::Stdout; 3];
        assert_eq!(streams[..4], [Stream::Stdout, Stream::Stdout, Stream::Stderr, Stream::Runner]);
        assert_eq!(streams[4..], last);
        let lengths: Vec<usize> = found[4..].iter().map(|(_, payload)| payload.len()).collect();
        assert_eq!(lengths, [PAYLOAD_LIMIT, PAYLOAD_LIMIT, 1]);
    }
}
