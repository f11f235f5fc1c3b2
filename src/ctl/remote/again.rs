//! A server that is away for a moment, as it is while the manager is replaced.

use std::time::Duration;

use tokio::time::Instant;

use crate::output::screen::Screen;
use crate::remote::server::RemoteError;

/// How long it may be away: a manager ends and another one begins within this time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks again as long as nobody gets through to the server, and says so once. For what only reads.
///
/// # Errors
/// When the answer is another one, or the server stays away.
pub(crate) async fn again<T>(
    screen: &mut Screen,
    ask: impl AsyncFnMut() -> Result<T, RemoteError>,
) -> Result<T, RemoteError> {
    Patience::default().ask(screen, ask).await
}

/// The same for several questions: where the server stays away, only the first of them is asked again.
#[derive(Default)]
pub(crate) struct Patience {
    until: Option<Instant>,
}

impl Patience {
    /// Asks, and asks again.
    ///
    /// # Errors
    /// As [`again`].
    pub(crate) async fn ask<T>(
        &mut self,
        screen: &mut Screen,
        mut ask: impl AsyncFnMut() -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        loop {
            let error = match ask().await {
                Err(error @ RemoteError::Away(_)) => error,
                other => {
                    self.until = None;
                    return other;
                }
            };
            if self.until.is_none() {
                // Whether somebody reads that changes nothing.
                let _ = screen.note(&format!("waiting: {}", assay_telemetry::error_chain(&error)));
            }
            if Instant::now() >= *self.until.get_or_insert_with(|| Instant::now() + PATIENCE) {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a question ends whose first answers are these, how often it was asked, and what was said meanwhile.
    async fn asked(answers: impl IntoIterator<Item = RemoteError>) -> (Result<(), RemoteError>, usize, String) {
        let (mut screen, _, notes) = Screen::memory();
        let (mut answers, mut count) = (answers.into_iter(), 0);
        let ask = async || {
            count += 1;
            answers.next().map_or(Ok(()), Err)
        };
        let end = again(&mut screen, ask).await;
        (end, count, notes.text())
    }

    fn away() -> RemoteError {
        RemoteError::Away("no endpoints available for service \"assay\"".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_replaced_is_waited_for_and_one_that_stays_away_is_not() {
        let (end, count, notes) = asked([away(), away()]).await;
        assert!(end.is_ok());
        assert_eq!((count, notes.lines().count()), (3, 1));
        assert!(notes.starts_with("waiting: ") && notes.contains("no endpoints"), "{notes}");
        let (end, count, notes) = asked(std::iter::repeat_with(away)).await;
        assert!(matches!(end, Err(RemoteError::Away(_))));
        assert!(count > 2);
        assert_eq!(notes.lines().count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_first_of_many_questions_waits_for_a_server_that_stays_away() {
        let ((mut screen, _, _), mut patience) = (Screen::memory(), Patience::default());
        for waits in [true, false, false] {
            let mut count = 0;
            let ask = async || {
                count += 1;
                Err::<(), _>(away())
            };
            assert!(patience.ask(&mut screen, ask).await.is_err());
            assert_eq!(count > 1, waits);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_says_is_not_asked_again() {
        let refused = || RemoteError::Refused("no".to_owned());
        let absent = || RemoteError::Absent("unknown".to_owned());
        for answer in [refused(), absent()] {
            let (end, count, notes) = asked([answer]).await;
            assert!(end.is_err());
            assert_eq!((count, notes.as_str()), (1, ""));
        }
    }
}
