use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use gearman_proto::{AssignmentForm, ClientId, Outcome, Request, Response, WorkEvent};
use gearman_worker::machine::{Action, JobId, Machine, Order, Timer, Violation};

use super::step::{FUNCTIONS, Step, assignment, function_called};

/// Packets that one input brings forth besides those that are counted in [`Playground::allowed`]: news and
/// end of a job, PRE_SLEEP and the echo behind it, RESET_ABILITIES and the barrier, id and greeting.
const FEW: usize = 8;

/// A machine, what the driver does for it, and what is known of it.
pub(crate) struct Playground {
    machine: Machine,
    /// Slots that nobody has, and those in the machine's hand.
    free: usize,
    in_hand: usize,
    cap: usize,
    wants_slot: bool,
    connected: bool,
    /// By ourselves: nobody connects again.
    closed: bool,
    /// Questions that the server has not answered, as far as it behaves.
    asked: VecDeque<Question>,
    /// Jobs whose handlers run.
    running: Vec<JobId>,
    ended: BTreeSet<JobId>,
    /// On this connection.
    grabs: usize,
    started: usize,
    handles: usize,
    /// Inputs since the actions were polled, and what they may bring forth.
    packets_allowed: usize,
    actions_allowed: usize,
    corners: Corners,
}

#[derive(Debug)]
enum Question {
    Grab,
    Echo(Bytes),
}

/// What a story came by, for the test of the stories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Corners {
    pub(crate) up: bool,
    pub(crate) many_jobs: bool,
    pub(crate) asleep: bool,
    pub(crate) paused: bool,
    pub(crate) orphaned: bool,
    pub(crate) abandoned: bool,
    pub(crate) removed: bool,
    pub(crate) closed: bool,
    pub(crate) violated: bool,
    pub(crate) fell_silent: bool,
    pub(crate) unreadable_job: bool,
}

impl Corners {
    #[allow(dead_code, reason = "who only plays does not ask")]
    pub(crate) const fn all(self) -> [(&'static str, bool); 11] {
        [
            ("up", self.up),
            ("many jobs", self.many_jobs),
            ("asleep", self.asleep),
            ("paused", self.paused),
            ("orphaned", self.orphaned),
            ("abandoned", self.abandoned),
            ("removed", self.removed),
            ("closed", self.closed),
            ("violated", self.violated),
            ("fell silent", self.fell_silent),
            ("unreadable job", self.unreadable_job),
        ]
    }
}

impl Playground {
    /// The last of the sizes is a cap that is never reached.
    pub(crate) fn new(size: usize) -> Self {
        let cap = if size == 11 { 1000 } else { size };
        let id = ClientId::new("id").ok();
        Self {
            machine: Machine::new(id, [function_called(0), function_called(1)]),
            free: cap,
            in_hand: 0,
            cap,
            wants_slot: false,
            connected: false,
            closed: false,
            asked: VecDeque::new(),
            running: Vec::new(),
            ended: BTreeSet::new(),
            grabs: 0,
            started: 0,
            handles: 0,
            packets_allowed: 0,
            actions_allowed: 0,
            corners: Corners::default(),
        }
    }

    pub(crate) fn step(&mut self, step: Step) {
        // As in the driver, several packets and several reports are taken in at once, nothing else.
        let in_batch = matches!(
            step,
            Step::Answer(_)
                | Step::Send(_)
                | Step::SendBad(_)
                | Step::Update(..)
                | Step::Finish(..)
        );
        if !in_batch {
            self.perform();
        }
        self.allow();
        match step {
            Step::Answer(with_job) if self.connected => self.answer(with_job),
            Step::Send(response) if self.connected => self.receive(response),
            Step::SendBad(error) if self.connected => {
                self.corners.unreadable_job = true;
                let taken = self.machine.handle_bad_packet(&error);
                self.mind(taken);
            }
            Step::Connect if !self.connected && !self.closed => {
                self.connected = true;
                (self.grabs, self.started) = (0, 0);
                self.asked.clear();
                self.machine.connected();
            }
            Step::Disconnect if self.connected => self.disconnect(),
            Step::Grant => self.grant(),
            Step::Update(job, update) if !self.running.is_empty() => {
                let job = self.running[job % self.running.len()];
                self.machine.job_update(job, update);
            }
            Step::Finish(job, outcome) if !self.running.is_empty() => {
                let job = job % self.running.len();
                self.finish(job, outcome);
            }
            Step::RunOut => {
                if let Some(timer @ (Timer::SafetyPoll | Timer::BackOff(_))) = self.machine.timer()
                {
                    self.corners.paused |= timer != Timer::SafetyPoll;
                    let fired = self.machine.timer_fired(timer);
                    self.mind(fired);
                }
            }
            Step::Fire(timer) => {
                let runs = self.machine.timer() == Some(timer);
                let before = self.machine.clone();
                let fired = self.machine.timer_fired(timer);
                assert!(runs || self.machine == before, "{timer:?} did not run");
                self.corners.fell_silent |= fired.is_err();
                self.mind(fired);
            }
            Step::Add(function) => self.machine.add_function(function),
            Step::Remove(function) => self.machine.remove_function(&function),
            Step::Quiet => self.machine.quiet(),
            Step::Resume => self.machine.resume(),
            Step::ShutDown => self.machine.shut_down(),
            Step::Cancel => self.machine.cancel(),
            // It can't happen now.
            _ => {}
        }
        self.check();
        if !in_batch {
            self.perform();
        }
    }

