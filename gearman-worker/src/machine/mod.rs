//! The rules of a worker's connection, without a connection.
//!
//! A [`Machine`] knows what has been asked of the server and what it still owes, which jobs are held,
//! and whether the worker is to go on or to leave. It has no socket, no clock, no lock: inputs are
//! method calls, outputs come from [`poll_action`](Machine::poll_action). So two equal situations are
//! equal values, and a test can walk through all of them.
//!
//! # The grammar
//!
//! ```text
//! connected                                     the stream is there: id, abilities, an echo
//! handle_response* | handle_bad_packet*         what the server sent
//! slot_granted                                  after an Action::WantSlot
//! job_update* job_finished                      after an Action::StartJob
//! timer_fired                                   after timer() has been the same for its time
//! add_function | remove_function                from now on, or as soon as it hurts no job
//! quiet | resume                                stop taking jobs, and take them again
//! shut_down | cancel                            leave, with or without the jobs that are held
//! disconnected                                  the stream is gone, whoever ended it
//! ```
//!
//! After each input call `poll_action` until it has no more, and ask [`timer`](Machine::timer) anew.
//! [`is_over`](Machine::is_over) says when nothing is left to do.
//!
//! # Three independent things
//!
//! * `answers`, `rest`: what the server owes us, and what we do when it owes us no job;
//! * `held`, `orphans`: the jobs that are ours, and those that were until the connection broke;
//! * `order`, `link`: what we were told to do, and how far the conversation is.
//!
//! One word for all of them could not say "running two jobs and asleep for a third".

mod action;
mod advance;
mod answers;
mod restless;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use gearman_proto::{
    ClientId, FunctionName, JobHandle, Kind, Outcome, PacketError, Request, Response, Update, Work,
};

pub use action::{Action, JobId, Order, Tally, Timer, Violation};
use answers::{Answer, Answers};
use restless::Restless;

/// How the conversation with the server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Link {
    Down,
    /// Id, abilities and an echo are on their way. A server that does not answer never holds a slot.
    Greeting,
    Serving,
    /// RESET_ABILITIES and an echo are on their way; its answer proves that the server has read all.
    Leaving,
    Left,
}

/// What we do while no grab is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rest {
    /// The last answer was a job, or there was none yet: ask.
    Eager,
    /// The last answer was NO_JOB: sleep, once all answers are in.
    Dry,
    /// PRE_SLEEP has been sent; the server may choose us for the next job.
    Asleep,
    /// It has chosen us, or it is time to look for ourselves. A grab must follow, even when we leave:
    /// the server told nobody else.
    Woken,
    /// The server does not let us sleep: we wait awake, so that it counts on others.
    Pausing,
}

/// A job that the server counts as ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    handle: JobHandle,
    function: FunctionName,
}

/// One connection's worker. See the [module](self) for how it is driven.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    id: Option<ClientId>,
    functions: Vec<FunctionName>,
    /// Those of `functions` that are to go as soon as that hurts no job.
    removing: Vec<FunctionName>,
    /// Those that the server knows: none before we connect, nor once we are quiet.
    registered: Vec<FunctionName>,
    order: Order,
    link: Link,
    rest: Rest,
    restless: Restless,
    answers: Answers,
    /// Grabs to be open at once while jobs come: 1 after a wake-up, then doubling.
    window: usize,
    held: BTreeMap<JobId, Held>,
    /// Jobs of a connection that broke. The server gives them to others; their handlers still run, and
    /// each keeps its slot until it returns.
    orphans: BTreeSet<JobId>,
    next_job: JobId,
    /// Slots in hand, whether idle or in use by a grab, a job or an orphan.
    slots: usize,
    wants_slot: bool,
    actions: VecDeque<Action>,
}

impl Machine {
    /// A worker that has not connected yet. Each function is registered once, whatever the list says:
    /// twice would count twice.
    pub fn new(id: Option<ClientId>, functions: impl IntoIterator<Item = FunctionName>) -> Self {
        let mut known = Vec::new();
        for function in functions {
            if !known.contains(&function) {
                known.push(function);
            }
        }
        Self {
            id,
            functions: known,
            removing: Vec::new(),
            registered: Vec::new(),
            order: Order::Work,
            link: Link::Down,
            rest: Rest::Eager,
            restless: Restless::default(),
            answers: Answers::default(),
            window: 1,
            held: BTreeMap::new(),
            orphans: BTreeSet::new(),
            next_job: JobId::FIRST,
            slots: 0,
            wants_slot: false,
            actions: VecDeque::new(),
        }
    }

    /// What is to be done next; `None` until the next input.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Which time runs. The driver owns the clock: when this has been the same for that timer's time,
    /// it calls [`timer_fired`](Self::timer_fired).
    pub fn timer(&self) -> Option<Timer> {
        match (self.link, self.order) {
            (Link::Down | Link::Left, _) => None,
            (_, Order::Cancel) => Some(Timer::Leave),
            _ if !self.answers.is_empty() => Some(Timer::ReadLimit),
            _ if self.rest == Rest::Pausing => self.restless.pause().map(Timer::BackOff),
            _ => Some(Timer::SafetyPoll),
        }
    }

