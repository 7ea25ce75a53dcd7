//! What holds whatever happens.

use std::collections::HashMap;
use std::time::Duration;

use gearman_proto::{
    GrabForm, JobHandle, Outcome, Priority, Request, Response, Submission, SubmissionMode, Update,
    Work, WorkEvent,
};
use gearman_server::{Broker, BrokerOptions, ConnectionId, JobPlace, Output, Snapshot};
use proptest::prelude::*;

use crate::world::{function, job, unique};

const CONNECTIONS: usize = 4;
const FUNCTIONS: [&str; 2] = ["f", "g"];

/// What happens next. Connections and jobs are picked among those that are there.
#[derive(Clone, Debug)]
enum Step {
    Reconnect(usize),
    Request(usize, Request),
    /// News about the n-th job that exists, whoever holds it.
    News(usize, usize, WorkEvent),
    Cancel(usize),
    Drop(usize),
    Clock(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..CONNECTIONS;
    prop_oneof![
        1 => who.clone().prop_map(Step::Reconnect),
        12 => (who.clone(), request()).prop_map(|(who, request)| Step::Request(who, request)),
        6 => (who, any::<usize>(), event()).prop_map(|(who, job, event)| Step::News(who, job, event)),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => (0..FUNCTIONS.len()).prop_map(Step::Drop),
        1 => (0..20_u64).prop_map(Step::Clock),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let name = || prop::sample::select(FUNCTIONS.to_vec()).prop_map(function);
    let form = prop::sample::select(vec![GrabForm::Plain, GrabForm::Unique, GrabForm::All]);
    prop_oneof![
        3 => name().prop_map(Request::CanDo),
        1 => name().prop_map(|name| Request::CanDoTimeout(name, 2_000)),
        1 => name().prop_map(Request::CantDo),
        1 => Just(Request::ResetAbilities),
        4 => Just(Request::PreSleep),
        6 => form.prop_map(Request::GrabJob),
        6 => submission().prop_map(Request::Submit),
        1 => Just(Request::GetStatusUnique(unique("u"))),
    ]
}

fn submission() -> impl Strategy<Value = Submission> {
    let levels = vec![Priority::High, Priority::Normal, Priority::Low];
    let level = prop::sample::select(levels);
    let mode = prop_oneof![
        3 => level.clone().prop_map(SubmissionMode::Foreground),
        2 => level.prop_map(SubmissionMode::Background),
        1 => (0..20_u64).prop_map(SubmissionMode::Epoch),
    ];
    let same = prop::option::of(prop::sample::select(vec!["u", "v", "-"]));
    let name = prop::sample::select(FUNCTIONS.to_vec());
    (name, same, mode).prop_map(|(name, same, mode)| Submission {
        unique: same.map(unique),
        mode,
        ..job(name)
    })
}

fn event() -> impl Strategy<Value = WorkEvent> {
    prop::sample::select(vec![
        WorkEvent::Update(Update::Data("d".into())),
        WorkEvent::End(Outcome::Complete("r".into())),
        WorkEvent::End(Outcome::Fail),
        WorkEvent::End(Outcome::Exception("e".into())),
    ])
}

/// A broker under test, and how many final packets each connection may still expect for each job.
struct Witness {
    broker: Broker,
    connections: Vec<ConnectionId>,
    expected: HashMap<(ConnectionId, JobHandle), usize>,
    transcript: Vec<(ConnectionId, Output)>,
}

impl Witness {
    fn new(options: BrokerOptions) -> Self {
        let mut broker = Broker::new(options);
        let connections = (0..CONNECTIONS).map(|_| broker.connect("-")).collect();
        Self {
            broker,
            connections,
            expected: HashMap::new(),
            transcript: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Reconnect(who) => {
                let gone = self.connections[who];
                self.broker.disconnect(gone);
                self.expected.retain(|(client, _), _| *client != gone);
                self.connections[who] = self.broker.connect("-");
                self.listen();
            }
            Step::Request(who, request) => {
                let from = self.connections[who];
                // Who registers while asleep has to grab: only new jobs wake.
                let registers = matches!(request, Request::CanDo(_) | Request::CanDoTimeout(..));
                let was_asleep = self.broker.is_sleeping(from);
                self.request(from, request);
                if registers && was_asleep {
                    self.request(from, Request::GrabJob(GrabForm::All));
                }
            }
            Step::News(who, job, event) => {
                if let Some(handle) = self.pick(job) {
                    let news = Work { handle, event };
                    self.request(self.connections[who], Request::Work(news));
                }
            }
            Step::Cancel(job) => {
                if let Some(handle) = self.pick(job) {
                    self.command(&format!("cancel job {handle}"));
                }
            }
            Step::Drop(name) => self.command(&format!("drop function {}", FUNCTIONS[name])),
            Step::Clock(second) => {
                self.broker.advance_clock(Duration::from_secs(second));
                self.listen();
            }
        }
    }

    /// Sends a request and counts the answers.
    fn request(&mut self, from: ConnectionId, request: Request) {
        let is_foreground = matches!(&request, Request::Submit(job) if !job.is_background());
        let (least, most) = match request {
            Request::GrabJob(_) | Request::Submit(_) | Request::GetStatusUnique(_) => (1, 1),
            Request::PreSleep | Request::Work(_) => (0, 1),
            _ => (0, 0),
        };
        let is_sleepy = request == Request::PreSleep;
        self.broker.handle_request(from, request);
        let mut answers = 0;
        while let Some((to, output)) = self.poll() {
            let Output::Response(response) = output else {
                panic!("{output:?} as an answer to a packet")
            };
            let answers_request = match &response {
                Response::Work(_) => false,
                Response::Noop => is_sleepy,
                _ => true,
            };
            if answers_request {
                assert_eq!(to, from, "{response:?}");
                answers += 1;
            }
            if let (Response::JobCreated(handle), true) = (&response, is_foreground) {
                *self.expected.entry((from, *handle)).or_default() += 1;
            }
            self.hear(to, &response);
        }
        assert!((least..=most).contains(&answers), "{answers} answers");
    }

    fn poll(&mut self) -> Option<(ConnectionId, Output)> {
        let polled = self.broker.poll_output()?;
        self.transcript.push(polled.clone());
        Some(polled)
    }

    fn listen(&mut self) {
        while let Some((to, output)) = self.poll() {
            if let Output::Response(response) = output {
                self.hear(to, &response);
            }
        }
    }

    /// Nobody gets a packet about a job after the final one.
    fn hear(&mut self, to: ConnectionId, response: &Response) {
        let Response::Work(Work { handle, event }) = response else {
            return;
        };
        let expected = self.expected.get_mut(&(to, *handle)).expect("a subscriber");
        assert!(*expected > 0, "{event:?} after the end of {handle}");
        if matches!(event, WorkEvent::End(_)) {
            *expected -= 1;
        }
    }

    fn command(&mut self, line: &str) {
        let command = gearman_admin::Command::parse(&line.to_owned().into());
        self.broker.handle_command(self.connections[0], command);
        self.listen();
    }

    fn pick(&self, number: usize) -> Option<JobHandle> {
        let jobs = self.broker.snapshot().jobs;
        let index = number.checked_rem(jobs.len())?;
        Some(jobs[index].handle)
    }

    /// Ends every job, as a diligent worker would.
    fn finish(&mut self) {
        self.broker.advance_clock(Duration::MAX);
        self.listen();
        let diligent = self.broker.connect("-");
        for name in FUNCTIONS {
            self.request(diligent, Request::CanDo(function(name)));
        }
        for idle in self.connections.clone() {
            self.request(idle, Request::ResetAbilities);
        }
        loop {
            self.request(diligent, Request::GrabJob(GrabForm::All));
            let snapshot = self.broker.snapshot();
            let held = &snapshot.connections.last().expect("the diligent one").held;
            let Some(handle) = held.first() else { return };
            let done = Work::end(*handle, Outcome::Complete("r".into()));
            self.request(diligent, Request::Work(done));
        }
    }
}

/// A queued job is in one queue, a running one in one pair of hands, a waiting one nowhere.
fn every_job_is_in_one_place(snapshot: &Snapshot) {
    let mut queued = HashMap::<JobHandle, usize>::new();
    for handle in snapshot
        .functions
        .iter()
        .flat_map(|function| function.queued.iter().flatten())
    {
        *queued.entry(*handle).or_default() += 1;
    }
    let mut held = HashMap::<JobHandle, Vec<ConnectionId>>::new();
    for connection in &snapshot.connections {
        for handle in &connection.held {
            held.entry(*handle).or_default().push(connection.id);
        }
    }
    for job in &snapshot.jobs {
        let places = (queued.remove(&job.handle), held.remove(&job.handle));
        let expected = match job.place {
            JobPlace::Queued => (Some(1), None),
            JobPlace::Running(worker) => (None, Some(vec![worker])),
            JobPlace::Waiting(_) => (None, None),
        };
        assert_eq!(places, expected, "{job:?}");
    }
    assert!(queued.is_empty() && held.is_empty(), "{queued:?} {held:?}");
}

fn no_sleeper_is_forgotten(snapshot: &Snapshot) {
    let sleepers = snapshot.connections.iter();
    for sleeper in sleepers.filter(|one| one.sleeping && !one.noop_sent) {
        let missed = snapshot.jobs.iter().find(|job| {
            job.place == JobPlace::Queued
                && !job.abandoned
                && sleeper.abilities.contains(&job.function)
        });
        assert_eq!(missed, None, "{sleeper:?}");
    }
}

fn counts_agree(broker: &Broker, snapshot: &Snapshot) {
    for name in FUNCTIONS.map(function) {
        let jobs = || snapshot.jobs.iter().filter(|job| job.function == name);
        let running = jobs().filter(|job| matches!(job.place, JobPlace::Running(_)));
        let running = running.count();
        assert_eq!(broker.running(&name), running);
        assert_eq!(broker.queued(&name), jobs().count() - running);
    }
}

proptest! {
    #[test]
    fn jobs_are_in_one_place_and_sleepers_are_told(
        steps in prop::collection::vec(step(), 1..200),
        retries in 0..3_u8,
    ) {
        let mut witness = Witness::new(BrokerOptions::default().job_retries(retries));
        for step in steps {
            witness.take(step);
            let snapshot = witness.broker.snapshot();
            every_job_is_in_one_place(&snapshot);
            no_sleeper_is_forgotten(&snapshot);
            counts_agree(&witness.broker, &snapshot);
        }
    }

    #[test]
    fn each_subscription_gets_one_final_packet(
        steps in prop::collection::vec(step(), 1..200),
        retries in 0..3_u8,
        wake_up in 0..3_u8,
    ) {
        let options = BrokerOptions::default().job_retries(retries).worker_wakeup(wake_up);
        let mut witness = Witness::new(options);
        for step in steps {
            witness.take(step);
        }
        witness.finish();
        prop_assert_eq!(witness.broker.snapshot().jobs, vec![]);
        let unheard = witness.expected.into_iter().find(|(_, count)| *count > 0);
        prop_assert_eq!(unheard, None);
    }

    #[test]
    fn equal_inputs_give_equal_outputs(steps in prop::collection::vec(step(), 1..100)) {
        let [mut a, mut b] = [(); 2].map(|()| Witness::new(BrokerOptions::default().worker_wakeup(1)));
        for step in steps {
            a.take(step.clone());
            b.take(step);
            prop_assert_eq!(&a.transcript, &b.transcript);
            prop_assert_eq!(a.broker.snapshot(), b.broker.snapshot());
        }
    }
}
