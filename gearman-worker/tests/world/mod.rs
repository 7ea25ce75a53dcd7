//! A small world without time: the real `Machine`s of some workers, the real `Broker`s, and the packets
//! that are on their way between them. One step moves one thing. A monitor on each wire knows nothing of
//! the machine's insides and checks every packet against the rules of leaving, sleeping and reporting.

#![allow(dead_code, reason = "each test uses a part of it")]

mod sabotage;
pub(crate) mod walk;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

use bytes::Bytes;
use gearman_proto::{FunctionName, JobHandle, Outcome, Request, Response, Submission, Update};
use gearman_server::{Broker, BrokerOptions, ConnectionId, JobPlace, Output};
use gearman_worker::machine::{Action, JobId, Machine, Order, Timer};

pub(crate) use sabotage::Sabotage;
use wire::Wire;

/// Number of a job: its workload.
type JobNumber = u32;

/// What can happen next. Steps that make no sense at the moment do nothing, so that any list of them is
/// a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A client of a server submits a background job of a function.
    Submit(usize, usize),
    /// All packets arrive and all slots are granted, until nothing is on its way. No job ends.
    Calm,
    /// A worker's connection comes about.
    Connect(usize),
    /// The oldest packet of a worker reaches the server.
    ReachServer(usize),
    /// The oldest packet for a worker reaches it.
    ReachWorker(usize),
    /// The connection that waits longest for a slot of its process gets one.
    Grant(usize),
    /// A handler sends a part of its result.
    Update(usize, usize),
    /// A handler returns.
    Finish(usize, usize, bool),
    /// A worker's time for looking by itself, or for trying to sleep again, has come.
    Timer(usize),
    /// The connection breaks. The server still reads so many of the packets that were on their way.
    Cut(usize, usize),
    /// The worker is told to take no jobs.
    Quiet(usize),
    /// The worker is told to take jobs again.
    Resume(usize),
    /// The worker is told to take no jobs of a function.
    Remove(usize, usize),
    /// The worker is told to take jobs of a function.
    Add(usize, usize),
    /// The worker is told to drain.
    ShutDown(usize),
    /// The worker is told to hand its jobs back.
    Cancel(usize),
}

/// What a world is made of.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// `--worker-wakeup` of all servers.
    pub(crate) wakeup: u8,
    pub(crate) servers: usize,
    pub(crate) functions: usize,
    /// The cap of each process.
    pub(crate) caps: Vec<usize>,
    /// The connections: each a process and a server.
    pub(crate) workers: Vec<(usize, usize)>,
    pub(crate) sabotage: Option<Sabotage>,
}

impl Plan {
    /// Processes with one connection each to one server.
    pub(crate) fn simple(wakeup: u8, functions: usize, caps: &[usize]) -> Self {
        let workers = (0..caps.len()).map(|process| (process, 0)).collect();
        let caps = caps.to_vec();
        Self {
            wakeup,
            servers: 1,
            functions,
            caps,
            workers,
            sabotage: None,
        }
    }
}

/// What is known of a job.
#[derive(Clone, Debug, Default, Hash)]
struct Fate {
    started: usize,
    /// Its outcome has reached the server from the connection that held it.
    ended: usize,
    /// How often it was taken away from a worker by a lost connection or a cancelled worker.
    taken_away: usize,
}

#[derive(Clone)]
pub(crate) struct World {
    plan: Plan,
    servers: Vec<Server>,
    processes: Vec<Process>,
    workers: Vec<Worker>,
    jobs: Vec<Fate>,
}

#[derive(Clone)]
struct Server {
    broker: Broker,
    client: ConnectionId,
    /// Handles are never used again while the server lives.
    numbers: BTreeMap<JobHandle, JobNumber>,
    submitted: VecDeque<JobNumber>,
}

/// A cap of slots and who waits for one, first come first served.
#[derive(Clone, Debug, Hash)]
struct Process {
    free_slots: usize,
    queue: VecDeque<usize>,
}

#[derive(Clone)]
struct Worker {
    process: usize,
    server: usize,
    machine: Machine,
    connection: Option<ConnectionId>,
    wire: Wire,
    to_server: VecDeque<Request>,
    to_worker: VecDeque<Response>,
    running: BTreeMap<JobId, JobNumber>,
    /// Functions that it was told to remove and not to add again, until `Removed`.
    removing: BTreeSet<FunctionName>,
}

