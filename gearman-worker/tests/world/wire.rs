//! What can be seen on the wire between one worker and the server, and the rules for it.

use std::collections::BTreeSet;

use gearman_proto::{JobHandle, Request, Response, WorkEvent};

/// One connection, from the worker's end: its own packets count when they are sent, the server's when
/// they arrive.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire {
    /// Slots in the worker's hand.
    pub(super) slots: usize,
    /// How often the connection broke, over the worker's life.
    pub(super) cuts: usize,
    open_grabs: usize,
    held: BTreeSet<JobHandle>,
    /// PRE_SLEEP or NOOP was the last word about sleep: a grab is owed before we leave or sleep again.
    owes_grab: Sleep,
    last_answer_was_job: bool,
    leaving: Leaving,
    greeted: bool,
    reset: bool,
    barrier_answered: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sleep {
    #[default]
    Awake,
    Asleep,
    Woken,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leaving {
    #[default]
    No,
    /// Grabs that may still be sent.
    Draining(usize),
    Cancelled,
}

impl Wire {
    /// The wire of the next connection: slots in hand stay there.
    pub(super) fn renewed(&self) -> Self {
        Self {
            slots: self.slots,
            cuts: self.cuts,
            ..Self::default()
        }
    }

    pub(super) fn sent(&mut self, request: &Request) {
        assert!(
            !self.reset || matches!(request, Request::Echo(_)),
            "{request:?} after the reset"
        );
        match request {
            Request::GrabJob(_) => {
                assert!(
                    self.greeted,
                    "a grab before the server has answered the greeting"
                );
                if let Leaving::Draining(allowed) = &mut self.leaving {
                    assert!(*allowed > 0, "a grab after the drain's last one");
                    *allowed -= 1;
                }
                self.open_grabs += 1;
                self.owes_grab = Sleep::Awake;
            }
            Request::PreSleep => {
                assert_eq!(self.open_grabs, 0, "PRE_SLEEP while a grab is open");
                assert!(
                    !self.last_answer_was_job,
                    "PRE_SLEEP though the last answer was a job"
                );
                assert_ne!(
                    self.owes_grab,
                    Sleep::Woken,
                    "a NOOP was not followed by a grab"
                );
                assert!(
                    self.slots > self.held.len(),
                    "PRE_SLEEP without a slot in hand"
                );
                assert_eq!(self.leaving, Leaving::No, "PRE_SLEEP while leaving");
                self.owes_grab = Sleep::Asleep;
            }
            Request::ResetAbilities | Request::CantDo(_) => {
                assert_eq!(self.open_grabs, 0, "{request:?} while a grab is open");
                assert_eq!(self.owes_grab, Sleep::Awake, "left without the last grab");
                if self.leaving != Leaving::Cancelled {
                    assert!(self.held.is_empty(), "{request:?} while a job is held");
                }
                self.held.clear();
                self.reset = true;
            }
            Request::Work(work) => {
                assert!(
                    self.held.contains(&work.handle),
                    "news of a job that is not held"
                );
                if let WorkEvent::End(_) = work.event {
                    self.held.remove(&work.handle);
                }
            }
            _ => {}
        }
    }

    pub(super) fn received(&mut self, response: &Response) {
        match response {
            Response::JobAssign(assignment) => {
                self.open_grabs -= 1;
                self.last_answer_was_job = true;
                assert!(
                    self.held.insert(assignment.handle),
                    "a job was assigned twice"
                );
            }
            Response::NoJob => {
                self.open_grabs -= 1;
                self.last_answer_was_job = false;
            }
            Response::Noop if self.owes_grab == Sleep::Asleep => self.owes_grab = Sleep::Woken,
            Response::Echo(_) => {
                self.greeted = true;
                self.barrier_answered |= self.reset;
            }
            _ => {}
        }
    }

    /// The job whose outcome this packet tells, now that the server reads it.
    pub(super) fn ended(request: &Request) -> Option<JobHandle> {
        match request {
            Request::Work(work) => matches!(work.event, WorkEvent::End(_)).then_some(work.handle),
            _ => None,
        }
    }

    pub(super) fn told_to_drain(&mut self) {
        if self.leaving == Leaving::No {
            // The one that is due when the server may have chosen us for a job.
            self.leaving = Leaving::Draining(usize::from(self.owes_grab != Sleep::Awake));
        }
    }

    pub(super) fn told_to_cancel(&mut self) {
        self.leaving = Leaving::Cancelled;
    }

    pub(super) fn cancelled(&self) -> bool {
        self.leaving == Leaving::Cancelled
    }

    pub(super) fn release(&mut self, count: usize) {
        assert!(
            count <= self.slots,
            "slots are released that were not granted"
        );
        self.slots -= count;
    }

    pub(super) fn closed(&self) {
        assert!(
            self.barrier_answered || !self.greeted,
            "closed before the barrier was answered"
        );
    }

    /// `running` counts the jobs whose handlers run, those of lost connections too.
    pub(super) fn check_slots(&self, running: usize) {
        if self.leaving != Leaving::Cancelled {
            let used = self.open_grabs + running;
            assert!(
                used <= self.slots,
                "{used} grabs and jobs with {} slots",
                self.slots
            );
        }
    }
}
