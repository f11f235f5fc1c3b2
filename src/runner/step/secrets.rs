//! The forms in which a secret value may turn up in output.

use std::collections::BTreeSet;

use assay_protocol::Group;

use super::secret_files;

/// Values shorter than this are words of the language, not secrets: masking
/// them would destroy the log and hide nothing.
const SHORTEST: usize = 4;

/// What the writers of XML and HTML make of quotation marks and apostrophes.
const QUOTES: [[&str; 2]; 5] =
    [["\"", "'"], ["&quot;", "'"], ["\"", "&apos;"], ["&quot;", "&apos;"], ["&quot;", "&#39;"]];

const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What a container has in its environment without anybody's secret.
const HARMLESS: &[&str] = &["PATH", "HOME", "HOSTNAME", "PWD", "SHLVL", "TERM", "USER", "LANG", "LANGUAGE", "TZ", "_"];

/// Lines of a secret file that are shorter than this are not masked by themselves.
const SHORTEST_LINE: usize = 8;
/// A text of several lines that is longer than this is masked line by line only.
const WHOLE: usize = 1024;
/// Longer values are looked for in pieces of this length, as long as the memory
/// of a search grows with its longest form.
const PIECE: usize = 512;
/// Pieces overlap, so that nothing is seen between them.
const STRIDE: usize = 480;

/// Longest text whose base64 is looked for as `base64` and OpenSSL break it into lines.
const WRAPPED: usize = 4096;
/// Bytes in one of these lines: 76 characters, and 64.
const WRAPPINGS: [usize; 2] = [57, 48];

/// What is to be masked, and what cannot be.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// All forms of all values.
    pub(super) forms: BTreeSet<Vec<u8>>,
    /// Sentences about what is not masked.
    pub(super) warnings: Vec<String>,
}

impl Secrets {
    /// The secrets among the variables and mounted files of a group's container.
    pub(super) fn of(group: &Group, variables: impl Iterator<Item = (String, Vec<u8>)>) -> Self {
        let mut secrets = Self::default();
        for (name, value) in variables {
            if is_secret(group, &name) && !value.is_empty() {
                secrets.add(&name, &value, SHORTEST);
            }
        }
        let files = secret_files::read(&group.secret_files);
        secrets.warnings.extend(files.warnings);
        for (name, text) in files.texts {
            secrets.add(&name, &text, SHORTEST_LINE);
        }
        secrets
    }

    fn add(&mut self, name: &str, value: &[u8], shortest_line: usize) {
        let trimmed = value.trim_ascii();
        if trimmed.is_empty() {
            return;
        }
        if trimmed.len() < SHORTEST {
            let warning = format!("the secret in {name} is shorter than {SHORTEST} characters and is not masked");
            self.warnings.push(warning);
            return;
        }
        let lines = trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let lines: Vec<&[u8]> = lines.filter(|line| line.len() >= shortest_line && !is_armor(line)).collect();
        if trimmed.len() <= WHOLE || lines.is_empty() {
            self.add_value(value);
            self.add_value(trimmed);
        }
        lines.into_iter().for_each(|line| self.add_value(line));
        if value.len() <= WRAPPED {
            self.add_wrapped(value);
        }
    }

    fn add_wrapped(&mut self, value: &[u8]) {
        for length in WRAPPINGS.into_iter().filter(|length| value.len() > *length) {
            let lines = value.chunks(length).map(|line| base64_core(line, 0, PLAIN));
            self.forms.extend(lines.filter(|line| line.len() >= SHORTEST_LINE));
        }
    }

    fn add_value(&mut self, value: &[u8]) {
        if value.len() <= PIECE {
            self.add_forms(value);
            return;
        }
        for start in (0..value.len()).step_by(STRIDE) {
            // The last piece is as long as the others.
            let end = (start + PIECE).min(value.len());
            self.add_forms(&value[end - PIECE..end]);
        }
    }

