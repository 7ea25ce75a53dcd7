//! How a job comes into the queue, and how it leaves the broker.

use gearman_proto::{Outcome, Response, WorkEvent};

use super::Broker;
use crate::ids::{FunctionId, JobId};
use crate::job::{Done, Place};

impl Broker {
    /// Puts a job that is nowhere behind the others of its level, and tells sleepers.
    pub(super) fn enqueue(&mut self, id: JobId) {
        let job = &mut self.jobs[id];
        job.place = Place::Queued;
        let (function, priority) = (job.function, job.priority);
        // NOOP leaves before the job is in the queue, as with gearmand. Requests are handled one at a
        // time, so that no worker can come too early.
        self.wake_sleepers(function);
        self.functions.table[function].push(priority, id);
    }

    /// Takes a job from the worker that lost it: back into the queue, or, where it was tried often
    /// enough, to its end.
    pub(super) fn requeue(&mut self, id: JobId) {
        self.release(id);
        let job = &mut self.jobs[id];
        job.retries = job.retries.saturating_add(1);
        job.done = Done::default();
        let attempts = self.options.job_retries;
        if attempts != 0 && job.retries == attempts {
            self.tell_clients(id, &WorkEvent::End(Outcome::Fail));
            self.end(id);
        } else {
            self.enqueue(id);
        }
    }

    /// Forgets a job that is in no queue.
    pub(super) fn end(&mut self, id: JobId) {
        self.release(id);
        let Some(job) = self.jobs.remove(id) else {
            return;
        };
        self.same.remove(id, &job);
        for subscriber in job.subscribers {
            self.connections[subscriber].awaits.remove(&id);
        }
    }

    /// Takes a job out of its worker's hands, if one has it, or stops it from waiting for its time.
    pub(super) fn release(&mut self, id: JobId) {
        let job = &mut self.jobs[id];
        let function = &mut self.functions.table[job.function];
        match job.place {
            Place::Queued => {}
            Place::Waiting { until } => {
                function.waiting -= 1;
                self.alarms.clear(until, id);
            }
            Place::Running {
                worker,
                grab,
                deadline,
            } => {
                function.running -= 1;
                self.connections[worker].held.remove(&(job.function, grab));
                if let Some(deadline) = deadline {
                    self.alarms.clear(deadline, id);
                }
            }
        }
        job.place = Place::Queued;
    }

    /// Tells sleepers of a job, as many of them as the options say.
    pub(super) fn wake_sleepers(&mut self, function: FunctionId) {
        let at_most = self.options.worker_wakeup.into();
        for worker in self.functions.table[function].choose_sleepers(at_most) {
            self.keep_from_waking(worker);
            self.connections[worker].sleep.noop_sent = true;
            self.respond(worker, Response::Noop);
        }
    }
}
