//! The job server without IO: requests in, outputs out.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use gearman_proto::{FunctionName, JobHandle, OptionName, Request, Response, ServerError};

use crate::broker::clock::Alarms;
use crate::coalesce::Coalescing;
use crate::connection::{Connection, Grab};
use crate::errors;
use crate::function::{Function, Functions};
use crate::ids::{ConnectionId, JobId, Serial, Table};
use crate::job::Job;
use crate::options::BrokerOptions;

mod abilities;
mod assign;
mod bad_packet;
mod clock;
mod commands;
mod leave;
mod news;
mod queue;
mod snapshot;
mod status;
mod submit;

pub use snapshot::{ConnectionState, FunctionState, JobPlace, JobState, Snapshot};

/// A job server that knows no socket, no clock and no thread.
///
/// What arrives is told by [`connect`](Self::connect), the `handle_*` methods,
/// [`disconnect`](Self::disconnect) and [`advance_clock`](Self::advance_clock), in any order and at any
/// time. What follows from it is fetched with [`poll_output`](Self::poll_output) until there is nothing
/// left. Equal inputs give equal outputs, and a clone goes its own way from there: all interleavings of a
/// small world can be walked.
///
/// Calls about a connection that is gone are ignored, so that whoever feeds a broker need not race it.
///
/// ```
/// use gearman_proto::{FunctionName, Request, Response, Submission};
/// use gearman_server::{Broker, BrokerOptions, Output};
///
/// let mut broker = Broker::new(BrokerOptions::default());
/// let client = broker.connect("127.0.0.1");
/// let job = Submission::background(FunctionName::new("resize")?, "cat.png");
/// broker.handle_request(client, Request::Submit(job));
///
/// let Some((to, Output::Response(Response::JobCreated(handle)))) = broker.poll_output() else {
///     panic!("every submission is answered")
/// };
/// assert_eq!((to, handle.to_string().as_str()), (client, "H:embedded:1"));
/// assert_eq!(broker.poll_output(), None);
/// # Ok::<(), gearman_proto::InvalidName>(())
/// ```
#[derive(Clone, Debug)]
pub struct Broker {
    options: BrokerOptions,
    connections: Table<ConnectionId, Connection>,
    functions: Functions,
    jobs: Table<JobId, Job>,
    same: Coalescing,
    alarms: Alarms,
    /// The time since 1970 as last told.
    now: Duration,
    last_grab: Grab,
    outputs: VecDeque<(ConnectionId, Output)>,
}

/// What a connection is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives a broker has to do all of them"
)]
pub enum Output {
    /// A binary packet.
    Response(Response),
    /// A reply of the text protocol, line ends and all.
    Text(Bytes),
    /// Nothing more: send what came before, then close. The broker has forgotten the connection already.
    Close,
}

impl Broker {
    /// A broker with no connections and no jobs, in the year 1970.
    pub fn new(options: BrokerOptions) -> Self {
        Self {
            options,
            connections: Table::default(),
            functions: Functions::default(),
            jobs: Table::default(),
            same: Coalescing::default(),
            alarms: Alarms::default(),
            now: Duration::ZERO,
            last_grab: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Somebody has connected. `peer` is the address that `workers` lists; blanks in it would break the
    /// list, and `-` says that there is none.
    pub fn connect(&mut self, peer: impl Into<Bytes>) -> ConnectionId {
        let connection = Connection::new(peer.into(), self.options.exceptions);
        self.connections.insert(connection)
    }

    /// A packet has arrived.
    pub fn handle_request(&mut self, from: ConnectionId, request: Request) {
        if self.connections.get(from).is_none() {
            return;
        }
        match request {
            Request::CanDo(function) => self.register(from, function, None),
            Request::CanDoTimeout(function, milliseconds) => {
                self.register(from, function, abilities::time_limit(milliseconds));
            }
            Request::CantDo(function) => self.unregister(from, &function),
            Request::ResetAbilities => self.unregister_all(from),
            Request::PreSleep => self.pre_sleep(from),
            Request::GrabJob(form) => self.grab(from, form),
            Request::Work(work) => self.pass_on(from, work),
            Request::SetClientId(id) => self.connections[from].client_id = Some(id),
            Request::AllYours => self.refuse(from, errors::COMMAND_NOT_EXPECTED),
            Request::Submit(submission) => self.submit(from, submission),
            Request::GetStatus(handle) => self.tell_status(from, handle),
            Request::GetStatusUnique(unique) => self.tell_unique_status(from, unique),
            Request::Echo(data) => self.respond(from, Response::Echo(data)),
            Request::SetOption(option) => self.set_option(from, option),
        }
    }

    /// What is to be sent next, in the order in which it arose. What was meant for a connection that has
    /// gone since is still among it.
    pub fn poll_output(&mut self) -> Option<(ConnectionId, Output)> {
        self.outputs.pop_front()
    }

    /// The jobs of a function that no worker has: queued, or waiting for their time.
    pub fn queued(&self, function: &FunctionName) -> usize {
        self.function(function)
            .map_or(0, |function| function.queued() + function.waiting)
    }

    /// The jobs of a function that a worker has.
    pub fn running(&self, function: &FunctionName) -> usize {
        self.function(function)
            .map_or(0, |function| function.running)
    }

    /// Whether the connection has sent PRE_SLEEP, was not answered, and has not grabbed since.
    pub fn is_sleeping(&self, connection: ConnectionId) -> bool {
        let connection = self.connections.get(connection);
        connection.is_some_and(|connection| connection.sleep.sleeping)
    }

    /// How often workers have lost the job; `None` where there is no such job.
    pub fn retries(&self, handle: &JobHandle) -> Option<u8> {
        let id = self.job_named(handle)?;
        Some(self.jobs[id].retries)
    }

    /// Hangs up on a connection whose bytes can't be followed any longer: it is disconnected, and
    /// [`Output::Close`] comes behind what it is still to be sent.
    pub fn close(&mut self, connection: ConnectionId) {
        if self.connections.get(connection).is_some() {
            self.disconnect(connection);
            self.outputs.push_back((connection, Output::Close));
        }
    }

    fn set_option(&mut self, from: ConnectionId, option: OptionName) {
        if option.as_bytes().eq_ignore_ascii_case(b"exceptions") {
            self.connections[from].exceptions = true;
            self.respond(from, Response::OptionSet(option));
        } else {
            self.refuse(from, errors::UNKNOWN_OPTION);
        }
    }

    fn respond(&mut self, to: ConnectionId, response: Response) {
        self.outputs.push_back((to, Output::Response(response)));
    }

    fn refuse(&mut self, to: ConnectionId, error: ServerError) {
        self.respond(to, Response::Error(error));
    }

    fn function(&self, name: &FunctionName) -> Option<&Function> {
        Some(&self.functions.table[self.functions.find(name)?])
    }

    /// The job with that handle, if it has not ended.
    fn job_named(&self, handle: &JobHandle) -> Option<JobId> {
        let number = handle
            .as_bytes()
            .strip_prefix(&*self.options.handle_prefix)?
            .strip_prefix(b":")?;
        let id = JobId::from_number(str::from_utf8(number).ok()?.parse().ok()?);
        // There is more than one way to write a number, but only one is the handle.
        (self.jobs.get(id)?.handle == *handle).then_some(id)
    }
}
