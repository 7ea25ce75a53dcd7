//! Sessions and a broker in one thread, with the packets between them delivered in any order that a
//! network allows: whatever happens, everybody hears all that is his, once, and nothing is left over.

#![allow(clippy::unwrap_used, reason = "a failure in a test is the point")]

use std::collections::{HashMap, VecDeque};

use gearman_client::session::{Action, Answer, Question, RequestId, Session};
use gearman_client::{
    Bytes, FunctionName, JobHandle, Outcome, Priority, UniqueId, Update, WorkEvent,
};
use gearman_proto::{GrabForm, OptionName, Request, Response, Submission, Work};
use gearman_server::{Broker, BrokerOptions, ConnectionId, Output};
use proptest::prelude::*;

const CLIENTS: usize = 2;

/// What can happen next. Where it can't, nothing happens.
#[derive(Clone, Debug)]
enum Step {
    Submit {
        client: usize,
        unique: &'static str,
        background: bool,
        priority: Priority,
    },
    AskStatus(usize),
    AskUniqueStatus(usize, &'static str),
    Echo(usize),
    /// The client's next packet reaches the server.
    ToServer(usize),
    /// The server's next packet reaches the client.
    ToClient(usize),
    LoseConnection(usize),
    Grab,
    /// The worker tells something of one of its jobs, counted from the oldest.
    Tell(usize),
    Finish(usize, Ending),
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Complete,
    Fail,
    Exception,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    let unique = prop::sample::select(vec!["", "a", "b", "-"]);
    let priority = prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::High]);
    let ending = prop::sample::select(vec![Ending::Complete, Ending::Fail, Ending::Exception]);
    prop_oneof![
        6 => (client.clone(), unique, prop::bool::weighted(0.2), priority).prop_map(
            |(client, unique, background, priority)| Step::Submit {
                client,
                unique,
                background,
                priority,
            }
        ),
        1 => client.clone().prop_map(Step::AskStatus),
        1 => (client.clone(), prop::sample::select(vec!["a", "b"]))
            .prop_map(|(client, unique)| Step::AskUniqueStatus(client, unique)),
        1 => client.clone().prop_map(Step::Echo),
        10 => client.clone().prop_map(Step::ToServer),
        10 => client.clone().prop_map(Step::ToClient),
        1 => client.prop_map(Step::LoseConnection),
        5 => Just(Step::Grab),
        5 => (0..3usize).prop_map(Step::Tell),
        3 => (0..3usize, ending).prop_map(|(job, ending)| Step::Finish(job, ending)),
    ]
}

/// One client, the two directions of its connection, and what its askers have heard.
struct Client {
    session: Session,
    connection: ConnectionId,
    to_server: VecDeque<Request>,
    to_client: VecDeque<Response>,
    /// Submissions that the server has not seen, in order: who submitted, and whether he follows.
    submitting: VecDeque<(RequestId, bool)>,
    heard: HashMap<RequestId, Heard>,
    last_handle: Option<JobHandle>,
}

#[derive(Debug, Default)]
struct Heard {
    answers: usize,
    losses: usize,
    events: Vec<WorkEvent>,
    /// Where he joined: the job, and how many events it had had.
    joined: Option<(JobHandle, usize)>,
}

struct World {
    broker: Broker,
    clients: Vec<Client>,
    worker: ConnectionId,
    held: Vec<JobHandle>,
    /// All that workers have told of each job.
    told: HashMap<JobHandle, Vec<WorkEvent>>,
    next_id: u64,
    next_part: u32,
    connections_were_lost: bool,
}

