//! Events of a log as text on a screen.

use std::collections::HashMap;
use std::io;

use assay_protocol::rest::LogEvent;
use jiff::Timestamp;

use crate::output::screen::{Screen, paint};
use crate::output::terminal::{Stripper, plain};

/// Step, attempt and stream: what is printed there belongs together.
type Lane = (String, u32, String);

/// How the runner announces a step.
const BEGINS: char = '▶';

/// A line of the runner: beginnings stand out, the rest stays in the background.
fn said(line: &str) -> String {
    if line.starts_with(BEGINS) { paint::bold(line) } else { paint::dim(line) }
}

/// Prints events; when another lane begins, it begins on a line of its own.
pub(crate) struct Printer {
    timestamps: bool,
    headings: bool,
    strippers: HashMap<Lane, Stripper>,
    current: Option<Lane>,
    step: Option<(String, u32)>,
    at_line_start: bool,
    names: HashMap<String, String>,
}

impl Printer {
    /// A printer; with `headings` each step is announced.
    pub(crate) fn new(timestamps: bool, headings: bool) -> Self {
        Self {
            timestamps,
            headings,
            strippers: HashMap::new(),
            current: None,
            step: None,
            at_line_start: true,
            names: HashMap::new(),
        }
    }

    /// What people call a step.
    pub(crate) fn name(&mut self, id: &str, name: &str) {
        self.names.insert(id.to_owned(), plain(name));
    }

    /// Prints one event.
    pub(crate) fn print(&mut self, event: &LogEvent, screen: &mut Screen) -> io::Result<()> {
        let lane = (event.step.clone(), event.attempt, event.stream.clone());
        if self.current.as_ref() != Some(&lane) {
            self.close_line(screen)?;
            self.heading(event, screen)?;
            self.current = Some(lane.clone());
        }
        let text = self.strippers.entry(lane).or_default().push(&event.text);
        let text = match event.stream.as_str() {
            "runner" => text.lines().map(|line| format!("{}\n", said(line))).collect(),
            "gap" => format!("{}\n", paint::yellow(&format!("assay: {}", plain(&text)))),
            _ => text,
        };
        self.write(&text, event.time, screen)
    }

    /// Ends the last line, and its colours.
    pub(crate) fn finish(&mut self, screen: &mut Screen) -> io::Result<()> {
        self.close_line(screen)?;
        screen.flush()
    }

    fn heading(&mut self, event: &LogEvent, screen: &mut Screen) -> io::Result<()> {
        let step = (event.step.clone(), event.attempt);
        if !self.headings || event.step.is_empty() || self.step.as_ref() == Some(&step) {
            return Ok(());
        }
        if event.stream == "runner" {
            // The runner's own line is the heading.
            if event.text.starts_with(BEGINS) {
                self.step = Some(step);
            }
            return Ok(());
        }
        let name = self.names.get(&event.step).cloned().unwrap_or_else(|| plain(&event.step));
        let attempt = if event.attempt > 1 { format!(", attempt {}", event.attempt) } else { String::new() };
        self.step = Some(step);
        screen.note(&paint::bold(&format!("── {name}{attempt}")))
    }

    fn close_line(&mut self, screen: &mut Screen) -> io::Result<()> {
        let Some(lane) = self.current.take() else { return Ok(()) };
        let end = self.strippers.get_mut(&lane).map_or("", Stripper::end);
        screen.data(end)?;
        if !self.at_line_start {
            screen.data("\n")?;
            self.at_line_start = true;
        }
        Ok(())
    }

    fn write(&mut self, text: &str, time: Timestamp, screen: &mut Screen) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if !self.timestamps {
            screen.data(text)?;
        } else {
            let mut out = String::with_capacity(text.len() + 64);
            for line in text.split_inclusive('\n') {
                if self.at_line_start {
                    out.push_str(&format!("{time:.3} "));
                }
                out.push_str(line);
                self.at_line_start = line.ends_with('\n');
            }
            screen.data(&out)?;
        }
        self.at_line_start = text.ends_with('\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(step: &str, attempt: u32, stream: &str, text: &str) -> LogEvent {
        let time = Timestamp::UNIX_EPOCH;
        LogEvent { step: step.into(), attempt, stream: stream.into(), time, text: text.into() }
    }

    #[test]
    fn lanes_do_not_run_into_each_other() {
        let (mut screen, data, notes) = Screen::memory();
        let mut printer = Printer::new(false, true);
        printer.name("py", "pytest\x1b]0;evil\x07");
        for event in [
            event("py", 1, "stdout", "half"),
            event("py", 1, "stderr", "\x1b[31moops"),
            event("py", 1, "stdout", " other half\n"),
            event("py", 2, "stdout", "again\n"),
        ] {
            printer.print(&event, &mut screen).expect("memory");
        }
        printer.finish(&mut screen).expect("memory");
        assert_eq!(data.text(), "half\n\x1b[31moops\x1b[0m\n other half\nagain\n");
        assert_eq!(notes.text(), "\x1b[1m── pytest\x1b[0m\n\x1b[1m── pytest, attempt 2\x1b[0m\n");
    }

    #[test]
    fn the_runner_announces_steps_and_is_not_announced_itself() {
        let (mut screen, data, notes) = Screen::memory();
        let mut printer = Printer::new(false, true);
        for event in [
            event("py", 1, "runner", "▶ step \"pytest\": pytest\n"),
            event("py", 1, "stdout", "▶ out\n"),
            event("py", 1, "runner", "✔ step \"pytest\" passed\n"),
        ] {
            printer.print(&event, &mut screen).expect("memory");
        }
        let bold = "\x1b[1m▶ step \"pytest\": pytest\x1b[0m";
        assert_eq!(data.text(), format!("{bold}\n▶ out\n\x1b[2m✔ step \"pytest\" passed\x1b[0m\n"));
        assert_eq!(notes.text(), "");
    }

    #[test]
    fn times_stand_before_lines() {
        let (mut screen, data, _) = Screen::memory();
        let mut printer = Printer::new(true, false);
        for text in ["a\nb", "c\n"] {
            printer.print(&event("s", 1, "stdout", text), &mut screen).expect("memory");
        }
        assert_eq!(data.text(), "1970-01-01T00:00:00.000Z a\n1970-01-01T00:00:00.000Z bc\n");
    }
}
