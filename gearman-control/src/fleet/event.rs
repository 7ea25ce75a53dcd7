use gearman_net::Endpoint;

use super::Unasked;
use crate::WorkerId;

/// What happens while workers are stopped.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The worker is there, and will be told to stop.
    Up(WorkerId),
    /// It has begun to drain. Comes again when the number of jobs changes.
    Terminating {
        /// The worker.
        id: WorkerId,
        /// How many jobs it has yet to finish, where it says so.
        left: Option<u32>,
    },
    /// These are not down yet. Comes every 10 s.
    Waiting(Vec<WorkerId>),
    /// It has left: it has no connection to any server any more, or another process bears its id.
    Down(WorkerId),
    /// It does not say which process it is, so that its order was given to whoever bears its id. So do
    /// workers of the 2013 kind, and any worker that is not quick enough.
    Unanswered(WorkerId),
    /// It is there and will not stop. It is not waited for any longer.
    Refused {
        /// The worker.
        id: WorkerId,
        /// What it says, or that it says nothing.
        reason: String,
    },
    /// Its order was lost with the connection to every server through which it can be reached. If it
    /// had begun to drain it goes on, and is waited for; otherwise it was not told and is not.
    OrderLost {
        /// The worker.
        id: WorkerId,
        /// It had begun to drain.
        is_draining: bool,
        /// How the last connection was lost.
        reason: String,
    },
    /// A server can't be asked any more who is connected to it. The workers that were seen there and
    /// have not finished count as there until it can be asked again.
    ServerLost(Unasked),
    /// The server can be asked again.
    ServerBack(Endpoint),
    /// The time is over, and these are not down. Those that have begun to drain go on; the orders that
    /// nobody has taken vanish. The last event.
    TimedOut(Vec<WorkerId>),
}
