use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The time since 1970, which never goes back: it was looked up once, and has been counted since.
///
/// It counts tokio's time, which tests can pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    start_since_1970: Duration,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            start_since_1970: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        }
    }

    pub(super) fn now(self) -> Duration {
        self.start_since_1970 + self.start.elapsed()
    }

    /// Waits for a time since 1970; for ever, if there is none or it is too far away to be counted.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn sleep_until(self, time: Option<Duration>) {
        let instant = time
            .map(|time| time.saturating_sub(self.start_since_1970))
            .and_then(|duration| self.start.checked_add(duration));
        match instant {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => std::future::pending().await,
        }
    }
}
