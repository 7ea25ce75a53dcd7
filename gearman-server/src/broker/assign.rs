//! GRAB_JOB and PRE_SLEEP: a worker asks for a job, and for being told of one.

use gearman_proto::{Assignment, AssignmentForm, GrabForm, Response};

use super::Broker;
use crate::connection::{Ability, Connection, Sleep};
use crate::ids::{ConnectionId, FunctionId, JobId};
use crate::job::Place;

impl Broker {
    /// Answers with a job of the function registered last that has one. Whatever the answer, the
    /// connection is awake.
    pub(super) fn grab(&mut self, from: ConnectionId, form: GrabForm) {
        self.wake_up(from);
        let response = match self.take(from) {
            Some(job) => Response::JobAssign(self.assignment(job, form)),
            None => Response::NoJob,
        };
        self.respond(from, response);
    }

    /// Puts the connection to sleep, unless there is a job for it: then NOOP comes at once, and neither
    /// flag changes.
    pub(super) fn pre_sleep(&mut self, from: ConnectionId) {
        if self.next_for(from).is_some() {
            return self.respond(from, Response::Noop);
        }
        let connection = &mut self.connections[from];
        connection.sleep.sleeping = true;
        if connection.sleep.can_be_woken() {
            for ability in &connection.abilities {
                self.functions.table[ability.function].add_sleeper(from);
            }
        }
    }

    /// Ends sleep and forgets that NOOP was sent.
    pub(super) fn wake_up(&mut self, connection: ConnectionId) {
        self.keep_from_waking(connection);
        self.connections[connection].sleep = Sleep::default();
    }

    /// Takes the connection out of the sleepers of its functions.
    pub(super) fn keep_from_waking(&mut self, connection: ConnectionId) {
        let Connection {
            sleep, abilities, ..
        } = &self.connections[connection];
        if sleep.can_be_woken() {
            for ability in abilities {
                self.functions.table[ability.function].remove_sleeper(connection);
            }
        }
    }

    fn take(&mut self, from: ConnectionId) -> Option<JobId> {
        let (job, ability) = self.next_for(from)?;
        let function = &mut self.functions.table[ability.function];
        function.pop();
        function.running += 1;
        self.last_grab += 1;
        let deadline = ability
            .time_limit
            .map(|limit| self.now.saturating_add(limit));
        if let Some(deadline) = deadline {
            self.alarms.set(deadline, job);
        }
        self.jobs[job].place = Place::Running {
            worker: from,
            grab: self.last_grab,
            deadline,
        };
        let held = &mut self.connections[from].held;
        held.insert((ability.function, self.last_grab), job);
        Some(job)
    }

    /// The job that the connection would get.
    fn next_for(&mut self, worker: ConnectionId) -> Option<(JobId, Ability)> {
        let abilities = self.connections[worker].abilities.len();
        (0..abilities).find_map(|index| {
            let ability = self.connections[worker].abilities[index];
            let job = self.next_of(ability.function)?;
            Some((job, ability))
        })
    }

    /// The first job of a function that somebody still wants. The abandoned ones before it are deleted.
    fn next_of(&mut self, function: FunctionId) -> Option<JobId> {
        loop {
            let job = self.functions.table[function].front()?;
            if !self.jobs[job].abandoned {
                return Some(job);
            }
            self.functions.table[function].pop();
            self.end(job);
        }
    }

    fn assignment(&self, job: JobId, form: GrabForm) -> Assignment {
        let job = &self.jobs[job];
        let form = match (form, job.reducer) {
            (GrabForm::Plain, _) => AssignmentForm::Plain,
            (GrabForm::All, Some(reducer)) => AssignmentForm::All(job.unique, reducer),
            (GrabForm::All | GrabForm::Unique, _) => AssignmentForm::Unique(job.unique),
        };
        let function = &self.functions.table[job.function].name;
        Assignment::new(job.handle, function, form, job.workload.clone())
    }
}
