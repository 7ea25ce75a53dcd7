//! Mistakes that others make, planted into the world: each must be found by what becomes of the jobs.

use gearman_proto::{Request, Response};
use gearman_worker::machine::Order;

use super::World;

/// One mistake. The rules on the wire are switched off: it is caught by a job that is lost, doubled,
/// requeued or stranded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sabotage {
    /// Abilities are dropped first, as nearly everybody does.
    ResetFirst,
    /// A sleeping worker leaves without a last grab.
    NoLastGrab,
    /// RESET_ABILITIES goes out in one write with a grab.
    ResetBehindGrab,
    /// The connection is closed while a grab is open.
    CloseWithOpenGrab,
    /// The connection is closed without waiting until the server has read everything.
    NoBarrier,
    /// A worker that is full sends PRE_SLEEP.
    SleepWhenFull,
    /// The first worker, when it is woken, sleeps again without a grab.
    SleepAgain,
}

impl World {
    /// Whether the saboteur has dealt with a packet that arrives.
    pub(super) fn sabotaged_arrival(&mut self, i: usize, response: &Response) -> bool {
        let sleeps_again = self.plan.sabotage == Some(Sabotage::SleepAgain) && i == 0;
        if sleeps_again && *response == Response::Noop {
            self.workers[i].to_server.push_back(Request::PreSleep);
            return true;
        }
        false
    }

    /// Whether the saboteur has dealt with a packet that is to be sent.
    pub(super) fn sabotaged_sending(&mut self, i: usize, request: &Request) -> bool {
        let drains = self.workers[i].machine.order() == Order::Drain;
        match (self.plan.sabotage, request) {
            (Some(Sabotage::NoLastGrab), Request::GrabJob(_)) if drains => {
                self.workers[i]
                    .machine
                    .handle_response(Response::NoJob)
                    .unwrap();
                true
            }
            (Some(Sabotage::NoBarrier), Request::ResetAbilities) if drains => {
                self.part(i);
                self.workers[i].machine.disconnected();
                true
            }
            _ => false,
        }
    }

    /// What the saboteur adds to what was sent.
    pub(super) fn sabotaged_after(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        let last = worker.to_server.back();
        match self.plan.sabotage {
            Some(Sabotage::ResetBehindGrab)
                if matches!(last, Some(Request::GrabJob(_)))
                    && worker.machine.order() == Order::Drain =>
            {
                worker.to_server.push_back(Request::ResetAbilities);
            }
            Some(Sabotage::SleepWhenFull)
                if matches!(last, Some(Request::GrabJob(_)))
                    && worker.machine.order() == Order::Work =>
            {
                worker.to_server.push_back(Request::PreSleep);
            }
            _ => {}
        }
    }

    /// What the saboteur adds when a worker is told to drain.
    pub(super) fn sabotaged_shut_down(&mut self, i: usize) {
        match self.plan.sabotage {
            Some(Sabotage::ResetFirst) => {
                self.workers[i].to_server.push_back(Request::ResetAbilities);
            }
            Some(Sabotage::CloseWithOpenGrab) if self.workers[i].wire.open_grabs() > 0 => {
                self.part(i);
                self.workers[i].machine.disconnected();
                self.perform(i);
            }
            _ => {}
        }
    }
}
