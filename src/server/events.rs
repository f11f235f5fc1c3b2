//! Frames as server-sent events: unnamed events carry a `LogEvent` and an id
//! that resumes behind it; `event: end` says that nothing more will come.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use assay_protocol::frame::Stream as Source;
use assay_protocol::rest::LogEvent;
use assay_store::{LogPiece, LogReader, Position};
use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;

use crate::feed::{Feed, Tick};

const HEARTBEAT: Duration = Duration::from_secs(15);

/// The events of a log.
pub(crate) fn body(feed: Feed) -> Body {
    let events = Events { position: feed.reader.start(), halves: HashMap::new() };
    Body::from_stream(stream::unfold(Some((feed, events)), async |state| {
        let (mut feed, mut events) = state?;
        let (text, more) = match feed.tick(HEARTBEAT).await {
            Tick::Pieces(pieces) => (events.text(&pieces, &feed.reader), true),
            Tick::Pause => (b": heartbeat\n\n".to_vec(), true),
            Tick::End => (b"event: end\ndata: {}\n\n".to_vec(), false),
            // Without an end the client comes again with the last id.
            Tick::Broken => return None,
        };
        Some((Ok::<_, Infallible>(Bytes::from(text)), more.then_some((feed, events))))
    }))
}

struct Events {
    position: Position,
    /// Beginnings of characters that a frame cut in two.
    halves: HashMap<(u16, u16, u16, Source), Vec<u8>>,
}

impl Events {
    fn text(&mut self, pieces: &[LogPiece], reader: &LogReader) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in pieces {
            piece.pass(&mut self.position);
            let event = LogEvent {
                step: reader.step_id(piece.header.step),
                attempt: u32::from(piece.header.attempt),
                stream: piece.header.stream.as_str().to_owned(),
                time: Timestamp::from_nanosecond(i128::from(piece.header.time_ns)).unwrap_or(Timestamp::UNIX_EPOCH),
                text: self.whole_characters(piece),
            };
            out.extend_from_slice(format!("id: {}\ndata: ", self.position).as_bytes());
            serde_json::to_writer(&mut out, &event).expect("an event is plain data");
            out.extend_from_slice(b"\n\n");
        }
        out
    }

    /// The piece as text. A character that ends in the next frame waits for it.
    fn whole_characters(&mut self, piece: &LogPiece) -> String {
        let header = piece.header;
        let lane = (piece.group, header.step, header.attempt, header.stream);
        let mut bytes = self.halves.remove(&lane).unwrap_or_default();
        bytes.extend_from_slice(&piece.payload);
        let half = bytes.split_off(bytes.len() - open_character(&bytes));
        if !half.is_empty() {
            self.halves.insert(lane, half);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Bytes at the end that begin a character without ending it.
fn open_character(bytes: &[u8]) -> usize {
    for (back, byte) in bytes.iter().rev().take(3).enumerate() {
        let length = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if length > back + 1 { back + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::open_character;

    #[test]
    fn a_cut_character_is_found() {
        for (bytes, expected) in [
            ("ä".as_bytes(), 0),
            (&"ä".as_bytes()[..1], 1),
            (&"a€".as_bytes()[..3], 2),
            (&"a🦀".as_bytes()[..4], 3),
            ("🦀".as_bytes(), 0),
            (b"\xff", 0),
            (b"a\x80\x80\x80\x80", 0),
            (b"", 0),
        ] {
            assert_eq!(open_character(bytes), expected, "{bytes:?}");
        }
    }
}
