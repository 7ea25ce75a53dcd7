//! What can be seen on the wire between one worker and the server, and the rules for it.

use std::collections::{BTreeMap, BTreeSet};

use gearman_proto::{FunctionName, JobHandle, Request, Response, WorkEvent};
use gearman_worker::machine::Order;

/// One connection, from the worker's end: its own packets count when they are sent, the server's when
/// they arrive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wire {
    /// Slots in the worker's hand.
    pub(super) slots: usize,
    /// How often the connection broke, over the worker's life.
    pub(super) cuts: usize,
    /// Whether the rules are checked. A saboteur is caught by what becomes of the jobs instead.
    rules: bool,
    order: Order,
    open_grabs: usize,
    held: BTreeMap<JobHandle, FunctionName>,
    functions: BTreeSet<FunctionName>,
    sleep: Sleep,
    last_answer_was_job: bool,
    /// Grabs that may still be sent before the drain or the quiet is over.
    last_grabs: usize,
    greeted: bool,
    barrier: Barrier,
}

/// The last word about sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Sleep {
    #[default]
    Awake,
    Asleep,
    /// A grab is owed before we leave or sleep again.
    Woken,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Barrier {
    #[default]
    None,
    Asked,
    Answered,
}

impl Wire {
    pub(super) fn new(rules: bool) -> Self {
        Self {
            slots: 0,
            cuts: 0,
            rules,
            order: Order::Work,
            open_grabs: 0,
            held: BTreeMap::new(),
            functions: BTreeSet::new(),
            sleep: Sleep::Awake,
            last_answer_was_job: false,
            last_grabs: 0,
            greeted: false,
            barrier: Barrier::None,
        }
    }

    /// The wire of the next connection: slots in hand and orders stay there.
    pub(super) fn renewed(&self) -> Self {
        let Self {
            slots, cuts, order, ..
        } = *self;
        Self {
            slots,
            cuts,
            order,
            ..Self::new(self.rules)
        }
    }

    pub(super) fn sent(&mut self, request: &Request) {
        if self.rules {
            self.check_sending(request);
        }
        match request {
            Request::CanDo(function) => {
                self.functions.insert(function.clone());
            }
            Request::CantDo(function) => drop(self.functions.remove(function)),
            Request::GrabJob(_) => {
                self.last_grabs = self.last_grabs.saturating_sub(1);
                self.open_grabs += 1;
                self.sleep = Sleep::Awake;
            }
            Request::PreSleep => self.sleep = Sleep::Asleep,
            Request::ResetAbilities => {
                self.held.clear();
                self.functions.clear();
            }
            Request::Work(work) => {
                if let WorkEvent::End(_) = work.event {
                    self.held.remove(&work.handle);
                }
            }
            Request::Echo(_) if self.order >= Order::Drain && self.owes_nothing() => {
                self.barrier = Barrier::Asked;
            }
            _ => {}
        }
    }

    fn check_sending(&self, request: &Request) {
        assert_eq!(
            self.barrier,
            Barrier::None,
            "{request:?} behind the barrier"
        );
        match request {
            Request::CanDo(function) => {
                assert!(
                    !self.functions.contains(function),
                    "{function} is registered twice"
                );
                assert_eq!(self.order, Order::Work, "registered though not at work");
            }
            Request::GrabJob(_) => {
                assert!(
                    self.greeted,
                    "a grab before the server has answered the greeting"
                );
                if let Order::Quiet | Order::Drain = self.order {
                    assert!(self.last_grabs > 0, "a grab after the last one");
                }
            }
            Request::PreSleep => {
                assert_eq!(self.open_grabs, 0, "PRE_SLEEP while a grab is open");
                assert!(
                    !self.last_answer_was_job,
                    "PRE_SLEEP though the last answer was a job"
                );
                assert_ne!(
                    self.sleep,
                    Sleep::Woken,
                    "a NOOP was not followed by a grab"
                );
                assert!(
                    self.slots > self.held.len(),
                    "PRE_SLEEP without a slot in hand"
                );
                assert_eq!(self.order, Order::Work, "PRE_SLEEP while not at work");
            }
            Request::ResetAbilities => {
                self.check_forgetting(request);
                if self.order != Order::Cancel {
                    assert!(self.held.is_empty(), "{request:?} while a job is held");
                }
            }
            Request::CantDo(function) => {
                self.check_forgetting(request);
                let held = self.held.values().any(|held| held == function);
                assert!(!held, "{request:?} while a job of it is held");
            }
            Request::Work(work) => {
                assert!(
                    self.held.contains_key(&work.handle),
                    "news of a job that is not held"
                );
            }
            _ => {}
        }
    }

    /// Whether an echo now is the barrier: nothing can follow it.
    fn owes_nothing(&self) -> bool {
        let idle = self.open_grabs == 0 && self.held.is_empty() && self.functions.is_empty();
        idle && self.sleep == Sleep::Awake
    }

    /// The server must owe us nothing when it forgets functions.
    fn check_forgetting(&self, request: &Request) {
        assert_eq!(self.open_grabs, 0, "{request:?} while a grab is open");
        assert_eq!(
            self.sleep,
            Sleep::Awake,
            "{request:?} without the last grab"
        );
    }

    pub(super) fn received(&mut self, response: &Response) {
        match response {
            Response::JobAssign(assignment) => {
                self.open_grabs = self.open_grabs.saturating_sub(1);
                self.last_answer_was_job = true;
                if self.rules {
                    let known = self.functions.contains(&assignment.function());
                    assert!(known, "a job of a function that was taken back");
                }
                let (handle, function) = (assignment.handle(), assignment.function());
                let before = self.held.insert(handle, function);
                assert!(before.is_none() || !self.rules, "a job was assigned twice");
            }
            Response::NoJob => {
                self.open_grabs = self.open_grabs.saturating_sub(1);
                self.last_answer_was_job = false;
            }
            Response::Noop if self.sleep == Sleep::Asleep => self.sleep = Sleep::Woken,
            Response::Echo(_) => {
                self.greeted = true;
                if self.barrier == Barrier::Asked {
                    self.barrier = Barrier::Answered;
                }
            }
            _ => {}
        }
    }

    /// The job whose outcome this packet tells.
    pub(super) fn ended(request: &Request) -> Option<JobHandle> {
        match request {
            Request::Work(work) => matches!(work.event, WorkEvent::End(_)).then_some(work.handle),
            _ => None,
        }
    }

    /// The worker was told something; before that it was told `before`, and now it obeys `order`.
    pub(super) fn told(&mut self, before: Order, order: Order) {
        self.order = order;
        if before == Order::Work && order > Order::Work {
            // The one that is due when the server may have chosen us for a job.
            self.last_grabs = usize::from(self.sleep != Sleep::Awake);
        }
    }

    pub(super) fn open_grabs(&self) -> usize {
        self.open_grabs
    }

    pub(super) fn release(&mut self, count: usize) {
        assert!(
            count <= self.slots,
            "slots are released that were not granted"
        );
        self.slots -= count;
    }

    pub(super) fn closed(&self) {
        if self.rules {
            let polite = self.barrier == Barrier::Answered || !self.greeted;
            assert!(polite, "closed before the barrier was answered");
        }
    }

    /// `running` counts the jobs whose handlers run, those of lost connections too.
    pub(super) fn check_slots(&self, running: usize) {
        if self.rules && self.order != Order::Cancel {
            let used = self.open_grabs + running;
            assert!(
                used <= self.slots,
                "{used} grabs and jobs with {} slots",
                self.slots
            );
        }
    }
}