    /// Every story can be brought to an end, and then nothing is left over.
    pub(crate) fn end(mut self) -> Corners {
        self.perform();
        let drains = self.machine.order() == Order::Drain;
        if !drains {
            self.step(Step::Cancel);
        }
        if self.connected {
            self.step(Step::Disconnect);
        }
        if drains {
            self.finish_all();
        }
        assert!(self.machine.is_over(), "{:?}", self.machine);
        assert_eq!(self.machine.timer(), None);
        self.finish_all();
        if self.wants_slot {
            self.free += 1;
            self.cap += 1;
            self.step(Step::Grant);
        }
        assert_eq!((self.in_hand, self.free), (0, self.cap), "a slot is lost");
        assert_eq!(self.machine.running() + self.machine.open_grabs(), 0);
        self.corners
    }

    fn finish_all(&mut self) {
        while !self.running.is_empty() {
            self.step(Step::Finish(0, Outcome::Fail));
        }
        self.perform();
    }

    /// What the input that comes now may bring forth.
    fn allow(&mut self) {
        let functions = self.machine.functions().len() + 1;
        // A grab needs a slot in hand, but for the last one of a cancelled machine.
        let packets = functions + self.in_hand + FEW;
        self.packets_allowed += packets;
        self.actions_allowed += packets + functions + self.machine.running() + FEW;
    }

    fn answer(&mut self, with_job: bool) {
        match self.asked.pop_front() {
            Some(Question::Echo(data)) => self.receive(Response::Echo(data)),
            Some(Question::Grab) if with_job => {
                self.handles = (self.handles + 1) % 8;
                let form = AssignmentForm::Unique(None);
                let function = self.handles % usize::from(FUNCTIONS);
                self.receive(Response::JobAssign(assignment(
                    self.handles,
                    function,
                    form,
                )));
            }
            Some(Question::Grab) => self.receive(Response::NoJob),
            None => {}
        }
    }

    fn receive(&mut self, response: Response) {
        let taken = self.machine.handle_response(response);
        self.mind(taken);
    }

    /// After a violation the stream is closed.
    fn mind(&mut self, taken: Result<(), Violation>) {
        if taken.is_err() {
            self.corners.violated = true;
            self.disconnect();
        }
    }

    fn disconnect(&mut self) {
        self.allow();
        self.connected = false;
        self.machine.disconnected();
    }

    fn grant(&mut self) {
        if self.wants_slot && self.free > 0 {
            self.free -= 1;
            self.in_hand += 1;
            self.wants_slot = false;
            self.machine.slot_granted();
        }
    }

    fn finish(&mut self, job: usize, outcome: Outcome) {
        let job = self.running.swap_remove(job);
        self.ended.insert(job);
        self.machine.job_finished(job, outcome);
    }

    /// Does everything that the machine wants.
    fn perform(&mut self) {
        let (mut packets, mut actions) = (0, 0);
        while let Some(action) = self.machine.poll_action() {
            actions += 1;
            match action {
                Action::Send(request) => {
                    packets += 1;
                    self.sent(&request);
                }
                Action::Up => self.corners.up = true,
                Action::StartJob(job, _) => {
                    assert!(!self.ended.contains(&job) && !self.running.contains(&job));
                    self.running.push(job);
                    self.started += 1;
                    self.corners.many_jobs |= self.running.len() > 3;
                    assert!(self.started <= self.grabs, "a job that nobody asked for");
                }
                Action::Orphaned(job) => {
                    self.corners.orphaned = true;
                    assert!(self.running.contains(&job) || self.ended.contains(&job));
                }
                Action::Abandoned(job, _) => {
                    self.corners.abandoned = true;
                    self.running.retain(|other| *other != job);
                }
                Action::WantSlot => {
                    assert!(!self.wants_slot, "a second slot is wanted before the first");
                    self.wants_slot = true;
                    // As in the driver, one that is free is there at once.
                    self.allow();
                    self.grant();
                }
                Action::ReleaseSlots(count) => {
                    assert!(count <= self.in_hand, "slots that are not in hand");
                    self.in_hand -= count;
                    self.free += count;
                }
                Action::Removed(_) => self.corners.removed = true,
                Action::Close => {
                    self.corners.closed |= self.corners.up;
                    self.closed = true;
                    self.disconnect();
                }
                _ => {}
            }
        }
        assert!(
            packets <= self.packets_allowed,
            "{packets} packets where {} are enough",
            self.packets_allowed
        );
        assert!(
            actions <= self.actions_allowed,
            "{actions} actions where {} are enough",
            self.actions_allowed
        );
        (self.packets_allowed, self.actions_allowed) = (0, 0);
        self.corners.asleep |= self.machine.is_asleep();
        self.check();
    }

    fn sent(&mut self, request: &Request) {
        match request {
            Request::GrabJob(_) => {
                self.grabs += 1;
                self.asked.push_back(Question::Grab);
            }
            Request::Echo(data) => self.asked.push_back(Question::Echo(data.clone())),
            Request::Work(work) => {
                let update = matches!(work.event, WorkEvent::Update(_));
                assert!(update || self.grabs > 0, "the end of a job that never came");
            }
            _ => {}
        }
    }

    fn check(&self) {
        let used = self.machine.open_grabs() + self.machine.running();
        // A cancelled machine that sleeps grabs once more, without a slot if need be.
        let more = usize::from(self.machine.order() == Order::Cancel);
        assert!(
            used <= self.in_hand + more,
            "{used} grabs and jobs with {} slots",
            self.in_hand
        );
        assert!(self.in_hand <= self.cap + more);
    }
}
