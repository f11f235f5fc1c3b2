//! Waiting for the end, with a view of how far it is.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use assay_api::{TestExecution, TestExecutionStatus};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::remote::session::Session;
use crate::stay::patience::Patience;
use crate::stay::view::{Seen, changes, tree};
use crate::stay::watched::{Watched, is_final, paused_hint};

const TICK: Duration = Duration::from_millis(120);

/// Waits for the end.
///
/// # Errors
/// As [`Watched::next`], and when whoever waits does so no longer.
pub(crate) async fn wait(
    session: &Session,
    name: &str,
    patience: &mut Patience,
    screen: &mut Screen,
) -> Result<TestExecution, Failure> {
    let mut watched = Watched::new(session, name);
    let mut view = View::new(name, screen.colourful_notes());
    let mut tick = tokio::time::interval(TICK);
    let mut held = None;
    let end = loop {
        tokio::select! {
            state = watched.next() => match state {
                Ok(state) if is_final(&state) => break Ok(state),
                Ok(state) => {
                    let status = state.status.unwrap_or_default();
                    let hint = paused_hint(&session.namespace, name, &status);
                    let is_new = hint.is_some() && hint != held;
                    held.clone_from(&hint);
                    view.learn(status, screen)?;
                    if let Some(hint) = hint.filter(|_| is_new) {
                        view.beside(|| screen.note(&hint))?;
                    }
                }
                Err(failure) => break Err(failure),
            },
            disturbance = patience.next() => {
                let answer = view.beside(|| patience.answer(disturbance, screen));
                if let Err(failure) = answer {
                    break Err(failure);
                }
            }
            _ = tick.tick() => view.draw(),
        }
    };
    view.clear();
    end
}

/// The view: bars on a terminal, lines elsewhere.
struct View {
    name: String,
    bars: Option<Bars>,
    status: Option<TestExecutionStatus>,
}

struct Bars {
    screen: MultiProgress,
    lines: Vec<ProgressBar>,
    seen: Seen,
    colours: bool,
}

impl View {
    fn new(name: &str, colours: bool) -> Self {
        let plain = std::env::var_os("CI").is_some() || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let bars = (std::io::stderr().is_terminal() && !plain).then(|| Bars {
            screen: MultiProgress::new(),
            lines: Vec::new(),
            seen: Seen::new(Instant::now()),
            colours,
        });
        Self { name: name.to_owned(), bars, status: None }
    }

    fn learn(&mut self, status: TestExecutionStatus, screen: &mut Screen) -> Result<(), Failure> {
        if let Some(bars) = &mut self.bars {
            bars.seen.look(&status, Instant::now());
        } else {
            for line in changes(&self.name, self.status.as_ref(), &status) {
                screen.note(&line)?;
            }
        }
        self.status = Some(status);
        Ok(())
    }

    fn draw(&mut self) {
        let Some(bars) = &mut self.bars else { return };
        let status = self.status.clone().unwrap_or_default();
        let lines = tree(&self.name, &status, &bars.seen, Instant::now());
        while bars.lines.len() < lines.len() {
            let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            bars.lines.push(bars.screen.add(ProgressBar::new_spinner().with_style(style)));
        }
        for gone in bars.lines.drain(lines.len()..) {
            gone.finish_and_clear();
            bars.screen.remove(&gone);
        }
        for (bar, line) in bars.lines.iter().zip(lines) {
            let bare = || anstream::adapter::strip_str(&line).to_string();
            bar.set_message(if bars.colours { line.clone() } else { bare() });
            bar.tick();
        }
    }

    /// Says something while the bars stand aside.
    fn beside<T>(&self, say: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.screen.suspend(say),
            None => say(),
        }
    }

    fn clear(&mut self) {
        if let Some(bars) = &mut self.bars {
            bars.lines.drain(..).for_each(|line| line.finish_and_clear());
            // A terminal that cannot be cleared shows a little more.
            let _ = bars.screen.clear();
        }
    }
}
