//! GET_STATUS and GET_STATUS_UNIQUE.

use gearman_proto::{JobHandle, JobStatus, Progress, Response, UniqueId, UniqueStatus};

use super::Broker;
use crate::ids::ConnectionId;
use crate::job::Job;

impl Broker {
    pub(super) fn tell_status(&mut self, from: ConnectionId, handle: JobHandle) {
        let job = self.job_named(&handle).map(|id| &self.jobs[id]);
        let status = JobStatus {
            handle,
            known: job.is_some(),
            running: is_running(job),
            progress: progress(job),
        };
        self.respond(from, Response::Status(status));
    }

    /// Finds a job of whatever function.
    pub(super) fn tell_unique_status(&mut self, from: ConnectionId, unique: UniqueId) {
        let id = self.same.find_in_any_function(&unique);
        let job = id.map(|id| &self.jobs[id]);
        let clients = job.map_or(0, |job| job.subscribers.len());
        let status = UniqueStatus {
            unique,
            known: job.is_some(),
            running: is_running(job),
            progress: progress(job),
            clients: clients.try_into().unwrap_or(u32::MAX),
        };
        self.respond(from, Response::UniqueStatus(status));
    }
}

fn is_running(job: Option<&Job>) -> bool {
    job.is_some_and(|job| job.place.is_running())
}

fn progress(job: Option<&Job>) -> Progress {
    job.map(|job| job.done).unwrap_or_default().progress()
}
