use std::fmt;
use std::time::Duration;

use gearman_proto::JobHandle;

/// Why a worker stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// The future given to `run_until` was ready, or `run` was dropped.
    Trigger,
    /// [`WorkerHandle::drain`](crate::WorkerHandle::drain) or
    /// [`WorkerHandle::cancel`](crate::WorkerHandle::cancel).
    Handle,
    /// SIGTERM or SIGHUP.
    Terminated,
    /// SIGINT (Ctrl-C): in the middle of the task.
    Interrupted,
    /// `terminate` through the job server.
    Control,
    /// It had run as many jobs, or for as long, as the builder allowed.
    Recycled,
}

/// How a worker stopped and what it did in its life.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StopReport {
    /// Why it stopped.
    pub reason: StopReason,
    /// Jobs that ended well, and the server has proven to have read it.
    pub completed: u64,
    /// Jobs that failed, and the server has proven to have read it.
    pub failed: u64,
    /// Jobs that were handed back to the server in mid task; it gives them to other workers. Empty unless
    /// the worker was cancelled.
    pub abandoned: Vec<JobHandle>,
    /// Jobs that ended, but nothing proves that the server has read how: the connection broke.
    pub undelivered: u64,
    /// Whether the limit of the drain passed before all jobs had ended.
    pub overdue: bool,
    /// From the word to stop to the end.
    pub elapsed: Duration,
}

impl StopReport {
    /// What a process should exit with: 130 when it was stopped in the middle by SIGINT, else 0.
    pub const fn exit_code(&self) -> u8 {
        match self.reason {
            StopReason::Interrupted => 130,
            _ => 0,
        }
    }
}

impl fmt::Display for StopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            completed,
            failed,
            abandoned,
            undelivered,
            elapsed,
            ..
        } = self;
        write!(
            f,
            "{completed} completed, {failed} failed, {} abandoned, ",
            abandoned.len()
        )?;
        write!(f, "{undelivered} undelivered; stopped within {elapsed:.1?}")
    }
}
