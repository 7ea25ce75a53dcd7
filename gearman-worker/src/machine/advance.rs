//! What follows from a situation: the one place that decides to grab, to sleep, to go quiet and to leave.

use gearman_proto::{Assignment, GrabForm, JobHandle, Outcome, Request, Work};

use super::answers::Answer;
use super::{Action, Held, JobId, Link, Machine, Order, Rest, Tally};

/// The most grabs that one connection has open: more would not hide more of a round trip, and a burst
/// of answers stays within a read buffer.
const MOST_GRABS: usize = 256;

impl Machine {
    /// Every input but news of a job ends here.
    pub(super) fn advance(&mut self) {
        match (self.link, self.order) {
            (Link::Serving, Order::Work) => self.serve(),
            (Link::Serving, Order::Quiet | Order::Drain) => self.retire(),
            (Link::Serving, Order::Cancel) => self.hand_back(),
            // Nothing was ever asked for, so nothing can be lost; and the server may be mute.
            (Link::Greeting, Order::Drain | Order::Cancel) => {
                self.link = Link::Left;
                self.actions.push_back(Action::Close);
                self.release_slots();
            }
            (Link::Greeting, Order::Work | Order::Quiet) => {}
            (Link::Down | Link::Leaving | Link::Left, _) => self.release_slots(),
        }
    }

    fn serve(&mut self) {
        self.register();
        if !self.removing.is_empty() && !self.remove() {
            return;
        }
        match self.rest {
            Rest::Asleep | Rest::Pausing => self.release_slots(),
            // A job may follow a NO_JOB: only when every grab is answered is the last answer the last.
            Rest::Dry if self.open_grabs() > 0 => {}
            Rest::Dry if self.restless.pause().is_some() => {
                self.rest = Rest::Pausing;
                self.release_slots();
            }
            Rest::Dry => {
                if self.has_slot() {
                    self.sleep();
                }
            }
            Rest::Eager | Rest::Woken => {
                while self.open_grabs() < self.window && self.has_slot() {
                    self.grab();
                }
                if self.open_grabs() == self.window {
                    self.release_slots();
                }
            }
        }
    }

    /// A slot is in hand: a full connection that sleeps would eat the wake-ups of others.
    fn sleep(&mut self) {
        self.send(Request::PreSleep);
        if self.restless.doubts() {
            self.ask(Answer::Doubt);
        }
        self.rest = Rest::Asleep;
        self.window = 1;
        self.release_slots();
    }

    /// Takes back the functions that are to go, as far as that hurts no job. Says whether none is left.
    fn remove(&mut self) -> bool {
        if !self.is_settled() {
            return false;
        }
        self.forget_removed();
        if self.removing.is_empty() {
            // What came for the other functions meanwhile was told to nobody: a grab follows.
            self.rest = Rest::Eager;
        } else {
            self.release_slots();
        }
        self.removing.is_empty()
    }

    /// Quiet and drain are one path: when nothing is owed and nothing is held, the server forgets us.
    fn retire(&mut self) {
        if !self.is_settled() {
            return;
        }
        self.release_slots();
        if self.held.is_empty() {
            if self.order == Order::Drain {
                self.leave();
            } else {
                self.reset();
            }
        }
    }

    fn hand_back(&mut self) {
        if self.open_grabs() > 0 {
            return;
        }
        match self.rest {
            // Without a slot if need be: whatever comes is handed back. A connection that sleeps would be
            // woken for the very jobs that it hands back.
            Rest::Asleep | Rest::Woken => self.grab(),
            Rest::Eager | Rest::Dry | Rest::Pausing => {
                for (job, held) in std::mem::take(&mut self.held) {
                    self.actions.push_back(Action::Abandoned(job, held.handle));
                }
                self.release_slots();
                self.leave();
            }
        }
    }

