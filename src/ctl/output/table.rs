//! Tables as kubectl prints them: columns three spaces apart, no lines.

use crate::output::screen::paint;

/// One cell: its text, and how it is painted.
pub(crate) struct Cell {
    text: String,
    paint: Option<fn(&str) -> String>,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), paint: None }
    }
}

impl Cell {
    /// Something that waits for somebody.
    pub(crate) fn attention(word: &str) -> Self {
        Self { text: word.to_owned(), paint: Some(paint::yellow) }
    }

    /// Something that went well.
    pub(crate) fn good(word: &str) -> Self {
        Self { text: word.to_owned(), paint: Some(paint::green) }
    }

    /// Something that went wrong.
    pub(crate) fn bad(word: &str) -> Self {
        Self { text: word.to_owned(), paint: Some(paint::red) }
    }

    /// A verdict or step state, in its colour.
    pub(crate) fn outcome(word: &str) -> Self {
        let paint: Option<fn(&str) -> String> = match word {
            "passed" => Some(paint::green),
            "failed" | "errored" | "timedOut" => Some(paint::red),
            "flaky" | "cancelled" | "paused" => Some(paint::yellow),
            "skipped" | "waiting" => Some(paint::dim),
            _ => None,
        };
        Self { text: word.to_owned(), paint }
    }
}

/// The table, with a newline after each row.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<Cell>>) -> String {
    let head: Vec<Cell> = head.iter().map(|title| Cell::from(*title)).collect();
    let all: Vec<Vec<Cell>> = std::iter::once(head).chain(rows).collect();
    let columns = all.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &all {
        for (column, cell) in row.iter().enumerate() {
            let painted = cell.paint.map_or_else(|| cell.text.clone(), |paint| paint(&cell.text));
            out.push_str(&painted);
            if column + 1 < row.len() {
                let gap = widths[column] + 3 - cell.text.chars().count();
                out.extend(std::iter::repeat_n(' ', gap));
            }
        }
        // Cells at the end that are empty leave no blanks behind.
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_their_colour() {
        let rows = vec![
            vec!["a".into(), Cell::outcome("passed"), "1".into()],
            vec!["longer-name".into(), Cell::outcome("running"), "22".into()],
        ];
        let text = table(&["NAME", "VERDICT", "AGE"], rows);
        let plain = text.replace("\x1b[32m", "").replace("\x1b[0m", "");
        assert_eq!(plain, "NAME          VERDICT   AGE\na             passed    1\nlonger-name   running   22\n");
        assert!(text.contains("\x1b[32mpassed\x1b[0m"));
    }
}
