use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use gearman_proto::ClientId;

use crate::ids::{FunctionId, JobId, SerialSet};

/// What the broker knows of a connection. Client, worker and administrator are no properties of a
/// connection: it may be all three at once.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// Where it comes from, as `workers` lists it.
    pub(crate) peer: Bytes,
    pub(crate) client_id: Option<ClientId>,
    /// Whether WORK_EXCEPTION is passed on to it as such.
    pub(crate) exceptions: bool,
    pub(crate) sleep: Sleep,
    /// The functions that it works on, newest first: the order in which it is given jobs. A function that
    /// was registered twice is here twice.
    pub(crate) abilities: VecDeque<Ability>,
    /// The jobs that were assigned to it, by function and then in the order of their grabs.
    pub(crate) held: BTreeMap<(FunctionId, Grab), JobId>,
    /// The jobs that it waits for in the foreground; how often, the job knows.
    pub(crate) awaits: SerialSet<JobId>,
}

/// The number of a grab, counted over all connections.
pub(crate) type Grab = u64;

/// A function that a connection has registered for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ability {
    pub(crate) function: FunctionId,
    /// From CAN_DO_TIMEOUT: how long the connection may hold a job of the function.
    pub(crate) time_limit: Option<Duration>,
}

/// gearmand keeps two flags, and they are independent: a connection that was woken and sends PRE_SLEEP
/// instead of a grab is asleep *and* told, and will not be told again before it grabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sleep {
    pub(crate) sleeping: bool,
    pub(crate) noop_sent: bool,
}

impl Sleep {
    /// Whether the next job is announced to the connection.
    pub(crate) const fn can_be_woken(self) -> bool {
        self.sleeping && !self.noop_sent
    }
}

impl Connection {
    pub(crate) fn new(peer: Bytes, exceptions: bool) -> Self {
        Self {
            peer,
            client_id: None,
            exceptions,
            sleep: Sleep::default(),
            abilities: VecDeque::new(),
            held: BTreeMap::new(),
            awaits: SerialSet::default(),
        }
    }

    /// The jobs of one function that it holds, the one grabbed last first.
    pub(crate) fn held_of(&self, function: FunctionId) -> impl Iterator<Item = JobId> {
        let all = (function, Grab::MIN)..=(function, Grab::MAX);
        self.held.range(all).rev().map(|(_, job)| *job)
    }
}
