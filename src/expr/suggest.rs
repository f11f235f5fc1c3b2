//! "Did you mean": the known name that is closest to a mistyped one.

/// The name with the smallest edit distance to `name`, if it is close enough
/// to be a likely slip: at most a third of the letters, and at least two edits
/// are forgiven in names of four letters or more. The first of equals wins.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let limit = if length < 4 { 1 } else { (length / 3).max(2) };
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let edits = distance(&name.to_lowercase(), &candidate.to_lowercase());
        if edits <= limit && best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap of neighbours) between two texts.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(200).collect(), b.chars().take(200).collect());
    let width = b.len() + 1;
    let mut table = vec![0usize; (a.len() + 1) * width];
    let at = |row: usize, column: usize| row * width + column;
    for row in 0..=a.len() {
        table[at(row, 0)] = row;
    }
    for column in 0..=b.len() {
        table[at(0, column)] = column;
    }
    for row in 1..=a.len() {
        for column in 1..=b.len() {
            let replace = table[at(row - 1, column - 1)] + usize::from(a[row - 1] != b[column - 1]);
            let mut edits = replace.min(table[at(row - 1, column)] + 1).min(table[at(row, column - 1)] + 1);
            if row > 1 && column > 1 && a[row - 1] == b[column - 2] && a[row - 2] == b[column - 1] {
                edits = edits.min(table[at(row - 2, column - 2)] + 1);
            }
            table[at(row, column)] = edits;
        }
    }
    table[at(a.len(), b.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_offered_and_a_far_one_is_not() {
        let known = ["config.url", "config.user", "execution.name"];
        for (name, expected) in [
            ("config.ulr", Some("config.url")),
            ("config.urls", Some("config.url")),
            ("Config.User", Some("config.user")),
            ("exection.name", Some("execution.name")),
            ("step.name.of.something", None),
            ("", None),
        ] {
            assert_eq!(closest(name, known), expected, "{name}");
        }
        assert_eq!(closest("ulr", ["url"]), Some("url"));
        assert_eq!(closest("abc", ["xyz"]), None);
    }
}