    /// What the worker was told to do.
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Whether the server has answered the greeting and we have not left.
    pub fn is_up(&self) -> bool {
        self.link == Link::Serving
    }

    /// The functions whose jobs may come, those included that are to go.
    pub fn functions(&self) -> &[FunctionName] {
        &self.functions
    }

    /// The jobs that the server counts as ours.
    pub fn held(&self) -> impl ExactSizeIterator<Item = (JobId, JobHandle)> {
        self.held.iter().map(|(id, held)| (*id, held.handle))
    }

    /// Jobs that are running here, whether or not the server still counts them as ours.
    pub fn running(&self) -> usize {
        self.held.len() + self.orphans.len()
    }

    /// Whether PRE_SLEEP was the last word.
    pub fn is_asleep(&self) -> bool {
        self.link == Link::Serving && self.rest == Rest::Asleep
    }

    /// Grabs that are not answered yet.
    pub fn open_grabs(&self) -> usize {
        self.answers.grabs()
    }

    /// Slots in hand that neither a grab nor a job uses.
    pub fn idle_slots(&self) -> usize {
        self.slots
            .saturating_sub(self.open_grabs() + self.running())
    }

    /// Whether the worker was told to leave and has nothing left to do here. A cancelled worker does not
    /// wait for its orphans.
    pub fn is_over(&self) -> bool {
        let apart = matches!(self.link, Link::Down | Link::Left);
        match self.order {
            Order::Work | Order::Quiet => false,
            Order::Drain => apart && self.orphans.is_empty(),
            Order::Cancel => apart,
        }
    }

    /// The stream is there. A worker that was told to leave meanwhile does not begin.
    pub fn connected(&mut self) {
        debug_assert!(matches!(self.link, Link::Down), "connected twice");
        if self.order >= Order::Drain {
            self.actions.push_back(Action::Close);
            return;
        }
        self.link = Link::Greeting;
        self.rest = Rest::Eager;
        self.restless = Restless::default();
        self.window = 1;
        if let Some(id) = self.id {
            self.send(Request::SetClientId(id));
        }
        if self.order == Order::Work {
            self.register();
        }
        self.ask(Answer::Greeting);
    }

    /// Takes in a packet from the server.
    ///
    /// # Errors
    ///
    /// [`Violation`] where the server answers what was not asked: the conversation is out of step, so
    /// close the stream and say [`disconnected`](Self::disconnected). The server then hands out anew
    /// whatever it thinks that we hold.
    pub fn handle_response(&mut self, response: Response) -> Result<(), Violation> {
        match response {
            Response::JobAssign(assignment) => {
                self.answered(Answer::Grab).ok_or(Violation::UnaskedJob)?;
                let job = self.hold(&assignment);
                // A job that comes while we hand jobs back is handed back with them.
                if self.order != Order::Cancel {
                    self.actions.push_back(Action::StartJob(job, assignment));
                }
            }
            Response::NoJob => {
                self.answered(Answer::Grab).ok_or(Violation::UnaskedNoJob)?;
                self.rest = Rest::Dry;
            }
            Response::Echo(data) => {
                let answer = Answer::of_echo(&data).ok_or(Violation::UnaskedEcho)?;
                self.answered(answer).ok_or(Violation::UnaskedEcho)?;
                match answer {
                    Answer::Greeting => {
                        self.link = Link::Serving;
                        self.actions.push_back(Action::Up);
                    }
                    Answer::Barrier => {
                        self.link = Link::Left;
                        self.actions.push_back(Action::Close);
                    }
                    // No NOOP came before it: the server lets us sleep.
                    Answer::Doubt if self.rest == Rest::Asleep => self.restless.calm(),
                    Answer::Doubt | Answer::Probe | Answer::Grab => {}
                }
            }
            // It may stand before the answer to a grab, and is not that answer.
            Response::Noop if self.rest == Rest::Asleep => {
                self.restless.woken(self.answers.is_next(Answer::Doubt));
                self.rest = Rest::Woken;
            }
            Response::Noop => {}
            // It answers an earlier WORK_* packet (the job was cancelled, say), never a grab.
            Response::Error(error) => self.actions.push_back(Action::Refused(error)),
            // For clients; nothing here asked for them.
            Response::JobCreated(_)
            | Response::Work(_)
            | Response::Status(_)
            | Response::UniqueStatus(_)
            | Response::OptionSet(_) => {}
        }
        self.advance();
        Ok(())
    }