    fn add_forms(&mut self, value: &[u8]) {
        if value.len() < SHORTEST {
            return;
        }
        let percent = percent_encoded(value);
        let form_field = String::from_utf8_lossy(&percent).replace("%20", "+").into_bytes();
        let mut forms = vec![value.to_vec(), lower_case_escapes(&percent), percent, form_field, json_escaped(value)];
        forms.push(json_escaped_for_html(value));
        forms.extend(QUOTES.map(|quotes| markup_escaped(value, &quotes)));
        for alignment in 0..3 {
            forms.push(base64_core(value, alignment, PLAIN));
            forms.push(base64_core(value, alignment, FOR_URLS));
        }
        if value.iter().all(u8::is_ascii_hexdigit) {
            forms.push(value.to_ascii_lowercase());
            forms.push(value.to_ascii_uppercase());
        }
        self.forms.extend(forms.into_iter().filter(|form| form.len() >= SHORTEST));
    }
}

/// The line before and after a key says only what stands between them.
fn is_armor(line: &[u8]) -> bool {
    (line.starts_with(b"-----BEGIN ") || line.starts_with(b"-----END ")) && line.ends_with(b"-----")
}

fn is_secret(group: &Group, name: &str) -> bool {
    if group.secrets.iter().any(|secret| secret == name) {
        return true;
    }
    let own = name.starts_with("ASSAY_") || name.starts_with("KUBERNETES_") || name.starts_with("LC_");
    let harmless = own || HARMLESS.contains(&name);
    !harmless && group.secret_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
}

