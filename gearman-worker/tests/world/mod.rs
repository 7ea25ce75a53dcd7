//! A small world without time: the real `Machine`s of some workers, the real `Broker`, and the packets
//! that are on their way between them. One step moves one thing. A monitor on each wire knows nothing of
//! the machine's insides and checks every packet against the rules of leaving, sleeping and reporting.

mod wire;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use gearman_proto::{FunctionName, JobHandle, Outcome, Request, Response, Submission, Update};
use gearman_server::{Broker, BrokerOptions, ConnectionId, Output};
use gearman_worker::machine::{Action, JobId, Machine, Order, Timer};

use wire::Wire;

/// Number of a job: its workload.
pub(crate) type JobNumber = u32;

/// What can happen next. Steps that make no sense at the moment do nothing, so that any list of them is
/// a story.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// A client submits a background job.
    Submit,
    /// All packets arrive and all slots are granted, until nothing is on its way. No job ends.
    Calm,
    /// A worker's connection comes about.
    Connect(usize),
    /// The oldest packet of a worker reaches the server.
    ToServer(usize),
    /// The oldest packet for a worker reaches it.
    ToWorker(usize),
    /// The worker that waits longest for a slot of its own cap gets one.
    Grant(usize),
    /// A handler sends a part of its result.
    Update(usize, usize),
    /// A handler returns.
    Finish(usize, usize, bool),
    /// A sleeping worker looks for itself.
    SafetyPoll(usize),
    /// The connection breaks. The server still reads so many of the packets that were on their way.
    Cut(usize, usize),
    /// The worker is told to drain.
    ShutDown(usize),
    /// The worker is told to hand its jobs back.
    Cancel(usize),
}

/// What is known of a job.
#[derive(Clone, Debug, Default)]
struct Fate {
    started: usize,
    /// Its outcome has reached the server from the connection that held it.
    ended: usize,
    /// How often it was taken away from a worker by a lost connection or a cancelled worker.
    taken_away: usize,
}

/// Far above what these worlds need to come to rest.
const MOST_ROUNDS: usize = 10_000;

pub(crate) struct World {
    broker: Broker,
    client: ConnectionId,
    function: FunctionName,
    workers: Vec<Worker>,
    jobs: BTreeMap<JobNumber, Fate>,
    /// The server's handles, never used again while it lives.
    numbers: BTreeMap<JobHandle, JobNumber>,
    wakeup: u8,
}

struct Worker {
    machine: Machine,
    connection: Option<ConnectionId>,
    wire: Wire,
    to_server: VecDeque<Request>,
    to_worker: VecDeque<Response>,
    running: BTreeMap<JobId, JobNumber>,
    /// Slots of its cap that are not in the machine's hand.
    free_slots: usize,
    waits_for_slot: bool,
}

impl World {
    pub(crate) fn new(wakeup: u8, concurrencies: &[usize]) -> Self {
        let mut broker = Broker::new(BrokerOptions::default().worker_wakeup(wakeup));
        let client = broker.connect("client");
        let function = FunctionName::new("work").unwrap();
        let worker = |concurrency: &usize| Worker {
            machine: Machine::new(None, [function.clone()]),
            connection: None,
            wire: Wire::default(),
            to_server: VecDeque::new(),
            to_worker: VecDeque::new(),
            running: BTreeMap::new(),
            free_slots: *concurrency,
            waits_for_slot: false,
        };
        let workers = concurrencies.iter().map(worker).collect();
        let (jobs, numbers) = (BTreeMap::new(), BTreeMap::new());
        Self {
            broker,
            client,
            function,
            workers,
            jobs,
            numbers,
            wakeup,
        }
    }

    pub(crate) fn step(&mut self, step: Step) {
        let count = self.workers.len();
        match step {
            Step::Submit => self.submit(),
            Step::Calm => self.calm(),
            Step::Connect(i) => self.connect(i % count),
            Step::ToServer(i) => drop(self.reach_server(i % count)),
            Step::ToWorker(i) => drop(self.reach_worker(i % count)),
            Step::Grant(i) => drop(self.grant(i % count)),
            Step::Update(i, job) => self.update(i % count, job),
            Step::Finish(i, job, well) => drop(self.finish(i % count, job, well)),
            Step::SafetyPoll(i) => self.safety_poll(i % count),
            Step::Cut(i, arrived) => self.cut(i % count, arrived),
            Step::ShutDown(i) => self.shut_down(i % count),
            Step::Cancel(i) => self.cancel(i % count),
        }
    }