impl World {
    fn new() -> Self {
        let mut broker = Broker::new(BrokerOptions::default());
        let worker = broker.connect("worker");
        broker.handle_request(worker, Request::CanDo(function()));
        let clients = (0..CLIENTS).map(|_| Client {
            session: Session::new(),
            connection: broker.connect("client"),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            submitting: VecDeque::new(),
            heard: HashMap::new(),
            last_handle: None,
        });
        let clients = clients.collect();
        let mut world = Self {
            broker,
            clients,
            worker,
            held: Vec::new(),
            told: HashMap::new(),
            next_id: 0,
            next_part: 0,
            connections_were_lost: false,
        };
        for client in 0..CLIENTS {
            world.open(client);
        }
        world
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Submit {
                client,
                unique,
                background,
                priority,
            } => {
                let workload = Bytes::from_static(b"workload");
                let mut submission = if background {
                    Submission::background(function(), workload)
                } else {
                    Submission::foreground(function(), workload)
                }
                .with_priority(priority);
                submission.unique = UniqueId::new(unique).ok();
                let id = self.ask(client, Question::Submit(submission));
                self.clients[client].submitting.push_back((id, !background));
            }
            Step::AskStatus(client) => {
                if let Some(handle) = self.clients[client].last_handle {
                    self.ask(client, Question::Status(handle));
                }
            }
            Step::AskUniqueStatus(client, unique) => {
                let unique = UniqueId::new(unique).unwrap();
                self.ask(client, Question::UniqueStatus(unique));
            }
            Step::Echo(client) => {
                self.ask(client, Question::Echo("hello".into()));
            }
            Step::ToServer(client) => drop(self.deliver_request(client)),
            Step::ToClient(client) => drop(self.deliver_response(client)),
            Step::LoseConnection(client) => self.lose(client),
            Step::Grab => drop(self.grab()),
            Step::Tell(job) => {
                self.next_part += 1;
                let part = self.next_part.to_string();
                if let Some(handle) = self.held.get(job) {
                    self.news(*handle, WorkEvent::Update(Update::Data(part.into())));
                }
            }
            Step::Finish(job, ending) => {
                if job < self.held.len() {
                    let handle = self.held.remove(job);
                    self.news(
                        handle,
                        WorkEvent::End(match ending {
                            Ending::Complete => Outcome::Complete("result".into()),
                            Ending::Fail => Outcome::Fail,
                            Ending::Exception => Outcome::Exception("reason".into()),
                        }),
                    );
                }
            }
        }
    }

    fn ask(&mut self, client: usize, question: Question) -> RequestId {
        let id = RequestId(self.next_id);
        self.next_id += 1;
        let client = &mut self.clients[client];
        client.heard.insert(id, Heard::default());
        client.session.ask(id, question);
        client.act();
        id
    }

    fn deliver_request(&mut self, client: usize) -> Option<()> {
        let Client {
            connection,
            to_server,
            submitting,
            ..
        } = &mut self.clients[client];
        let (connection, request) = (*connection, to_server.pop_front()?);
        let submitter = match request {
            Request::Submit(_) => submitting.pop_front(),
            _ => None,
        };
        self.broker.handle_request(connection, request);
        let handle = self.route();
        if let (Some((id, true)), Some(handle)) = (submitter, handle) {
            let events = self.told.get(&handle).map_or(0, Vec::len);
            let heard = self.clients[client].heard.get_mut(&id).unwrap();
            heard.joined = Some((handle, events));
        }
        Some(())
    }

    fn deliver_response(&mut self, client: usize) -> Option<()> {
        let client = &mut self.clients[client];
        let response = client.to_client.pop_front()?;
        client.session.handle_response(response);
        client.act();
        Some(())
    }

    fn lose(&mut self, index: usize) {
        self.connections_were_lost = true;
        let client = &mut self.clients[index];
        self.broker.disconnect(client.connection);
        client.session.disconnected(client.to_server.len());
        client.to_server.clear();
        client.to_client.clear();
        client.submitting.clear();
        client.act();
        assert!(client.session.is_quiescent());
        client.connection = self.broker.connect("client");
        self.open(index);
    }

    /// Options belong to the connection: each new one is asked for them first.
    fn open(&mut self, client: usize) {
        self.ask(client, Question::SetOption(OptionName::exceptions()));
    }

    /// The worker takes a job, if there is one.
    fn grab(&mut self) -> Option<()> {
        let before = self.held.len();
        self.broker
            .handle_request(self.worker, Request::GrabJob(GrabForm::Plain));
        self.route();
        (self.held.len() > before).then_some(())
    }

    fn news(&mut self, handle: JobHandle, event: WorkEvent) {
        self.told.entry(handle).or_default().push(event.clone());
        self.broker
            .handle_request(self.worker, Request::Work(Work { handle, event }));
        self.route();
    }

    /// Puts what the broker says on its way. Returns the handle of the job that was created, if any.
    fn route(&mut self) -> Option<JobHandle> {
        let mut created = None;
        while let Some((to, output)) = self.broker.poll_output() {
            let Output::Response(response) = output else {
                panic!("{output:?}")
            };
            if to == self.worker {
                match response {
                    Response::JobAssign(assignment) => self.held.push(assignment.handle()),
                    Response::NoJob => {}
                    response => panic!("{response:?}"),
                }
                continue;
            }
            if let Response::JobCreated(handle) = &response {
                created = Some(*handle);
            }
            let client = self.clients.iter_mut().find(|c| c.connection == to);
            client.unwrap().to_client.push_back(response);
        }
        created
    }

    /// Everything under way arrives, and every job is done.
    fn come_to_rest(&mut self) {
        loop {
            let clients = 0..CLIENTS;
            for client in clients.clone() {
                while self.deliver_request(client).is_some() {}
            }
            while self.grab().is_some() {}
            for handle in std::mem::take(&mut self.held) {
                self.news(handle, WorkEvent::End(Outcome::Fail));
            }
            for client in clients {
                while self.deliver_response(client).is_some() {}
            }
            if self.clients.iter().all(|c| c.to_server.is_empty()) {
                return;
            }
        }
    }
}