    /// Whether the server owes us no job and will choose us for none. Where it may have chosen us already,
    /// and told nobody else, one last grab takes the job or hears that it is gone.
    fn is_settled(&mut self) -> bool {
        if self.open_grabs() > 0 {
            return false;
        }
        match self.rest {
            Rest::Eager | Rest::Dry | Rest::Pausing => true,
            Rest::Asleep | Rest::Woken => {
                if self.has_slot() {
                    self.grab();
                }
                false
            }
        }
    }

    /// The echo proves that the server has read everything before it. To close at once could lose results
    /// that are on their way.
    fn leave(&mut self) {
        self.reset();
        self.ask(Answer::Barrier);
        self.link = Link::Leaving;
    }

    /// RESET_ABILITIES requeues whatever is held and makes the server forget our functions.
    fn reset(&mut self) {
        if !self.registered.is_empty() {
            self.send(Request::ResetAbilities);
            self.registered.clear();
            self.forget_removed();
        }
    }

    /// Tells the server the functions that it does not know yet, each once: twice would count twice.
    pub(super) fn register(&mut self) {
        if self.registered.len() == self.functions.len() {
            return;
        }
        for function in self.functions.clone() {
            if !self.registered.contains(&function) {
                self.registered.push(function.clone());
                self.send(Request::CanDo(function));
            }
        }
        // The server wakes a sleeper for jobs that come, not for those that wait already.
        if let Rest::Asleep | Rest::Pausing = self.rest {
            self.rest = Rest::Woken;
        }
    }

    /// Drops the functions that are to go, but for those of which a job is held while the server counts on
    /// us: taking them back would requeue it.
    pub(super) fn forget_removed(&mut self) {
        for function in std::mem::take(&mut self.removing) {
            let registered = self.registered.contains(&function);
            if registered && self.held.values().any(|held| held.function == function) {
                self.removing.push(function);
                continue;
            }
            self.functions.retain(|other| *other != function);
            if registered {
                self.registered.retain(|other| *other != function);
                self.send(Request::CantDo(function.clone()));
            }
            self.actions.push_back(Action::Removed(function));
        }
    }

    fn grab(&mut self) {
        self.answers.asked(Answer::Grab);
        self.rest = Rest::Eager;
        self.send(Request::GrabJob(GrabForm::Unique));
    }

    pub(super) fn ask(&mut self, answer: Answer) {
        self.answers.asked(answer);
        self.send(Request::Echo(answer.echo()));
    }

    /// The next of the answers that the server owes us, if it is this one.
    pub(super) fn answered(&mut self, answer: Answer) -> Option<()> {
        let proven = self.answers.answered(answer)?;
        if proven != Tally::default() {
            self.actions.push_back(Action::Confirmed(proven));
        }
        Some(())
    }

    pub(super) fn hold(&mut self, assignment: &Assignment) -> JobId {
        let job = self.next_job;
        self.next_job = job.next();
        let (handle, function) = (assignment.handle(), assignment.function());
        self.held.insert(job, Held { handle, function });
        self.rest = Rest::Eager;
        self.restless.calm();
        self.window = (self.window * 2).min(MOST_GRABS);
        job
    }

    pub(super) fn end(&mut self, handle: JobHandle, outcome: Outcome) {
        self.answers.sent(&outcome);
        self.send(Request::Work(Work::end(handle, outcome)));
    }

    /// Whether a slot is idle; if not, one is wanted.
    fn has_slot(&mut self) -> bool {
        if self.idle_slots() > 0 {
            return true;
        }
        if !self.wants_slot {
            self.wants_slot = true;
            self.actions.push_back(Action::WantSlot);
        }
        false
    }

    fn release_slots(&mut self) {
        let idle = self.idle_slots();
        if idle > 0 {
            self.slots -= idle;
            self.actions.push_back(Action::ReleaseSlots(idle));
        }
    }

    pub(super) fn send(&mut self, request: Request) {
        self.actions.push_back(Action::Send(request));
    }
}
