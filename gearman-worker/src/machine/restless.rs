/// After so many wake-ups without a job it is asked whether the server lets us sleep at all. In a fleet
/// that is told of each job and of which one worker wins, runs of dozens are normal.
const DOUBT: u8 = 8;

/// Levels of back-off: each doubles the wait.
const HIGHEST: u8 = 6;

/// Whether the server wakes us for nothing.
///
/// Empty wake-ups are normal. The fault is a server that answers PRE_SLEEP by NOOP at once and the grab by
/// NO_JOB, round and round (gearmand does it while a job waits for its time before a runnable one of lower
/// priority). An echo behind PRE_SLEEP tells the two apart without a clock: if the NOOP comes before it,
/// the server has not let us sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Restless {
    /// Wake-ups since the last job, up to [`DOUBT`].
    wake_ups: u8,
    /// How often in a row the server has not let us sleep.
    level: u8,
    /// The next sleep is to be waited for.
    pause_due: bool,
}

impl Restless {
    /// NOOP has come; `at_once`: before the echo that was sent behind PRE_SLEEP.
    pub(super) fn woken(&mut self, at_once: bool) {
        self.wake_ups = (self.wake_ups + 1).min(DOUBT);
        if at_once {
            self.level = (self.level + 1).min(HIGHEST);
            self.pause_due = true;
        }
    }

    /// A job has come, or the server has let us sleep.
    pub(super) fn calm(&mut self) {
        *self = Self::default();
    }

    /// Whether an echo is to be sent behind PRE_SLEEP.
    pub(super) const fn doubts(self) -> bool {
        self.wake_ups >= DOUBT
    }

    /// The level of the wait that is due before the next PRE_SLEEP, if one is.
    pub(super) const fn pause(self) -> Option<u8> {
        if self.pause_due {
            Some(self.level)
        } else {
            None
        }
    }

    pub(super) const fn paused(&mut self) {
        self.pause_due = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wake_ups_without_a_job_are_no_fault_while_the_server_lets_us_sleep() {
        let mut restless = Restless::default();
        for _ in 0..100 {
            restless.woken(false);
            assert_eq!(restless.pause(), None);
        }
        assert!(restless.doubts());
        restless.calm();
        assert!(!restless.doubts());
    }

    #[test]
    fn each_refusal_to_let_us_sleep_is_paused_for_longer_and_once() {
        let mut restless = Restless::default();
        for level in 1..=10 {
            restless.woken(true);
            assert_eq!(restless.pause(), Some(level.min(HIGHEST)));
            restless.paused();
            assert_eq!(restless.pause(), None);
        }
    }
}