impl Client {
    fn act(&mut self) {
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Send(request) => self.to_server.push_back(request),
                Action::Answer { id, answer } => {
                    if let Answer::Created(handle) = &answer {
                        self.last_handle = Some(*handle);
                    }
                    let heard = self.heard.get_mut(&id).unwrap();
                    assert_eq!(heard.losses, 0);
                    heard.answers += 1;
                }
                Action::Event { id, event } => {
                    let heard = self.heard.get_mut(&id).unwrap();
                    assert_eq!((heard.answers, heard.losses), (1, 0));
                    heard.events.push(event.unwrap());
                }
                Action::Lost { id, .. } => self.heard.get_mut(&id).unwrap().losses += 1,
                Action::Close(violation) => panic!("{violation}"),
            }
        }
    }
}

fn function() -> FunctionName {
    FunctionName::new("f").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn everybody_hears_all_that_is_his_once_and_nothing_is_left(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.come_to_rest();
        for client in 0..CLIENTS {
            let session = &world.clients[client].session;
            prop_assert!(!session.is_waiting());
            // A job that its last client has left is dead, and so is who joins it: the server never tells.
            prop_assert!(session.is_quiescent() || world.connections_were_lost);
            let client = &mut world.clients[client];
            client.session.disconnected(0);
            client.act();
            prop_assert!(client.session.is_quiescent());
        }
        for (id, heard) in world.clients.iter().flat_map(|client| &client.heard) {
            let ended = matches!(heard.events.last(), Some(WorkEvent::End(_)));
            match &heard.joined {
                None => {
                    prop_assert_eq!(heard.answers + heard.losses, 1, "{:?}: {:?}", id, heard);
                    prop_assert!(heard.events.is_empty());
                }
                Some((handle, since)) => {
                    // Either the end is told, or that it won't be.
                    prop_assert_eq!(usize::from(ended) + heard.losses, 1, "{:?}: {:?}", id, heard);
                    let all = world.told.get(handle).map_or(&[][..], |told| &told[*since..]);
                    prop_assert!(all.starts_with(&heard.events), "{:?}: {:?}", id, heard);
                    prop_assert!(!ended || all.len() == heard.events.len());
                }
            }
        }
    }
}
