//! Where words go: data to standard output, progress and hints to standard error.

use std::io::{self, Write};

use anstream::ColorChoice;

/// Both outputs.
pub(crate) struct Screen {
    data: Box<dyn Write>,
    notes: Box<dyn Write>,
    colourful_notes: bool,
}

impl Screen {
    /// The process's own outputs; colours only where somebody sees them.
    pub(crate) fn standard(choice: ColorChoice) -> Self {
        choice.write_global();
        let colourful_notes = anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        Self { data: Box::new(anstream::stdout()), notes: Box::new(anstream::stderr()), colourful_notes }
    }

    /// Whether somebody sees the colours of notes.
    pub(crate) fn colourful_notes(&self) -> bool {
        self.colourful_notes
    }

    /// Data, as it is.
    pub(crate) fn data(&mut self, text: &str) -> io::Result<()> {
        self.data.write_all(text.as_bytes())?;
        self.data.flush()
    }

    /// One line of data.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.data.write_all(text.as_bytes())?;
        self.data.write_all(b"\n")
    }

    /// One line for the person in front of it.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.notes, "{text}")?;
        self.notes.flush()
    }

    /// Nothing stays behind.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }

    /// Outputs in memory.
    #[cfg(test)]
    pub(crate) fn memory() -> (Self, Page, Page) {
        let (data, notes) = (Page::default(), Page::default());
        (Self { data: Box::new(data.clone()), notes: Box::new(notes.clone()), colourful_notes: true }, data, notes)
    }
}

/// What was written, for tests.
#[cfg(test)]
#[derive(Clone, Default)]
pub(crate) struct Page(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

#[cfg(test)]
impl Page {
    /// The text so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

#[cfg(test)]
impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Words in colour; [`Screen`] drops the colour where nobody sees it.
pub(crate) mod paint {
    /// Good.
    pub(crate) fn green(text: &str) -> String {
        format!("\x1b[32m{text}\x1b[0m")
    }

    /// Bad.
    pub(crate) fn red(text: &str) -> String {
        format!("\x1b[31m{text}\x1b[0m")
    }

    /// Worth a look.
    pub(crate) fn yellow(text: &str) -> String {
        format!("\x1b[33m{text}\x1b[0m")
    }

    /// In the background.
    pub(crate) fn dim(text: &str) -> String {
        format!("\x1b[2m{text}\x1b[0m")
    }

    /// In the foreground.
    pub(crate) fn bold(text: &str) -> String {
        format!("\x1b[1m{text}\x1b[0m")
    }
}
