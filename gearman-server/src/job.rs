use std::time::Duration;

use bytes::Bytes;
use gearman_proto::{JobHandle, Priority, Progress, ReducerName, UniqueId};

use crate::connection::Grab;
use crate::ids::{ConnectionId, FunctionId};

/// A job from its submission to its end.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) handle: JobHandle,
    pub(crate) function: FunctionId,
    pub(crate) unique: Option<UniqueId>,
    pub(crate) reducer: Option<ReducerName>,
    pub(crate) workload: Bytes,
    pub(crate) priority: Priority,
    /// Whether the job was submitted in the background.
    pub(crate) background: bool,
    /// The connections that wait for it, once for each foreground submission: so often each packet is sent.
    pub(crate) subscribers: Vec<ConnectionId>,
    /// Nobody wants it any longer: its last client left, or it was cancelled. It is deleted when a worker
    /// would get it, so that nothing ever has to be searched for in a queue.
    pub(crate) abandoned: bool,
    /// How often a worker has lost it.
    pub(crate) retries: u8,
    pub(crate) done: Done,
    pub(crate) place: Place,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the level of its function.
    Queued,
    /// Until its time comes.
    Waiting {
        /// Since 1970.
        until: Duration,
    },
    /// With a worker.
    Running {
        worker: ConnectionId,
        grab: Grab,
        /// When it is taken away, if the worker registered with a time limit.
        deadline: Option<Duration>,
    },
}

impl Place {
    pub(crate) const fn is_running(self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

/// How far a job is, as gearmand understands what the worker told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Done {
    numerator: u32,
    denominator: u32,
}

impl Done {
    /// Reads both numbers as C's `atoi` does. Of the denominator gearmand reads ten bytes.
    pub(crate) fn read(progress: &Progress) -> Self {
        let denominator = progress.denominator.as_bytes();
        Self {
            numerator: as_c_reads_it(progress.numerator.as_bytes()),
            denominator: as_c_reads_it(denominator.get(..10).unwrap_or(denominator)),
        }
    }

    pub(crate) fn progress(self) -> Progress {
        Progress::new(self.numerator, self.denominator)
    }
}

/// Leading digits count, anything else is 0; what does not fit wraps, and -1 is 4294967295.
fn as_c_reads_it(text: &[u8]) -> u32 {
    let (digits, sign) = match text.trim_ascii_start() {
        [b'-', digits @ ..] => (digits, -1),
        [b'+', digits @ ..] => (digits, 1),
        digits => (digits, 1),
    };
    let value =
        digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0_i64, |value, digit| {
                value
                    .saturating_mul(10)
                    .saturating_add(sign * i64::from(digit - b'0'))
            });
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_numbers_are_read_as_c_does() {
        for (text, number) in [
            ("7", 7),
            (" +7x", 7),
            ("", 0),
            ("many", 0),
            ("2.5", 2),
            ("-1", u32::MAX),
            ("4294967296", 0),
            ("9999999999", 1_410_065_407),
            ("99999999999999999999", u32::MAX),
        ] {
            assert_eq!(as_c_reads_it(text.as_bytes()), number, "{text:?}");
        }
    }
}
