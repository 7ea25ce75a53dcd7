//! The state of a broker as plain data, to be compared, hashed and looked at.

use std::time::Duration;

use gearman_proto::{FunctionName, JobHandle, UniqueId};

use super::Broker;
use crate::function::LEVELS;
use crate::ids::{ConnectionId, FunctionId, JobId};
use crate::job::Place;

/// All that decides what a [`Broker`] does next, but for workloads, options, the clock, the number of the
/// next handle, and outputs that were not polled yet.
///
/// Two brokers with equal snapshots are in the same situation. Who hashes snapshots to walk a state space
/// may want to rename handles by their first appearance, as each job has a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Snapshot {
    /// In the order in which they came.
    pub connections: Vec<ConnectionState>,
    /// In the order in which they were first named.
    pub functions: Vec<FunctionState>,
    /// In the order in which they were submitted.
    pub jobs: Vec<JobState>,
}

/// A connection in a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConnectionState {
    /// Which.
    pub id: ConnectionId,
    /// Its registrations, newest first.
    pub abilities: Vec<FunctionName>,
    /// It has sent PRE_SLEEP and not grabbed since.
    pub sleeping: bool,
    /// NOOP was sent, and it has not grabbed since.
    pub noop_sent: bool,
    /// WORK_EXCEPTION is passed on to it.
    pub exceptions: bool,
    /// The jobs that it holds, by function and then in the order of their grabs.
    pub held: Vec<JobHandle>,
}

/// A function in a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FunctionState {
    /// Its name.
    pub name: FunctionName,
    /// The queued jobs of high, normal and low priority, in the order in which they will be assigned.
    pub queued: [Vec<JobHandle>; 3],
    /// The registrations in the order in which `worker_wakeup` walks them.
    pub wake_order: Vec<ConnectionId>,
}

/// A job in a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct JobState {
    /// Its handle.
    pub handle: JobHandle,
    /// Its function.
    pub function: FunctionName,
    /// Its unique id.
    pub unique: Option<UniqueId>,
    /// Where it is.
    pub place: JobPlace,
    /// How often workers have lost it.
    pub retries: u8,
    /// It will be deleted instead of assigned.
    pub abandoned: bool,
    /// Who waits for it, once for each foreground submission.
    pub subscribers: Vec<ConnectionId>,
}

/// Where a job in a [`Snapshot`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a job is in one of three places")]
pub enum JobPlace {
    /// In the queue of its function.
    Queued,
    /// Not before this time since 1970.
    Waiting(Duration),
    /// With this worker.
    Running(ConnectionId),
}

impl Broker {
    /// The state as plain data. It copies and sorts: for tests and model checkers.
    pub fn snapshot(&self) -> Snapshot {
        let connections = self.connections.in_order().into_iter();
        let functions = self.functions.table.in_order().into_iter();
        let jobs = self.jobs.in_order().into_iter();
        Snapshot {
            connections: connections
                .map(|(id, _)| self.connection_state(id))
                .collect(),
            functions: functions.map(|(id, _)| self.function_state(id)).collect(),
            jobs: jobs.map(|(id, _)| self.job_state(id)).collect(),
        }
    }

    fn connection_state(&self, id: ConnectionId) -> ConnectionState {
        let connection = &self.connections[id];
        let abilities = connection.abilities.iter();
        let held = connection.held.values();
        ConnectionState {
            id,
            abilities: abilities
                .map(|ability| self.name_of(ability.function))
                .collect(),
            sleeping: connection.sleep.sleeping,
            noop_sent: connection.sleep.noop_sent,
            exceptions: connection.exceptions,
            held: held.map(|job| self.jobs[*job].handle).collect(),
        }
    }

    fn function_state(&self, id: FunctionId) -> FunctionState {
        let function = &self.functions.table[id];
        let handles = |level| {
            function
                .queue(level)
                .map(|job| self.jobs[job].handle)
                .collect()
        };
        FunctionState {
            name: function.name.clone(),
            queued: LEVELS.map(handles),
            wake_order: function.ring().collect(),
        }
    }

    fn job_state(&self, id: JobId) -> JobState {
        let job = &self.jobs[id];
        JobState {
            handle: job.handle,
            function: self.name_of(job.function),
            unique: job.unique,
            place: match job.place {
                Place::Queued => JobPlace::Queued,
                Place::Waiting { until } => JobPlace::Waiting(until),
                Place::Running { worker, .. } => JobPlace::Running(worker),
            },
            retries: job.retries,
            abandoned: job.abandoned,
            subscribers: job.subscribers.clone(),
        }
    }

    fn name_of(&self, function: FunctionId) -> FunctionName {
        self.functions.table[function].name.clone()
    }
}
