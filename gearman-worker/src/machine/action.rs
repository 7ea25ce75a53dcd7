use std::ops::AddAssign;

use gearman_proto::{Assignment, FunctionName, JobHandle, Outcome, Request, ServerError};

/// Our own name for a job: a counter over the connection's life. The server's handles begin again when
/// it restarts, and it can hand out one of them twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(u64);

impl JobId {
    pub(super) const FIRST: Self = Self(1);

    pub(super) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// What the worker was told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Order {
    /// Run jobs.
    Work,
    /// Finish the jobs that are held, take no others, stay.
    Quiet,
    /// Finish the jobs that are held, take no others, leave.
    Drain,
    /// Hand the jobs that are held back to the server and leave.
    Cancel,
}

/// What a [`Machine`](super::Machine) wants to be done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Write this packet, after those before it.
    Send(Request),
    /// The server has answered the greeting: jobs can come.
    Up,
    /// Run this job.
    StartJob(JobId, Assignment),
    /// The connection that the job came through is gone, and the server gives the job to somebody else.
    /// Tell its handler; its slot is free when it returns.
    Orphaned(JobId),
    /// The job is handed back to the server. Stop its handler; nothing is waited for.
    Abandoned(JobId, JobHandle),
    /// One slot is wanted: answer with `slot_granted`, now or later, first come first served.
    WantSlot,
    /// So many slots are no longer needed.
    ReleaseSlots(usize),
    /// The server has read these outcomes.
    Confirmed(Tally),
    /// These outcomes were not sent, or nothing proves that the server has read them.
    Undelivered(Tally),
    /// The server refused something that we sent earlier.
    Refused(ServerError),
    /// No job of this function will come any more.
    Removed(FunctionName),
    /// Close the stream and say `disconnected`; nothing that is still queued matters.
    Close,
}

/// Outcomes of jobs, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a job completes or fails")]
pub struct Tally {
    /// WORK_COMPLETE.
    pub completed: u64,
    /// WORK_FAIL and WORK_EXCEPTION.
    pub failed: u64,
}

impl Tally {
    /// One outcome.
    pub const fn of(outcome: &Outcome) -> Self {
        if outcome.is_complete() {
            Self {
                completed: 1,
                failed: 0,
            }
        } else {
            Self {
                completed: 0,
                failed: 1,
            }
        }
    }

    /// Both together.
    pub const fn total(self) -> u64 {
        self.completed + self.failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.completed += other.completed;
        self.failed += other.failed;
    }
}

/// A time that the driver measures, counted from the last byte that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timer {
    /// The server owes us an answer.
    ReadLimit,
    /// Nothing is owed: look for jobs that we were not told of, and whether the server is there at all.
    SafetyPoll,
    /// The server does not let us sleep: wait, the longer the higher the level (from 1), before the next try.
    BackOff(u8),
    /// All that leaving may take once jobs are handed back; counted from when it began.
    Leave,
}

/// The server does not keep to the protocol, or is mute: close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A job that no grab asked for, or one before an answer that was due.
    #[error("the server assigned a job that was not asked for")]
    UnaskedJob,
    /// As above.
    #[error("the server said NO_JOB to no grab")]
    UnaskedNoJob,
    /// As above.
    #[error("the server echoed what was not sent")]
    UnaskedEcho,
    /// It can be neither run nor failed, since it is not known which it is.
    #[error("the server assigned a job that can't be read")]
    UnreadableJob,
    /// No byte within the limit.
    #[error("the server has been silent for too long")]
    Silence,
}
