//! WORK_*: what workers tell of their jobs, passed on to those who wait.

use gearman_proto::{JobHandle, Outcome, Response, Update, Work, WorkEvent};

use super::{Broker, Output};
use crate::errors;
use crate::ids::{ConnectionId, JobId};
use crate::job::{Done, Place};

impl Broker {
    pub(super) fn pass_on(&mut self, from: ConnectionId, work: Work) {
        let Work { handle, event } = work;
        let Some(id) = self.held_by(from, &handle) else {
            return self.refuse(from, errors::job_not_found(event.kind()));
        };
        if let WorkEvent::Update(Update::Status(progress)) = &event {
            self.jobs[id].done = Done::read(progress);
        }
        self.tell_clients(id, &event);
        if matches!(event, WorkEvent::End(_)) {
            self.end(id);
        }
    }

    /// The job with that handle, if it is in this worker's hands.
    pub(super) fn held_by(&self, worker: ConnectionId, handle: &JobHandle) -> Option<JobId> {
        let id = self.job_named(handle)?;
        let place = self.jobs[id].place;
        matches!(place, Place::Running { worker: holder, .. } if holder == worker).then_some(id)
    }

    /// Sends the event once for each subscription.
    pub(super) fn tell_clients(&mut self, id: JobId, event: &WorkEvent) {
        let job = &self.jobs[id];
        for subscriber in &job.subscribers {
            let event = match event {
                // Such a client would not know the packet.
                WorkEvent::End(Outcome::Exception(_))
                    if !self.connections[*subscriber].exceptions =>
                {
                    WorkEvent::End(Outcome::Fail)
                }
                event => event.clone(),
            };
            let work = Work {
                handle: job.handle,
                event,
            };
            let output = Output::Response(Response::Work(work));
            self.outputs.push_back((*subscriber, output));
        }
    }
}
