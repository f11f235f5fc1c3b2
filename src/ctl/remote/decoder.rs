//! Bytes of an answer as text, as they come.

/// Bytes as text; a character that is cut in two waits for its end.
#[derive(Default)]
pub(crate) struct Decoder(Vec<u8>);

impl Decoder {
    /// The text that is complete with these bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let keep = match std::str::from_utf8(&self.0) {
            Err(error) if error.error_len().is_none() => self.0.len() - error.valid_up_to(),
            // Somewhere before the end something is broken; only the end may still be whole.
            Err(_) => open_end(&self.0),
            Ok(_) => 0,
        };
        let rest = self.0.split_off(self.0.len() - keep);
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0 = rest;
        text
    }

    /// What is left.
    pub(crate) fn end(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.0)).into_owned()
    }
}

fn open_end(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    (1..=tail.len())
        .find(|length| {
            let end = &tail[tail.len() - length..];
            std::str::from_utf8(end).is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_survive_cuts() {
        let text = "aä日🙂b".as_bytes();
        for size in 1..text.len() {
            let mut decoder = Decoder::default();
            let out: String = text.chunks(size).map(|bytes| decoder.push(bytes)).collect();
            assert_eq!(out + &decoder.end(), "aä日🙂b", "in pieces of {size}");
        }
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push(b"a\xffb\xf0\x9f"), "a\u{fffd}b");
        assert_eq!(decoder.push(b"\x99\x82"), "🙂");
    }
}
