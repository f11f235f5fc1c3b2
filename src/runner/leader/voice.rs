//! The leader's lines: on its own output for `kubectl logs`, and as frames of
//! its own stream for the execution's log.

use std::collections::BTreeMap;

use assay_protocol::frame::{self, Header, PAYLOAD_LIMIT, Stream};
use jiff::Timestamp;

/// Writes the leader's stream.
#[derive(Debug, Default)]
pub(super) struct Voice {
    offsets: BTreeMap<(u16, u16), u64>,
}

impl Voice {
    /// Prints a line and answers its frame.
    pub(super) fn say(&mut self, step: u16, attempt: u32, at: Timestamp, text: &str) -> Vec<u8> {
        println!("{text}");
        let attempt = u16::try_from(attempt).unwrap_or(u16::MAX);
        let mut line = format!("{text}\n").into_bytes();
        line.truncate(PAYLOAD_LIMIT);
        let offset = self.offsets.entry((step, attempt)).or_default();
        let time_ns = u64::try_from(at.as_nanosecond()).unwrap_or_default();
        let header = Header { stream: Stream::Runner, step, attempt, time_ns, offset: *offset };
        *offset += line.len() as u64;
        let mut bytes = Vec::new();
        frame::encode(header, &line, &mut bytes);
        bytes
    }
}
