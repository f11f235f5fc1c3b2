//! How long somebody waits: until the end, until their time is up, or until
//! they press Ctrl-C twice. The execution goes on in any case.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::program::called;

/// What ends, or disturbs, a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disturbance {
    /// Ctrl-C.
    Interrupt,
    /// The time is up.
    TimeUp,
}

/// Somebody who waits.
pub(crate) struct Patience {
    interrupts: mpsc::Receiver<()>,
    until: Option<Instant>,
    timeout: Duration,
    asked: bool,
    cancel: String,
    name: String,
}

impl Patience {
    /// Waits for an execution, at most for a time.
    pub(crate) fn new(namespace: &str, name: &str, timeout: Option<Duration>) -> Self {
        let (sender, interrupts) = mpsc::channel(4);
        tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && sender.send(()).await.is_ok() {} });
        Self::with(interrupts, namespace, name, timeout)
    }

    fn with(interrupts: mpsc::Receiver<()>, namespace: &str, name: &str, timeout: Option<Duration>) -> Self {
        // A time beyond what the clock can say is no limit.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let cancel = format!("{} -n {namespace} cancel {name}", called());
        Self { interrupts, until, timeout: timeout.unwrap_or_default(), asked: false, cancel, name: name.to_owned() }
    }

    /// The next disturbance. May be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Disturbance {
        let until = self.until;
        let time_up = async {
            match until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(()) = self.interrupts.recv() => Disturbance::Interrupt,
            () = time_up => Disturbance::TimeUp,
        }
    }

    /// Says what a disturbance means.
    ///
    /// # Errors
    /// When the wait is over.
    pub(crate) fn answer(&mut self, disturbance: Disturbance, screen: &mut Screen) -> Result<(), Failure> {
        match disturbance {
            Disturbance::Interrupt if self.asked => Err(Failure::silent(exit::INTERRUPTED)),
            Disturbance::Interrupt => {
                self.asked = true;
                screen.note(&format!("{} goes on in the cluster. Cancel it: {}", self.name, self.cancel))?;
                screen.note("Ctrl-C again leaves.")?;
                Ok(())
            }
            Disturbance::TimeUp => {
                let message = format!("{} did not end within {:?}; it goes on in the cluster", self.name, self.timeout);
                Err(Failure::timed_out(message).hint(format!("cancel it: {}", self.cancel)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_interrupt_informs_and_the_second_leaves() {
        let (sender, receiver) = mpsc::channel(4);
        let mut patience = Patience::with(receiver, "ns", "first-1", None);
        let (mut screen, _, notes) = Screen::memory();
        for _ in 0..2 {
            sender.send(()).await.expect("a listener");
        }
        let first = patience.next().await;
        patience.answer(first, &mut screen).expect("goes on");
        assert!(notes.text().contains("assay -n ns cancel first-1"), "{}", notes.text());
        let second = patience.next().await;
        assert_eq!(patience.answer(second, &mut screen).expect_err("leaves").code, exit::INTERRUPTED);
    }

    #[tokio::test]
    async fn time_runs_out() {
        let (_sender, receiver) = mpsc::channel(4);
        let mut patience = Patience::with(receiver, "ns", "first-1", Some(Duration::from_millis(1)));
        let (mut screen, _, _) = Screen::memory();
        let disturbance = patience.next().await;
        assert_eq!(disturbance, Disturbance::TimeUp);
        let failure = patience.answer(disturbance, &mut screen).expect_err("leaves");
        assert_eq!(failure.code, exit::TIMED_OUT);
        assert!(failure.message.contains("1ms") && failure.hint.is_some_and(|hint| hint.contains("cancel first-1")));
    }
}
