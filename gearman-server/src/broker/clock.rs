//! What happens by itself: epoch jobs fall due, and time limits run out.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Broker;
use crate::ids::JobId;
use crate::job::Place;

/// The times at which something happens to a job. A job has one at most: it waits, or it runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms(BTreeSet<(Duration, JobId)>);

impl Alarms {
    pub(super) fn set(&mut self, at: Duration, job: JobId) {
        self.0.insert((at, job));
    }

    pub(super) fn clear(&mut self, at: Duration, job: JobId) {
        self.0.remove(&(at, job));
    }

    fn next(&self) -> Option<Duration> {
        self.0.first().map(|(at, _)| *at)
    }

    fn pop_due(&mut self, now: Duration) -> Option<JobId> {
        self.next().filter(|at| *at <= now)?;
        self.0.pop_first().map(|(_, job)| job)
    }
}

impl Broker {
    /// The time is now `since_1970`; an earlier time than before is ignored. A broker whose clock is never
    /// advanced lets epoch jobs wait for ever.
    ///
    /// An epoch job that is due is queued like a new one and wakes sleepers, as with gearmand 2.0. A job
    /// that was held for longer than CAN_DO_TIMEOUT allows is requeued, its worker is not told, and what
    /// it still sends about the job is refused.
    pub fn advance_clock(&mut self, since_1970: Duration) {
        self.now = self.now.max(since_1970);
        while let Some(job) = self.alarms.pop_due(self.now) {
            match self.jobs[job].place {
                Place::Waiting { .. } => self.fall_due(job),
                Place::Running { .. } => self.requeue(job),
                Place::Queued => {}
            }
        }
    }

    /// The time at which [`advance_clock`](Self::advance_clock) has something to do; `None` while nothing
    /// waits for its time.
    pub fn next_alarm(&self) -> Option<Duration> {
        self.alarms.next()
    }

    /// Lets a new job wait.
    pub(super) fn wait(&mut self, id: JobId, until: Duration) {
        let job = &mut self.jobs[id];
        job.place = Place::Waiting { until };
        self.functions.table[job.function].waiting += 1;
        self.alarms.set(until, id);
    }

    fn fall_due(&mut self, id: JobId) {
        self.release(id);
        self.enqueue(id);
    }
}