    /// Takes in a packet that could not be read. A job that is too large for us, or whose names break the
    /// rules, fails with a warning that says so: closing the connection would only send it to the next worker.
    ///
    /// # Errors
    ///
    /// As [`handle_response`](Self::handle_response).
    pub fn handle_bad_packet(&mut self, error: &PacketError) -> Result<(), Violation> {
        let kind = match error {
            PacketError::Oversized(oversized) => oversized.kind,
            PacketError::Malformed { kind, .. } => *kind,
            // Nothing that we wait for.
            _ => return Ok(()),
        };
        if let Kind::JobAssign | Kind::JobAssignUniq | Kind::JobAssignAll = kind {
            let handle = error.handle().ok_or(Violation::UnreadableJob)?;
            self.answered(Answer::Grab).ok_or(Violation::UnaskedJob)?;
            self.rest = Rest::Eager;
            let warning = Update::Warning(Bytes::from(error.to_string()));
            self.send(Request::Work(Work::update(handle, warning)));
            self.end(handle, Outcome::Fail);
            self.advance();
        }
        Ok(())
    }

    /// A slot that was wanted is there.
    pub fn slot_granted(&mut self) {
        debug_assert!(self.wants_slot, "a slot that nobody wanted");
        self.wants_slot = false;
        self.slots += 1;
        self.advance();
    }

    /// News of a running job. Those of an orphan have nowhere to go.
    pub fn job_update(&mut self, job: JobId, update: Update) {
        if let Some(held) = self.held.get(&job) {
            self.send(Request::Work(Work::update(held.handle, update)));
        }
    }

    /// A job has ended. Its outcome is sent, once, unless the connection it came through is gone.
    pub fn job_finished(&mut self, job: JobId, outcome: Outcome) {
        if let Some(held) = self.held.remove(&job) {
            self.end(held.handle, outcome);
        } else if self.orphans.remove(&job) {
            self.actions
                .push_back(Action::Undelivered(Tally::of(&outcome)));
        }
        self.advance();
    }

    /// The time that [`timer`](Self::timer) named has passed without a byte moving.
    ///
    /// # Errors
    ///
    /// [`Violation::Silence`] where the server let it pass: close the stream.
    pub fn timer_fired(&mut self, timer: Timer) -> Result<(), Violation> {
        if self.timer() != Some(timer) {
            return Ok(());
        }
        match timer {
            Timer::ReadLimit | Timer::Leave => return Err(Violation::Silence),
            Timer::BackOff(_) => {
                self.restless.paused();
                self.rest = Rest::Dry;
            }
            Timer::SafetyPoll if self.rest == Rest::Asleep => self.rest = Rest::Woken,
            Timer::SafetyPoll => self.ask(Answer::Probe),
        }
        self.advance();
        Ok(())
    }

    /// From now on jobs of this function are taken too. Its handler must be there already.
    pub fn add_function(&mut self, function: FunctionName) {
        self.removing.retain(|other| *other != function);
        if !self.functions.contains(&function) {
            self.functions.push(function);
        }
        self.advance();
    }

    /// No more jobs of this function. Until [`Action::Removed`] says so, some may still come. The others
    /// pause on this connection meanwhile: the server must owe us nothing when it forgets a function.
    pub fn remove_function(&mut self, function: &FunctionName) {
        if self.functions.contains(function) && !self.removing.contains(function) {
            self.removing.push(function.clone());
            if !self.registered.contains(function) {
                self.forget_removed();
            }
        }
        self.advance();
    }

    /// No new jobs, finish those that are held, stay.
    pub fn quiet(&mut self) {
        if self.order == Order::Work {
            self.order = Order::Quiet;
            self.advance();
        }
    }

    /// Take jobs again, after [`quiet`](Self::quiet). Nothing brings a leaving worker back.
    pub fn resume(&mut self) {
        if self.order == Order::Quiet {
            self.order = Order::Work;
            if self.link == Link::Serving && matches!(self.rest, Rest::Dry | Rest::Pausing) {
                self.rest = Rest::Eager;
            }
            self.advance();
        }
    }

    /// Drain: no new jobs, finish those that are held, leave.
    pub fn shut_down(&mut self) {
        if self.order < Order::Drain {
            self.order = Order::Drain;
            self.advance();
        }
    }

    /// Leave now: hand the jobs that are held back to the server. Results that were sent are not lost.
    pub fn cancel(&mut self) {
        if self.order != Order::Cancel {
            self.order = Order::Cancel;
            self.advance();
        }
    }

    /// The stream is gone. Jobs that were held become orphans: the server gives them to somebody else.
    pub fn disconnected(&mut self) {
        if self.link != Link::Left {
            self.link = Link::Down;
        }
        self.registered.clear();
        self.forget_removed();
        let unproven = self.answers.clear();
        if unproven != Tally::default() {
            self.actions.push_back(Action::Undelivered(unproven));
        }
        for (job, held) in std::mem::take(&mut self.held) {
            if self.order == Order::Cancel {
                self.actions.push_back(Action::Abandoned(job, held.handle));
            } else {
                self.orphans.insert(job);
                self.actions.push_back(Action::Orphaned(job));
            }
        }
        self.advance();
    }
}
