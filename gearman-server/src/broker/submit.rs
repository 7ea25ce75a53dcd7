//! SUBMIT_JOB and its sisters.

use std::time::Duration;

use gearman_proto::{JobHandle, Priority, Response, Submission, SubmissionMode};

use super::Broker;
use crate::errors;
use crate::ids::{ConnectionId, JobId, Serial};
use crate::job::{Done, Job, Place};

impl Broker {
    /// Makes a job, or attaches the client to the one that it is the same as. Sleepers are told before the
    /// client is answered.
    pub(super) fn submit(&mut self, from: ConnectionId, submission: Submission) {
        let background = submission.is_background();
        let Submission {
            function,
            unique,
            workload,
            mode,
        } = submission;
        let (priority, reducer, not_before) = match mode {
            SubmissionMode::Foreground(priority) | SubmissionMode::Background(priority) => {
                (priority, None, Duration::ZERO)
            }
            SubmissionMode::Epoch(second) => (Priority::Normal, None, Duration::from_secs(second)),
            SubmissionMode::Reduce { reducer, .. } => {
                (Priority::Normal, Some(reducer), Duration::ZERO)
            }
            SubmissionMode::Cron(_) => return self.refuse(from, errors::COMMAND_NOT_EXPECTED),
        };
        let function = self.functions.find_or_add(function);
        // Before the limit: joining a job makes no queue longer.
        let id = match self.same.find(function, unique.as_ref(), &workload) {
            Some(id) => self.take_up(id, background),
            None if self.functions.table[function].is_full(priority) => {
                return self.refuse(from, errors::QUEUE_IS_FULL);
            }
            None => self.add(
                Job {
                    handle: self.next_handle(),
                    function,
                    unique,
                    reducer,
                    workload,
                    priority,
                    background,
                    subscribers: Vec::new(),
                    abandoned: false,
                    retries: 0,
                    done: Done::default(),
                    place: Place::Queued,
                },
                not_before,
            ),
        };
        if !background {
            self.jobs[id].subscribers.push(from);
            self.connections[from].awaits.insert(id);
        }
        self.respond(from, Response::JobCreated(self.jobs[id].handle));
    }

    fn add(&mut self, job: Job, not_before: Duration) -> JobId {
        let id = self.jobs.insert(job);
        self.same.insert(id, &self.jobs[id]);
        if not_before > self.now {
            self.wait(id, not_before);
        } else {
            self.enqueue(id);
        }
        id
    }

    /// Joins a job that exists. An abandoned one is wanted again, as if it were new; gearmand loses it
    /// together with the submission that joins it.
    fn take_up(&mut self, id: JobId, background: bool) -> JobId {
        let job = &mut self.jobs[id];
        if job.abandoned {
            job.abandoned = false;
            job.background = background;
            if job.place == Place::Queued {
                let function = job.function;
                self.wake_sleepers(function);
            }
        }
        id
    }

    fn next_handle(&self) -> JobHandle {
        let mut handle = self.options.handle_prefix.to_vec();
        handle.push(b':');
        handle.extend_from_slice(self.jobs.next().number().to_string().as_bytes());
        JobHandle::new(handle).expect("the prefix leaves room for every number and holds no NUL")
    }
}