/// The characters that depend on `value` alone when it stands `alignment` bytes
/// into a group of three: what surrounds it cannot change them.
fn base64_core(value: &[u8], alignment: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bytes: Vec<u8> = std::iter::repeat_n(0, alignment).chain(value.iter().copied()).collect();
    let first = (alignment * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    (first..last).map(|position| alphabet[six_bits(&bytes, position)]).collect()
}

fn six_bits(bytes: &[u8], position: usize) -> usize {
    let bit = position * 6;
    let pair = [bytes[bit / 8], bytes.get(bit / 8 + 1).copied().unwrap_or(0)];
    usize::from(u16::from_be_bytes(pair) >> (10 - bit % 8)) & 63
}

fn percent_encoded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in value {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// Some write `%2f` and not `%2F`.
fn lower_case_escapes(percent: &[u8]) -> Vec<u8> {
    let mut out = percent.to_vec();
    for at in 0..out.len().saturating_sub(2) {
        if percent[at] == b'%' {
            out[at + 1..at + 3].make_ascii_lowercase();
        }
    }
    out
}

fn json_escaped(value: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else { return Vec::new() };
    let quoted = serde_json::to_string(text).expect("a string is JSON");
    quoted.as_bytes()[1..quoted.len() - 1].to_vec()
}

/// As Go writes JSON.
fn json_escaped_for_html(value: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(&json_escaped(value)).into_owned();
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e").into_bytes()
}

/// As it stands in XML: test reports are read as what they mean.
fn markup_escaped(value: &[u8], [quotation, apostrophe]: &[&str; 2]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else { return Vec::new() };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', quotation).replace('\'', apostrophe).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(secrets: &[&str], prefixes: &[&str]) -> Group {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Group {
            container: "group-0".into(),
            secrets: owned(secrets),
            secret_prefixes: owned(prefixes),
            secret_files: vec![],
        }
    }

    fn of(value: &str) -> Secrets {
        Secrets::of(&group(&["S"], &[]), [("S".to_owned(), value.as_bytes().to_vec())].into_iter())
    }

    fn has(secrets: &Secrets, form: &str) -> bool {
        secrets.forms.contains(form.as_bytes())
    }

    #[test]
    fn every_form_is_known() {
        let secrets = of("p@ss\"word");
        // "p@ss\"word" alone, behind one byte and behind two bytes, without what the neighbours change.
        for form in ["p@ss\"word", "p%40ss%22word", "p@ss\\\"word", "p@ss&quot;word", "cEBzcyJ3b3Jk"] {
            assert!(has(&secrets, form), "{form}");
        }
        assert!("eHBAc3Mid29yZA==".contains("BAc3Mid29yZ") && has(&secrets, "BAc3Mid29yZ"));
    }

    #[test]
    fn markup_and_the_json_of_go_have_forms_of_their_own() {
        let secrets = of("a<b>&'\"c");
        for form in ["a&lt;b&gt;&amp;'\"c", "a&lt;b&gt;&amp;&#39;&quot;c", "a\\u003cb\\u003e\\u0026'\\\"c"] {
            assert!(has(&secrets, form), "{form}");
        }
    }

    #[test]
    fn addresses_and_wrapped_base64_have_forms_of_their_own() {
        let secrets = of("a/b c?d");
        for form in ["a%2Fb%20c%3Fd", "a%2fb%20c%3fd", "a%2Fb+c%3Fd"] {
            assert!(has(&secrets, form), "{form}");
        }
        let token: String = (0..150u8).map(|number| char::from(b'a' + number % 23)).collect();
        let patterns = super::super::mask::Patterns::new(of(&token).forms);
        for columns in [76, 64] {
            let encoded = base64_core(token.as_bytes(), 0, PLAIN);
            let wrapped: Vec<&[u8]> = encoded.chunks(columns).collect();
            let shown = patterns.masked_text(&String::from_utf8_lossy(&wrapped.join(&b'\n')));
            assert!(shown.split('\n').all(|line| line == "***"), "{shown}");
        }
    }

    #[test]
    fn lines_of_a_key_are_masked_one_by_one() {
        let secrets = of("-----BEGIN KEY-----\nMIIEvQIBADAN\n\nab\n-----END KEY-----\n");
        assert!(has(&secrets, "MIIEvQIBADAN"));
        assert!(!has(&secrets, "-----BEGIN KEY-----"));
    }

    #[test]
    fn short_values_are_named_and_prefixes_count() {
        assert_eq!(of("abc").warnings, ["the secret in S is shorter than 4 characters and is not masked"]);
        assert!(of(" \n").warnings.is_empty());
        let variables = [("DB_PASS", "hunter22"), ("PATH", "/usr/bin"), ("MODE", "release")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let secrets = Secrets::of(&group(&[], &["DB_"]), variables.into_iter());
        assert!(has(&secrets, "hunter22") && !has(&secrets, "/usr/bin") && !has(&secrets, "release"));
    }

    #[test]
    fn long_values_are_masked_from_end_to_end() {
        let line: String =
            (0..5000u32).map(|number| char::from(b'a' + u8::try_from(number * number % 26).expect("small"))).collect();
        let secrets = of(&line);
        let patterns = super::super::mask::Patterns::new(secrets.forms);
        assert_eq!(patterns.masked_text(&format!("<{line}>")), "<***>");
        let longest = of(&line).forms.iter().map(Vec::len).max().expect("forms");
        assert!(longest <= 3 * PIECE, "{longest}");
    }

    #[test]
    fn mounted_files_are_secrets_line_by_line() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("token"), "hunter22\n").expect("a file");
        let lines = format!("user: bob\nab\npassword: {}\n", "x".repeat(2000));
        std::fs::write(dir.path().join("conf"), lines).expect("a file");
        let secret_files = vec![dir.path().display().to_string()];
        let group = Group { secret_files, ..group(&[], &[]) };
        let secrets = Secrets::of(&group, std::iter::empty());
        assert!(has(&secrets, "hunter22") && has(&secrets, "user: bob") && !has(&secrets, "ab"));
        let patterns = super::super::mask::Patterns::new(secrets.forms);
        let shown = patterns.masked_text("aHVudGVyMjI= hunter22 ab");
        assert!(!shown.contains("hunter22") && !shown.contains("aHVudGVy") && shown.ends_with(" *** ab"), "{shown}");
    }
}
