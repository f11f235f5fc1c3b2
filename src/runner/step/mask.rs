//! Masking a stream: secrets are replaced wherever they stand, also where one
//! begins in one piece of output and ends in the next.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// What stands where a secret stood.
const REPLACEMENT: &[u8] = b"***";
/// With more to look for than this, in bytes, the fastest automaton would take
/// more memory than a step runner may have.
const MUCH: usize = 8 * 1024;

/// What is looked for.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    automaton: Option<AhoCorasick>,
    /// In order, each once.
    forms: Vec<Vec<u8>>,
    longest: usize,
}

impl Patterns {
    /// An automaton over all forms; none at all when there is nothing to mask.
    pub(super) fn new(forms: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut forms: Vec<Vec<u8>> = forms.into_iter().collect();
        forms.sort_unstable();
        forms.dedup();
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        let much = forms.iter().map(Vec::len).sum::<usize>() > MUCH;
        let automaton = (!forms.is_empty()).then(|| {
            let kind = much.then_some(AhoCorasickKind::ContiguousNFA);
            let automaton = AhoCorasick::builder().kind(kind).build(&forms);
            automaton.expect("the secrets of one container fit into an automaton")
        });
        Self { automaton, forms, longest }
    }

    /// Whether there is nothing to mask.
    pub(super) fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// A whole text as it may be shown.
    pub(super) fn masked(&self, text: &[u8]) -> Vec<u8> {
        let (mut masker, mut out) = (Masker::default(), Vec::new());
        masker.push(self, text, &mut out);
        masker.finish(self, &mut out);
        out
    }

    /// A whole sentence as it may be shown.
    pub(super) fn masked_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.masked(text.as_bytes())).into_owned()
    }

    /// Where the tail begins that may turn out to be the start of a secret.
    fn doubtful_from(&self, bytes: &[u8]) -> usize {
        let earliest = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        (earliest..bytes.len()).find(|at| self.may_begin(&bytes[*at..])).unwrap_or(bytes.len())
    }

    fn may_begin(&self, tail: &[u8]) -> bool {
        // Forms that begin with the tail stand together, behind the tail itself.
        let after = self.forms.partition_point(|form| form.as_slice() <= tail);
        self.forms.get(after).is_some_and(|form| form.starts_with(tail))
    }
}

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Masker {
    /// Bytes held back because a secret may begin in them.
    carry: Vec<u8>,
    /// How many of them belong to a secret whose replacement is already out.
    covered: usize,
}

impl Masker {
    /// Takes what was printed, gives what may be shown.
    ///
    /// Bytes that may be the start of a secret are held back until more output
    /// or the end decides. No clock releases them: a secret printed in two
    /// halves with a pause between them would be shown.
    pub(super) fn push(&mut self, patterns: &Patterns, input: &[u8], out: &mut Vec<u8>) {
        let Some(automaton) = &patterns.automaton else {
            out.extend_from_slice(input);
            return;
        };
        let mut bytes = std::mem::take(&mut self.carry);
        bytes.extend_from_slice(input);
        let hold = patterns.doubtful_from(&bytes);
        let spans = self.spans(automaton, &bytes);
        self.covered = emit(&bytes, &spans, hold, out);
        bytes.drain(..hold);
        self.carry = bytes;
    }

    /// The stream has ended: what was held back is decided.
    pub(super) fn finish(&mut self, patterns: &Patterns, out: &mut Vec<u8>) {
        let bytes = std::mem::take(&mut self.carry);
        if let Some(automaton) = &patterns.automaton {
            let spans = self.spans(automaton, &bytes);
            emit(&bytes, &spans, bytes.len(), out);
        }
        self.covered = 0;
    }

    /// Stretches to be replaced, in order and apart from each other.
    fn spans(&self, automaton: &AhoCorasick, bytes: &[u8]) -> Vec<Span> {
        let mut spans = Vec::new();
        if self.covered > 0 {
            spans.push(Span { start: 0, end: self.covered, announced: true });
        }
        // The plain search has a fast path for "nothing here", the overlapping one has not.
        if automaton.is_match(bytes) {
            let found = automaton.find_overlapping_iter(bytes);
            spans.extend(found.map(|hit| Span { start: hit.start(), end: hit.end(), announced: false }));
            spans.sort_by_key(|span| (span.start, !span.announced));
        }
        merge(spans)
    }
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    announced: bool,
}

fn merge(spans: Vec<Span>) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Writes everything before `hold`; answers how many bytes behind it are covered
/// by a replacement that was written.
fn emit(bytes: &[u8], spans: &[Span], hold: usize, out: &mut Vec<u8>) -> usize {
    let mut at = 0;
    for span in spans.iter().take_while(|span| span.start < hold || span.announced) {
        out.extend_from_slice(&bytes[at..span.start]);
        if !span.announced {
            out.extend_from_slice(REPLACEMENT);
        }
        at = span.end;
    }
    if at < hold {
        out.extend_from_slice(&bytes[at..hold]);
    }
    at.saturating_sub(hold)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(forms: &[&str], pieces: &[&[u8]]) -> String {
        let patterns = Patterns::new(forms.iter().map(|form| form.as_bytes().to_vec()));
        let mut masker = Masker::default();
        let mut out = Vec::new();
        for piece in pieces {
            masker.push(&patterns, piece, &mut out);
        }
        masker.finish(&patterns, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn secrets_go_wherever_they_stand() {
        assert_eq!(masked(&["hunter2"], &[b"pw=hunter2 and hunter", b"2; hunter"]), "pw=*** and ***; hunter");
        assert_eq!(masked(&["abcd", "abcdefgh"], &[b"abcd", b"efgh abcd"]), "*** ***");
        assert_eq!(masked(&["abcX", "Xyz1"], &[b"abcXyz1!"]), "***!");
        assert_eq!(masked(&["aaaa"], &[b"aaaa", b"aaaaaaa", b"b"]), "***b");
        assert_eq!(masked(&[], &[b"as it is"]), "as it is");
    }

    #[test]
    fn a_prompt_is_shown_at_once() {
        let patterns = Patterns::new([b"hunter2".to_vec()]);
        let mut out = Vec::new();
        Masker::default().push(&patterns, b"Continue? [y/N] ", &mut out);
        assert_eq!(out, b"Continue? [y/N] ");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[abX]{0,60}", cuts in proptest::collection::vec(0usize..60, 0..6)) {
            let forms = ["abab", "babX", "aaaaa", "XabXabX"];
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let mut at = 0;
            let mut pieces = Vec::new();
            for cut in cuts {
                pieces.push(&text.as_bytes()[at..cut]);
                at = cut;
            }
            let whole = masked(&forms, &[text.as_bytes()]);
            prop_assert_eq!(&masked(&forms, &pieces), &whole);
            for form in forms {
                prop_assert!(!whole.contains(form));
            }
        }
    }
}
