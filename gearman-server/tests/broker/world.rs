//! A broker and what its connections have received.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use gearman_admin::Command;
use gearman_proto::{
    Assignment, FunctionName, GrabForm, JobHandle, JobStatus, Outcome, Priority, Progress, Request,
    Response, Submission, SubmissionMode, UniqueId, UniqueStatus, Update, Work,
};
use gearman_server::{Broker, BrokerOptions, ConnectionId, Output};

pub(crate) struct World {
    pub(crate) broker: Broker,
    received: HashMap<ConnectionId, VecDeque<Output>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(BrokerOptions::default())
    }

    pub(crate) fn with(options: BrokerOptions) -> Self {
        Self {
            broker: Broker::new(options),
            received: HashMap::new(),
        }
    }

    pub(crate) fn connect(&mut self) -> ConnectionId {
        self.broker.connect("127.0.0.1")
    }

    /// A connection that is registered for the functions, the last one being the newest.
    pub(crate) fn worker(&mut self, functions: &[&str]) -> ConnectionId {
        let worker = self.connect();
        for name in functions {
            self.send(worker, Request::CanDo(function(name)));
        }
        worker
    }

    /// The same, having grabbed in vain and gone to sleep.
    pub(crate) fn sleeper(&mut self, functions: &[&str]) -> ConnectionId {
        let worker = self.worker(functions);
        assert_eq!(self.grab(worker), None);
        self.pre_sleep(worker);
        assert!(self.broker.is_sleeping(worker));
        worker
    }

    pub(crate) fn send(&mut self, from: ConnectionId, request: Request) {
        self.broker.handle_request(from, request);
        self.collect();
    }

    pub(crate) fn disconnect(&mut self, connection: ConnectionId) {
        self.broker.disconnect(connection);
        self.collect();
    }

    pub(crate) fn collect(&mut self) {
        while let Some((to, output)) = self.broker.poll_output() {
            self.received.entry(to).or_default().push_back(output);
        }
    }

    /// What the connection received first and was not asked for yet.
    pub(crate) fn next_output(&mut self, connection: ConnectionId) -> Option<Output> {
        self.received.get_mut(&connection)?.pop_front()
    }

    pub(crate) fn next(&mut self, connection: ConnectionId) -> Response {
        match self.next_output(connection) {
            Some(Output::Response(response)) => response,
            other => panic!("a response was expected, not {other:?}"),
        }
    }

    pub(crate) fn nothing(&mut self, connection: ConnectionId) {
        assert_eq!(self.next_output(connection), None);
    }

    /// Exactly one NOOP.
    pub(crate) fn woken(&mut self, connection: ConnectionId) {
        assert_eq!(self.next(connection), Response::Noop);
        self.nothing(connection);
    }

    pub(crate) fn submit(&mut self, from: ConnectionId, submission: Submission) -> JobHandle {
        self.send(from, Request::Submit(submission));
        match self.next(from) {
            Response::JobCreated(handle) => handle,
            other => panic!("JOB_CREATED was expected, not {other:?}"),
        }
    }

    pub(crate) fn foreground(&mut self, from: ConnectionId, name: &str) -> JobHandle {
        self.submit(from, job(name))
    }

    pub(crate) fn background(&mut self, from: ConnectionId, name: &str) -> JobHandle {
        self.submit(from, Submission::background(function(name), "w"))
    }

    /// The answer to GRAB_JOB_UNIQ.
    pub(crate) fn grab(&mut self, from: ConnectionId) -> Option<JobHandle> {
        self.grab_whole(from, GrabForm::Unique)
            .map(|job| job.handle())
    }

    pub(crate) fn grab_whole(&mut self, from: ConnectionId, form: GrabForm) -> Option<Assignment> {
        self.send(from, Request::GrabJob(form));
        match self.next(from) {
            Response::JobAssign(assignment) => Some(assignment),
            Response::NoJob => None,
            other => panic!("an answer to a grab was expected, not {other:?}"),
        }
    }

    pub(crate) fn pre_sleep(&mut self, from: ConnectionId) {
        self.send(from, Request::PreSleep);
    }

    pub(crate) fn update(&mut self, from: ConnectionId, handle: JobHandle, update: Update) {
        self.send(from, Request::Work(Work::update(handle, update)));
    }

    pub(crate) fn end(&mut self, from: ConnectionId, handle: JobHandle, outcome: Outcome) {
        self.send(from, Request::Work(Work::end(handle, outcome)));
    }

    pub(crate) fn complete(&mut self, from: ConnectionId, handle: JobHandle) {
        self.end(from, handle, Outcome::Complete("r".into()));
    }

    /// The answer to a line of the text protocol.
    pub(crate) fn command(&mut self, from: ConnectionId, line: &str) -> String {
        let command = Command::parse(&Bytes::copy_from_slice(line.as_bytes()));
        self.broker.handle_command(from, command);
        self.collect();
        match self.next_output(from) {
            Some(Output::Text(text)) => String::from_utf8_lossy(&text).into_owned(),
            other => panic!("text was expected, not {other:?}"),
        }
    }

    pub(crate) fn status(&mut self, from: ConnectionId, handle: JobHandle) -> JobStatus {
        self.send(from, Request::GetStatus(handle));
        match self.next(from) {
            Response::Status(status) => status,
            other => panic!("STATUS_RES was expected, not {other:?}"),
        }
    }

    pub(crate) fn unique_status(&mut self, from: ConnectionId, name: &str) -> UniqueStatus {
        self.send(from, Request::GetStatusUnique(unique(name)));
        match self.next(from) {
            Response::UniqueStatus(status) => status,
            other => panic!("STATUS_RES_UNIQUE was expected, not {other:?}"),
        }
    }

    pub(crate) fn queued(&self, name: &str) -> usize {
        self.broker.queued(&function(name))
    }

    pub(crate) fn running(&self, name: &str) -> usize {
        self.broker.running(&function(name))
    }
}

pub(crate) fn function(name: &str) -> FunctionName {
    FunctionName::new(name).expect("a good name")
}

pub(crate) fn unique(name: &str) -> UniqueId {
    UniqueId::new(name).expect("a good name")
}

/// A foreground job.
pub(crate) fn job(name: &str) -> Submission {
    Submission::foreground(function(name), "w")
}

pub(crate) fn job_like(name: &str, same: &str) -> Submission {
    job(name).with_unique(unique(same))
}

pub(crate) fn background_like(name: &str, same: &str) -> Submission {
    Submission::background(function(name), "w").with_unique(unique(same))
}

pub(crate) fn job_with(name: &str, priority: Priority) -> Submission {
    job(name).with_priority(priority)
}

pub(crate) fn epoch(name: &str, second: u64) -> Submission {
    Submission {
        mode: SubmissionMode::Epoch(second),
        ..job(name)
    }
}

pub(crate) fn completed(handle: JobHandle) -> Response {
    Response::Work(Work::end(handle, Outcome::Complete("r".into())))
}

pub(crate) fn failed(handle: JobHandle) -> Response {
    Response::Work(Work::end(handle, Outcome::Fail))
}

pub(crate) fn updated(handle: JobHandle, update: Update) -> Response {
    Response::Work(Work::update(handle, update))
}

pub(crate) fn data(text: &'static str) -> Update {
    Update::Data(text.into())
}

pub(crate) fn progress(done: u32, of: u32) -> Update {
    Update::Status(Progress::new(done, of))
}

pub(crate) fn error(code: &'static str, text: &'static str) -> Response {
    Response::Error(gearman_proto::ServerError::new(code, text))
}
