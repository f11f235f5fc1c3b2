//! Server-sent events, as far as a followed log needs them.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// `message` when the sender named none.
    pub(crate) kind: String,
    /// The data lines, joined.
    pub(crate) data: String,
    /// The id behind which to resume.
    pub(crate) id: Option<String>,
}

/// Puts events together from bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    kind: String,
    data: Vec<String>,
    id: Option<String>,
    skip_feed: bool,
}

/// An event line longer than this is cut: a frame is 64 KiB at most.
const LINE: usize = 4 << 20;

impl Parser {
    /// The events that are complete with these bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.skip_feed) => {}
                b'\n' | b'\r' => {
                    self.skip_feed = *byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.line(&String::from_utf8_lossy(&line)));
                }
                _ => {
                    self.skip_feed = false;
                    if self.line.len() < LINE {
                        self.line.push(*byte);
                    }
                }
            }
        }
        events
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let kind = std::mem::take(&mut self.kind);
            let data = std::mem::take(&mut self.data);
            if data.is_empty() {
                return None;
            }
            let kind = if kind.is_empty() { "message".to_owned() } else { kind };
            return Some(Event { kind, data: data.join("\n"), id: self.id.clone() });
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.kind),
            "data" => self.data.push(value.to_owned()),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_however_the_bytes_are_cut() {
        let text =
            "id: 0:5\ndata: {\"a\"\ndata: :1}\n\n: heartbeat\n\nid: 0:9\r\ndata: x\r\n\r\nevent: end\ndata: {}\n\n";
        let expected = [("message", "{\"a\"\n:1}", "0:5"), ("message", "x", "0:9"), ("end", "{}", "0:9")];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let events: Vec<_> = text.as_bytes().chunks(size).flat_map(|bytes| parser.push(bytes)).collect();
            let got: Vec<_> =
                events.iter().map(|e| (e.kind.as_str(), e.data.as_str(), e.id.as_deref().unwrap_or(""))).collect();
            assert_eq!(got, expected, "in pieces of {size}");
        }
    }
}