    /// Lets everything go on that goes on by itself, and then looks at what has become of it all.
    pub(crate) fn settle_and_check(mut self) {
        self.settle();
        if self.wakeup == 1 {
            // A worker that is cut off after it was woken takes the wake-up with it, and the server tells
            // nobody else: what the safety poll is for.
            if self.jobs.values().any(|fate| fate.taken_away > 0) || self.has_lost_wake_ups() {
                (0..self.workers.len()).for_each(|i| self.safety_poll(i));
                self.settle();
            }
        }
        for (i, worker) in self.workers.iter().enumerate() {
            let (order, over) = (worker.machine.order(), worker.machine.is_over());
            assert_eq!(
                order != Order::Work,
                over,
                "worker {i} was told to leave and has not ended"
            );
            assert!(
                worker.running.is_empty() || order == Order::Cancel,
                "worker {i} still runs jobs"
            );
        }
        let somebody_works = self
            .workers
            .iter()
            .any(|worker| worker.machine.order() == Order::Work);
        if somebody_works {
            assert_eq!(self.broker.queued(&self.function), 0, "a job is stranded");
        } else {
            // What is left waits for whoever comes next.
            let successor = Self::new(0, &[2]).workers.remove(0);
            self.workers.push(successor);
            self.settle();
        }
        assert_eq!(
            self.broker.queued(&self.function),
            0,
            "a job is left in the queue"
        );
        assert_eq!(
            self.broker.running(&self.function),
            0,
            "the server believes that a job runs"
        );
        for (number, fate) in &self.jobs {
            assert_eq!(fate.ended, 1, "job {number} ended {} times", fate.ended);
            let allowed = 1 + fate.taken_away;
            assert!(
                fate.started <= allowed,
                "job {number} was started {} times",
                fate.started
            );
        }
    }

    fn has_lost_wake_ups(&self) -> bool {
        self.workers.iter().any(|worker| worker.wire.cuts > 0)
    }

    /// Until nothing moves any more.
    fn settle(&mut self) {
        for _ in 0..MOST_ROUNDS {
            (0..self.workers.len()).for_each(|i| self.connect(i));
            self.calm();
            let ended = (0..self.workers.len())
                .filter(|i| self.finish(*i, 0, true))
                .count();
            if ended == 0 {
                return;
            }
        }
        panic!("the jobs do not come to an end");
    }