/// Far above what these worlds need to come to rest.
const MOST_ROUNDS: usize = 10_000;

pub(crate) fn function(index: usize) -> FunctionName {
    FunctionName::new(format!("work{index}")).unwrap()
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let options = BrokerOptions::default().worker_wakeup(plan.wakeup);
        let server = |_| {
            let mut broker = Broker::new(options.clone());
            let client = broker.connect("client");
            Server {
                broker,
                client,
                numbers: BTreeMap::new(),
                submitted: VecDeque::new(),
            }
        };
        let process = |cap: &usize| Process {
            free_slots: *cap,
            queue: VecDeque::new(),
        };
        let worker = |(process, server): &(usize, usize)| Worker {
            process: *process,
            server: *server,
            machine: Machine::new(None, (0..plan.functions).map(function)),
            connection: None,
            wire: Wire::new(plan.sabotage.is_none()),
            to_server: VecDeque::new(),
            to_worker: VecDeque::new(),
            running: BTreeMap::new(),
            removing: BTreeSet::new(),
        };
        Self {
            servers: (0..plan.servers).map(server).collect(),
            processes: plan.caps.iter().map(process).collect(),
            workers: plan.workers.iter().map(worker).collect(),
            jobs: Vec::new(),
            plan,
        }
    }

    pub(crate) fn step(&mut self, step: Step) {
        let count = self.workers.len();
        match step {
            Step::Submit(server, function) => self.submit(server % self.servers.len(), function),
            Step::Calm => self.calm(),
            Step::Connect(i) => self.connect(i % count),
            Step::ReachServer(i) => drop(self.reach_server(i % count)),
            Step::ReachWorker(i) => drop(self.reach_worker(i % count)),
            Step::Grant(process) => drop(self.grant(process % self.processes.len())),
            Step::Update(i, job) => self.update(i % count, job),
            Step::Finish(i, job, well) => drop(self.finish(i % count, job, well)),
            Step::Timer(i) => self.timer(i % count),
            Step::Cut(i, arrived) => self.cut(i % count, arrived),
            Step::Quiet(i) => self.tell(i % count, Machine::quiet),
            Step::Resume(i) => self.tell(i % count, Machine::resume),
            Step::Remove(i, function) => self.remove(i % count, function),
            Step::Add(i, function) => self.add(i % count, function),
            Step::ShutDown(i) => self.shut_down(i % count),
            Step::Cancel(i) => self.tell(i % count, Machine::cancel),
        }
    }

    /// Lets everything go on that goes on by itself, and then looks at what has become of it all.
    pub(crate) fn settle_and_check(mut self) {
        self.settle();
        // A worker that is cut off after it was woken takes the wake-up with it, and under wake-up 1 the
        // server tells nobody else: what the safety poll is for.
        if self.workers.iter().any(|worker| worker.wire.cuts > 0) {
            (0..self.workers.len()).for_each(|i| self.timer(i));
            self.settle();
        }
        self.check_at_rest();
    }

    /// What must be true when nothing is on its way and no handler runs.
    pub(crate) fn check_at_rest(mut self) {
        for (i, worker) in self.workers.iter().enumerate() {
            let (order, over) = (worker.machine.order(), worker.machine.is_over());
            assert_eq!(
                order >= Order::Drain,
                over,
                "worker {i} was told {order:?}, over: {over}"
            );
            if order < Order::Cancel {
                assert!(worker.running.is_empty(), "worker {i} still runs jobs");
            }
            assert!(
                worker.removing.is_empty(),
                "worker {i} never removed {:?}",
                worker.removing
            );
        }
        self.check_nothing_is_stranded();
        // What is left waits for whoever comes next.
        for server in 0..self.servers.len() {
            let caps = [2];
            let plan = Plan {
                sabotage: None,
                ..Plan::simple(0, self.plan.functions, &caps)
            };
            let process = self.processes.len();
            let mut successor = Self::new(plan);
            let mut worker = successor.workers.remove(0);
            (worker.server, worker.process) = (server, process);
            self.workers.push(worker);
            self.processes.append(&mut successor.processes);
        }
        self.settle();
        for server in &self.servers {
            for index in 0..self.plan.functions {
                let function = function(index);
                assert_eq!(
                    server.broker.queued(&function),
                    0,
                    "{function} is left in the queue"
                );
                assert_eq!(
                    server.broker.running(&function),
                    0,
                    "{function} is believed to run"
                );
            }
        }
        for (number, fate) in self.jobs.iter().enumerate() {
            assert_eq!(fate.ended, 1, "job {number} ended {} times", fate.ended);
            let allowed = 1 + fate.taken_away;
            assert!(
                fate.started <= allowed,
                "job {number} was started {} times",
                fate.started
            );
        }
    }

    /// Whoever works for a function must have taken its jobs by now.
    fn check_nothing_is_stranded(&self) {
        for worker in &self.workers {
            if worker.machine.order() != Order::Work || worker.connection.is_none() {
                continue;
            }
            let broker = &self.servers[worker.server].broker;
            let snapshot = broker.snapshot();
            let mine = snapshot
                .connections
                .iter()
                .find(|state| Some(state.id) == worker.connection);
            for function in mine.into_iter().flat_map(|state| &state.abilities) {
                assert_eq!(
                    broker.queued(function),
                    0,
                    "a job of {function} is stranded"
                );
            }
        }
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
                moved |= self.reach_server(i) | self.reach_worker(i);
            }
            for process in 0..self.processes.len() {
                moved |= self.grant(process);
            }
            if !moved {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    fn submit(&mut self, server: usize, index: usize) {
        let number = JobNumber::try_from(self.jobs.len()).unwrap();
        let workload = Bytes::copy_from_slice(&number.to_be_bytes());
        let job = Submission::background(function(index % self.plan.functions), workload);
        self.jobs.push(Fate::default());
        let server_of_job = &mut self.servers[server];
        server_of_job.submitted.push_back(number);
        server_of_job
            .broker
            .handle_request(server_of_job.client, Request::Submit(job));
        self.collect_outputs(server);
    }

    fn connect(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        if worker.connection.is_none() && worker.machine.order() < Order::Drain {
            worker.connection = Some(self.servers[worker.server].broker.connect("worker"));
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
        let server = worker.server;
        if let Some(handle) = Wire::ended(&request) {
            // A result for a job that the server has given to somebody else is none.
            let held = self.servers[server]
                .broker
                .snapshot()
                .jobs
                .iter()
                .any(|job| job.handle == handle && job.place == JobPlace::Running(connection));
            let number = self.servers[server].numbers[&handle];
            self.jobs[number as usize].ended += usize::from(held);
            self.check_retries(server, &handle, number);
        }
        if request == Request::ResetAbilities && self.workers[i].machine.order() == Order::Cancel {
            self.note_taken_away(server, connection);
        }
        self.servers[server]
            .broker
            .handle_request(connection, request);
        self.collect_outputs(server);
        true
    }

    fn reach_worker(&mut self, i: usize) -> bool {
        let worker = &mut self.workers[i];
        let Some(response) = worker.to_worker.pop_front() else {
            return false;
        };
        worker.wire.received(&response);
        if self.sabotaged_arrival(i, &response) {
            return true;
        }
        let taken = self.workers[i].machine.handle_response(response);
        taken.expect("the broker keeps to the protocol");
        self.perform(i);
        true
    }

    fn grant(&mut self, process: usize) -> bool {
        let Process { free_slots, queue } = &mut self.processes[process];
        if *free_slots == 0 {
            return false;
        }
        let Some(i) = queue.pop_front() else {
            return false;
        };
        *free_slots -= 1;
        self.workers[i].wire.slots += 1;
        self.workers[i].machine.slot_granted();
        self.perform(i);
        true
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

    fn timer(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        if let Some(timer @ (Timer::SafetyPoll | Timer::BackOff(_))) = worker.machine.timer() {
            worker.machine.timer_fired(timer).unwrap();
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
        let server = worker.server;
        worker.to_server.clear();
        worker.to_worker.clear();
        worker.wire = worker.wire.renewed();
        if self.plan.sabotage.is_none() {
            self.note_taken_away(server, connection);
        }
        self.servers[server].broker.disconnect(connection);
        self.collect_outputs(server);
    }

    fn shut_down(&mut self, i: usize) {
        if self.workers[i].machine.order() < Order::Drain {
            self.tell(i, Machine::shut_down);
            self.sabotaged_shut_down(i);
        }
    }

    fn remove(&mut self, i: usize, index: usize) {
        let function = function(index % self.plan.functions);
        let worker = &mut self.workers[i];
        if worker.machine.order() < Order::Drain && worker.machine.functions().contains(&function) {
            worker.removing.insert(function.clone());
            self.tell(i, |machine| machine.remove_function(&function));
        }
    }

    fn add(&mut self, i: usize, index: usize) {
        let function = function(index % self.plan.functions);
        self.workers[i].removing.remove(&function);
        self.tell(i, |machine| machine.add_function(function));
    }

    fn tell(&mut self, i: usize, order: impl FnOnce(&mut Machine)) {
        let worker = &mut self.workers[i];
        let before = worker.machine.order();
        order(&mut worker.machine);
        worker.wire.told(before, worker.machine.order());
        self.perform(i);
    }

    fn perform(&mut self, i: usize) {
        while let Some(action) = self.workers[i].machine.poll_action() {
            let worker = &mut self.workers[i];
            match action {
                Action::Send(request) => {
                    if !self.sabotaged_sending(i, &request) {
                        let worker = &mut self.workers[i];
                        worker.wire.sent(&request);
                        worker.to_server.push_back(request);
                        self.sabotaged_after(i);
                    }
                }
                Action::StartJob(id, assignment) => {
                    let number = assignment.workload().as_ref().try_into().unwrap();
                    let number = JobNumber::from_be_bytes(number);
                    assert!(
                        worker.running.insert(id, number).is_none(),
                        "an id is used twice"
                    );
                    self.jobs[number as usize].started += 1;
                }
                Action::Abandoned(id, _) => drop(worker.running.remove(&id)),
                Action::WantSlot => {
                    let queue = &mut self.processes[worker.process].queue;
                    assert!(!queue.contains(&i), "two slots wanted at once");
                    queue.push_back(i);
                }
                Action::ReleaseSlots(count) => {
                    worker.wire.release(count);
                    self.processes[worker.process].free_slots += count;
                }
                Action::Removed(function) => {
                    assert!(!worker.machine.functions().contains(&function));
                    worker.removing.remove(&function);
                }
                Action::Close => {
                    worker.wire.closed();
                    self.part(i);
                    self.workers[i].machine.disconnected();
                }
                Action::Refused(error) => {
                    assert!(self.plan.sabotage.is_some(), "{error}");
                }
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

    fn collect_outputs(&mut self, server: usize) {
        let Server {
            broker,
            client,
            numbers,
            submitted,
        } = &mut self.servers[server];
        while let Some((to, output)) = broker.poll_output() {
            let Output::Response(response) = output else {
                panic!("unexpected {output:?}")
            };
            if to == *client {
                let Response::JobCreated(handle) = response else {
                    panic!("{response:?}")
                };
                numbers.insert(handle, submitted.pop_front().unwrap());
            } else if let Some(worker) = self
                .workers
                .iter_mut()
                .find(|worker| worker.server == server && worker.connection == Some(to))
            {
                worker.to_worker.push_back(response);
            }
        }
    }

    /// The server counts a retry for each time that a job was taken away from a worker, and no others.
    fn check_retries(&self, server: usize, handle: &JobHandle, number: JobNumber) {
        let retries = self.servers[server]
            .broker
            .retries(handle)
            .map_or(0, usize::from);
        let allowed = self.jobs[number as usize].taken_away;
        assert!(
            retries <= allowed,
            "job {number} was requeued {retries} times, not {allowed}"
        );
    }

    /// The jobs that a connection holds are taken away from it by what happens next.
    fn note_taken_away(&mut self, server: usize, connection: ConnectionId) {
        let Server {
            broker, numbers, ..
        } = &self.servers[server];
        let snapshot = broker.snapshot();
        let held = snapshot
            .connections
            .iter()
            .filter(|state| state.id == connection);
        for handle in held.flat_map(|state| &state.held) {
            self.jobs[numbers[handle] as usize].taken_away += 1;
        }
    }
}

/// All that decides what can happen next and how it will be judged.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for server in &self.servers {
            server.broker.snapshot().hash(state);
        }
        self.processes.hash(state);
        self.jobs.hash(state);
        for worker in &self.workers {
            let Worker {
                process: _,
                server: _,
                machine,
                connection,
                wire,
                ..
            } = worker;
            (machine, connection, wire).hash(state);
            let Worker {
                to_server,
                to_worker,
                running,
                removing,
                ..
            } = worker;
            (to_server, to_worker, running, removing).hash(state);
        }
    }
}

impl Worker {
    fn running_job(&self, index: usize) -> Option<JobId> {
        let count = self.running.len();
        self.running.keys().nth(index % count.max(1)).copied()
    }
}
