use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::machine::Timer;

/// All that leaving may take once jobs are handed back: whoever stops in the middle of a task wants to
/// be gone.
const LEAVE: Duration = Duration::from_millis(250);

/// How long a worker stays awake whose server does not let it sleep: long enough to cost nothing, short
/// enough not to miss much.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The clock of a machine: says when the timer that runs has run out.
///
/// The alarm is not set anew for each byte that moves. It goes off where it was set, sees that there is
/// time left, and is set again.
pub(crate) struct Watchdog {
    spans: Spans,
    timer: Option<Timer>,
    since: Instant,
    alarm: Pin<Box<Sleep>>,
}

/// How long the timers run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spans {
    pub(crate) read_limit: Duration,
    pub(crate) safety_poll: Duration,
}

impl Watchdog {
    pub(crate) fn new(spans: Spans) -> Self {
        let now = Instant::now();
        Self {
            spans,
            timer: None,
            since: now,
            alarm: Box::pin(sleep_until(now)),
        }
    }

    /// This timer runs now; one that ran already goes on.
    pub(crate) fn watch(&mut self, timer: Option<Timer>) {
        if self.timer != timer {
            self.timer = timer;
            self.since = Instant::now();
        }
    }

    /// Bytes have moved. Leaving has all its time from the start: a server that dribbles does not
    /// prolong it.
    pub(crate) fn moved(&mut self) {
        if self.timer != Some(Timer::Leave) {
            self.since = Instant::now();
        }
    }

    /// Waits until the timer has run out; for ever where none runs.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(crate) async fn fired(&mut self) -> Timer {
        let Some(timer) = self.timer else {
            return pending().await;
        };
        let deadline = self.since + self.span(timer);
        loop {
            if Instant::now() >= deadline {
                self.since = deadline;
                return timer;
            }
            if self.alarm.is_elapsed() || self.alarm.deadline() > deadline {
                self.alarm.as_mut().reset(deadline);
            }
            self.alarm.as_mut().await;
        }
    }

    fn span(&self, timer: Timer) -> Duration {
        match timer {
            Timer::ReadLimit => self.spans.read_limit,
            Timer::SafetyPoll => self.spans.safety_poll,
            Timer::BackOff(level) => {
                (FIRST_PAUSE * (1 << level.saturating_sub(1))).min(LONGEST_PAUSE)
            }
            Timer::Leave => LEAVE,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    fn watchdog() -> Watchdog {
        let spans = Spans {
            read_limit: Duration::from_secs(10),
            safety_poll: Duration::from_secs(60),
        };
        Watchdog::new(spans)
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_counts_from_the_last_byte_that_moved() {
        let mut watchdog = watchdog();
        watchdog.watch(Some(Timer::ReadLimit));
        for _ in 0..5 {
            assert!(
                timeout(Duration::from_secs(9), watchdog.fired())
                    .await
                    .is_err()
            );
            watchdog.moved();
        }
        let began = Instant::now();
        assert_eq!(watchdog.fired().await, Timer::ReadLimit);
        assert_eq!(began.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_timer_is_not_kept_waiting_by_a_longer_one() {
        let mut watchdog = watchdog();
        watchdog.watch(Some(Timer::SafetyPoll));
        assert!(
            timeout(Duration::from_secs(1), watchdog.fired())
                .await
                .is_err()
        );
        watchdog.watch(Some(Timer::ReadLimit));
        let began = Instant::now();
        assert_eq!(watchdog.fired().await, Timer::ReadLimit);
        assert_eq!(began.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn leaving_is_not_prolonged_by_a_server_that_dribbles() {
        let mut watchdog = watchdog();
        watchdog.watch(Some(Timer::Leave));
        advance(Duration::from_millis(200)).await;
        watchdog.moved();
        let began = Instant::now();
        watchdog.fired().await;
        assert!(began.elapsed() <= Duration::from_millis(51));
    }
}