    fn calm(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let mut moved = false;
            for i in 0..self.workers.len() {
                moved |= self.reach_server(i) | self.reach_worker(i) | self.grant(i);
            }
            if !moved {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    fn submit(&mut self) {
        let number = JobNumber::try_from(self.jobs.len()).unwrap();
        let workload = Bytes::copy_from_slice(&number.to_be_bytes());
        let job = Submission::background(self.function.clone(), workload);
        self.broker
            .handle_request(self.client, Request::Submit(job));
        self.jobs.insert(number, Fate::default());
        self.collect_outputs();
    }

    fn connect(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        if worker.connection.is_none() && worker.machine.order() == Order::Work {
            worker.connection = Some(self.broker.connect("worker"));
            worker.machine.connected();
            self.perform(i);
        }
    }

    fn reach_server(&mut self, i: usize) -> bool {
        let worker = &mut self.workers[i];
        let Some(connection) = worker.connection else {
            return false;
        };
        let Some(request) = worker.to_server.pop_front() else {
            return false;
        };
        if let Some(handle) = Wire::ended(&request) {
            let number = self.numbers[&handle];
            self.jobs.get_mut(&number).unwrap().ended += 1;
            self.check_retries(&handle, number);
        }
        if request == Request::ResetAbilities {
            self.note_taken_away(connection);
        }
        self.broker.handle_request(connection, request);
        self.collect_outputs();
        true
    }

    fn reach_worker(&mut self, i: usize) -> bool {
        let worker = &mut self.workers[i];
        let Some(response) = worker.to_worker.pop_front() else {
            return false;
        };
        worker.wire.received(&response);
        worker
            .machine
            .handle_response(response)
            .expect("the broker keeps to the protocol");
        self.perform(i);
        true
    }

    fn grant(&mut self, i: usize) -> bool {
        let worker = &mut self.workers[i];
        let possible = worker.waits_for_slot && worker.free_slots > 0;
        if possible {
            worker.waits_for_slot = false;
            worker.free_slots -= 1;
            worker.wire.slots += 1;
            worker.machine.slot_granted();
            self.perform(i);
        }
        possible
    }

    fn update(&mut self, i: usize, job: usize) {
        if let Some(id) = self.workers[i].running_job(job) {
            self.workers[i]
                .machine
                .job_update(id, Update::Data(Bytes::from_static(b"part")));
            self.perform(i);
        }
    }

    fn finish(&mut self, i: usize, job: usize, well: bool) -> bool {
        let worker = &mut self.workers[i];
        let Some(id) = worker.running_job(job) else {
            return false;
        };
        worker.running.remove(&id);
        let outcome = if well {
            Outcome::Complete(Bytes::new())
        } else {
            Outcome::Fail
        };
        worker.machine.job_finished(id, outcome);
        self.perform(i);
        true
    }

    fn safety_poll(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        if worker.machine.timer() == Some(Timer::SafetyPoll) {
            worker.machine.timer_fired(Timer::SafetyPoll).unwrap();
            self.perform(i);
        }
    }

    fn cut(&mut self, i: usize, arrived: usize) {
        if self.workers[i].connection.is_none() {
            return;
        }
        for _ in 0..arrived {
            self.reach_server(i);
        }
        self.part(i);
        self.workers[i].wire.cuts += 1;
        self.workers[i].machine.disconnected();
        self.perform(i);
    }

    /// The server sees the connection end.
    fn part(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        let Some(connection) = worker.connection.take() else {
            return;
        };
        worker.to_server.clear();
        worker.to_worker.clear();
        worker.wire = worker.wire.renewed();
        self.note_taken_away(connection);
        self.broker.disconnect(connection);
        self.collect_outputs();
    }

    fn shut_down(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        worker.wire.told_to_drain();
        worker.machine.shut_down();
        self.perform(i);
    }

    fn cancel(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        worker.wire.told_to_cancel();
        worker.machine.cancel();
        self.perform(i);
    }

    fn perform(&mut self, i: usize) {
        while let Some(action) = self.workers[i].machine.poll_action() {
            let worker = &mut self.workers[i];
            match action {
                Action::Send(request) => {
                    worker.wire.sent(&request);
                    worker.to_server.push_back(request);
                }
                Action::StartJob(id, assignment) => {
                    let number = assignment.workload.as_ref().try_into().unwrap();
                    let number = JobNumber::from_be_bytes(number);
                    assert!(
                        worker.running.insert(id, number).is_none(),
                        "an id is used twice"
                    );
                    self.jobs.get_mut(&number).unwrap().started += 1;
                }
                Action::Abandoned(id, _) => drop(worker.running.remove(&id)),
                Action::WantSlot => {
                    assert!(!worker.waits_for_slot, "two slots wanted at once");
                    worker.waits_for_slot = true;
                }
                Action::ReleaseSlots(count) => {
                    worker.free_slots += count;
                    worker.wire.release(count);
                }
                Action::Close => {
                    worker.wire.closed();
                    self.part(i);
                    self.workers[i].machine.disconnected();
                }
                Action::Refused(error) => assert!(worker.wire.cancelled(), "{error}"),
                Action::Up
                | Action::Orphaned(_)
                | Action::Confirmed(_)
                | Action::Undelivered(_) => {}
                action => panic!("unknown action {action:?}"),
            }
        }
        let worker = &self.workers[i];
        worker.wire.check_slots(worker.machine.running());
    }

    fn collect_outputs(&mut self) {
        while let Some((to, output)) = self.broker.poll_output() {
            let Output::Response(response) = output else {
                panic!("unexpected {output:?}")
            };
            if to == self.client {
                let Response::JobCreated(handle) = response else {
                    panic!("{response:?}")
                };
                let number = JobNumber::try_from(self.numbers.len()).unwrap();
                self.numbers.insert(handle, number);
            } else if let Some(worker) = self
                .workers
                .iter_mut()
                .find(|worker| worker.connection == Some(to))
            {
                worker.to_worker.push_back(response);
            }
        }
    }

    /// The server counts a retry for each time that a job was taken away from a worker, and no others.
    fn check_retries(&self, handle: &JobHandle, number: JobNumber) {
        let retries = self.broker.retries(handle).map_or(0, usize::from);
        let allowed = self.jobs[&number].taken_away;
        assert!(
            retries <= allowed,
            "job {number} was requeued {retries} times, not {allowed}"
        );
    }

    /// The jobs that a connection holds are taken away from it by what happens next.
    fn note_taken_away(&mut self, connection: ConnectionId) {
        let snapshot = self.broker.snapshot();
        let held = snapshot
            .connections
            .iter()
            .filter(|state| state.id == connection);
        for handle in held.flat_map(|state| &state.held) {
            let number = self.numbers[handle];
            self.jobs.get_mut(&number).unwrap().taken_away += 1;
        }
    }
}

impl Worker {
    fn running_job(&self, index: usize) -> Option<JobId> {
        let count = self.running.len();
        self.running.keys().nth(index % count.max(1)).copied()
    }
}
