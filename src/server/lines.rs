//! Frames as text: lines of different streams are never cut into each other.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use assay_protocol::frame::Stream as Source;
use assay_store::LogPiece;
use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;

use crate::feed::{Feed, Tick};

/// A line longer than this is passed on in parts.
const LINE_LIMIT: usize = 64 * 1024;
/// How long half a line waits for its other half.
const HALF_LINE: Duration = Duration::from_millis(500);
const QUIET: Duration = Duration::from_secs(15);

/// One stream of one attempt of one step.
type Lane = (u16, u16, u16, Source);

/// The text of a log, chunk by chunk.
pub(crate) fn body(feed: Feed, timestamps: bool) -> Body {
    let lines = Lines { timestamps, ..Lines::default() };
    Body::from_stream(stream::unfold(Some((feed, lines)), async |state| {
        let (mut feed, mut lines) = state?;
        loop {
            let mut out = Vec::new();
            let pause = if lines.halves.is_empty() { QUIET } else { HALF_LINE };
            let more = match feed.tick(pause).await {
                Tick::Pieces(pieces) => {
                    pieces.iter().for_each(|piece| lines.push(piece, &mut out));
                    true
                }
                Tick::Pause => {
                    lines.flush(&mut out);
                    true
                }
                Tick::End => {
                    lines.flush(&mut out);
                    false
                }
                // The client must see that this is not the end.
                Tick::Broken => return Some((Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)), None)),
            };
            if !out.is_empty() || !more {
                return Some((Ok(Bytes::from(out)), more.then_some((feed, lines))));
            }
        }
    }))
}

/// Puts lines together.
#[derive(Default)]
struct Lines {
    timestamps: bool,
    /// Beginnings of lines, and when they were printed.
    halves: HashMap<Lane, (u64, Vec<u8>)>,
    /// The lane whose half line was the last thing written.
    open: Option<Lane>,
}

impl Lines {
    fn push(&mut self, piece: &LogPiece, out: &mut Vec<u8>) {
        let header = piece.header;
        let lane = (piece.group, header.step, header.attempt, header.stream);
        let mut rest = &piece.payload[..];
        if let Some((time, mut half)) = self.halves.remove(&lane) {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            half.extend_from_slice(&rest[..end]);
            rest = &rest[end..];
            if half.ends_with(b"\n") || half.len() > LINE_LIMIT {
                self.write(lane, time, &half, out);
            } else {
                self.halves.insert(lane, (time, half));
            }
        }
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            self.write(lane, header.time_ns, &rest[..=at], out);
            rest = &rest[at + 1..];
        }
        if !rest.is_empty() {
            self.halves.insert(lane, (header.time_ns, rest.to_vec()));
        }
    }

    /// Writes out half lines: their other halves do not come, or come late.
    fn flush(&mut self, out: &mut Vec<u8>) {
        let mut halves: Vec<_> = std::mem::take(&mut self.halves).into_iter().collect();
        halves.sort_by_key(|(_, (time, _))| *time);
        for (lane, (time, half)) in halves {
            self.write(lane, time, &half, out);
        }
    }

    fn write(&mut self, lane: Lane, time_ns: u64, line: &[u8], out: &mut Vec<u8>) {
        if self.open.is_some_and(|open| open != lane) {
            out.push(b'\n');
            self.open = None;
        }
        if self.timestamps && self.open.is_none() {
            let time = Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
            write!(out, "{time:.6} ").expect("writing to memory cannot fail");
        }
        out.extend_from_slice(line);
        self.open = (!line.ends_with(b"\n")).then_some(lane);
    }
}

#[cfg(test)]
mod tests {
    use assay_protocol::frame::{Header, Stream};
    use assay_store::LogPiece;
    use bytes::Bytes;

    use super::Lines;

    fn text(timestamps: bool, pieces: &[(Stream, u64, &str)]) -> String {
        let mut lines = Lines { timestamps, ..Lines::default() };
        let mut out = Vec::new();
        for (stream, seconds, payload) in pieces {
            let header = Header { stream: *stream, step: 0, attempt: 1, time_ns: seconds * 1_000_000_000, offset: 0 };
            let payload = Bytes::copy_from_slice(payload.as_bytes());
            lines.push(&LogPiece { run_attempt: 1, group: 0, header, payload, end: 0 }, &mut out);
        }
        lines.flush(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lines_stay_whole_when_streams_alternate() {
        let pieces = [
            (Stream::Stdout, 1, "a\nb"),
            (Stream::Stderr, 2, "error\n"),
            (Stream::Stdout, 3, "c\nd\ne"),
            (Stream::Stderr, 4, "f"),
        ];
        assert_eq!(text(false, &pieces), "a\nerror\nbc\nd\ne\nf");
        assert_eq!(text(false, &[(Stream::Stdout, 1, "x"), (Stream::Stdout, 2, "y\n")]), "xy\n");
    }

    #[test]
    fn every_line_has_its_time() {
        let expected = "1970-01-01T00:00:01.000000Z ab\n1970-01-01T00:00:02.000000Z c\n";
        assert_eq!(text(true, &[(Stream::Stdout, 1, "a"), (Stream::Stdout, 2, "b\nc\n")]), expected);
    }
}
