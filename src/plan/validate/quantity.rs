//! The notation of Kubernetes quantities.

const SUFFIXES: [&str; 16] = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Whether the text is a number that Kubernetes takes as an amount and that is not negative.
pub(super) fn is_quantity(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    let digits = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let (mantissa, suffix) = number.split_at(digits);
    let is_number = mantissa.contains(|c: char| c.is_ascii_digit()) && mantissa.matches('.').count() <= 1;
    is_number && (SUFFIXES.contains(&suffix) || is_exponent(suffix))
}

fn is_exponent(suffix: &str) -> bool {
    let Some(exponent) = suffix.strip_prefix(['e', 'E']) else { return false };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_from_the_rest() {
        for right in ["0", "1", "250m", "1.5", ".5", "1.", "512Mi", "1e3", "2E-3", "+1", "1E"] {
            assert!(is_quantity(right), "{right}");
        }
        for wrong in ["", "m", "1mb", "512MB", "1 Gi", "-1", "1..2", "1e", "Mi", "."] {
            assert!(!is_quantity(wrong), "{wrong}");
        }
    }
}
