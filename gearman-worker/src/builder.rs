use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gearman_net::{Connector, Endpoint, InvalidEndpoint};
use gearman_proto::{ClientId, DEFAULT_BODY_LIMIT, Escaped, FunctionName, InvalidName};

use crate::blocking::BlockingThreads;
use crate::crew::Terms;
use crate::handler::{Function, Functions, Handler, Spawned, Threaded};
use crate::job::BlockingJob;
use crate::job_error::{Exceptions, JobError};
use crate::signals::Hook;
use crate::watchdog::Spans;
use crate::worker::{Settings, Worker};

/// What a worker is made of. Mistakes are told by [`build`](Self::build).
pub struct WorkerBuilder {
    servers: Vec<Endpoint>,
    id: Option<String>,
    #[cfg(feature = "control")]
    control: Option<bool>,
    #[cfg(feature = "control")]
    words: Vec<(String, crate::control::OwnWord)>,
    #[cfg(feature = "control")]
    secret: Option<gearman_control::Secret>,
    namespace: Vec<u8>,
    functions: Vec<(Vec<u8>, MakeFunction)>,
    concurrency: usize,
    signals: bool,
    hang_up: Option<Hook>,
    exceptions: Exceptions,
    drain_limit: Option<Duration>,
    cancel_grace: Duration,
    lifetime: Option<(Duration, Duration)>,
    jobs: Option<u64>,
    connect_limit: Duration,
    start_limit: Option<Duration>,
    read_limit: Duration,
    safety_poll: Duration,
    body_limit: u32,
    mistake: Option<BuildError>,
}

type MakeFunction = Box<dyn FnOnce(&Arc<BlockingThreads>) -> Arc<dyn Function>>;

/// A worker can't be made of what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No server was named.
    #[error("no server: name one with server(..), or use servers_from_env()")]
    NoServer,
    /// A server's name is none.
    #[error(transparent)]
    Server(#[from] InvalidEndpoint),
    /// No function was given, so no job could ever come.
    #[error("no function: give one with function(..)")]
    NoFunction,
    /// A function's name is none.
    #[error(transparent)]
    Function(#[from] InvalidName),
    /// Two handlers for one function.
    #[error("function {0} has two handlers; give it one")]
    TwoHandlers(FunctionName),
    /// The id is none.
    #[error("{0}")]
    Id(String),
    /// The control connection needs a name.
    #[error("control(true) needs an id: the worker is reached as _worker_<id>")]
    ControlWithoutId,
    /// A worker that runs no jobs at once runs none.
    #[error("concurrency is 0; give 1 or more")]
    NoConcurrency,
    /// A worker that stops after no jobs runs none.
    #[error("stop_after_jobs is 0; give 1 or more")]
    NoJobs,
    /// A word for the control function can't be its own.
    #[error("control word {0:?}: {1}")]
    ControlWord(String, &'static str),
    /// The threads for blocking functions can't be prepared.
    #[error("threads for blocking functions: {0}")]
    Threads(#[source] io::Error),
}

impl WorkerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            servers: Vec::new(),
            id: None,
            #[cfg(feature = "control")]
            control: None,
            #[cfg(feature = "control")]
            words: Vec::new(),
            #[cfg(feature = "control")]
            secret: None,
            namespace: Vec::new(),
            functions: Vec::new(),
            concurrency: 1,
            signals: false,
            hang_up: None,
            exceptions: Exceptions::default(),
            drain_limit: None,
            cancel_grace: Duration::ZERO,
            lifetime: None,
            jobs: None,
            connect_limit: gearman_net::DEFAULT_CONNECT_LIMIT,
            start_limit: None,
            read_limit: Duration::from_secs(10),
            safety_poll: Duration::from_secs(60),
            body_limit: DEFAULT_BODY_LIMIT,
            mistake: None,
        }
    }

    /// Works for this server too, written as `host`, `host:port` or `[IPv6]:port`.
    #[must_use]
    pub fn server(mut self, server: impl AsRef<str>) -> Self {
        match server.as_ref().parse() {
            Ok(endpoint) => self.servers.push(endpoint),
            Err(invalid) => self.note(BuildError::Server(invalid)),
        }
        self
    }

    /// Works for all of these servers.
    #[must_use]
    pub fn servers(mut self, servers: impl IntoIterator<Item = Endpoint>) -> Self {
        self.servers.extend(servers);
        self
    }

    /// Works for the servers of `$GEARMAN_SERVERS`, or for `127.0.0.1:4730` where it is not set.
    #[must_use]
    pub fn servers_from_env(mut self) -> Self {
        match Endpoint::from_env() {
            Ok(servers) => self.servers.extend(servers),
            Err(invalid) => self.note(invalid.into()),
        }
        self
    }

    /// The worker's name in the server's lists: 1 to 127 printable ASCII characters, no blank, no `:`.
    ///
    /// A worker with a name can be reached through the server as `_worker_<id>`, on a connection of its
    /// own. gearmand keeps a row for each such function for ever, so names should be stable. Without one,
    /// the worker is listed under a name made of host, process and chance.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Whether the worker can be reached through the server. By default it can, where it has a name.
    #[cfg(feature = "control")]
    #[must_use]
    pub fn control(mut self, control: bool) -> Self {
        self.control = Some(control);
        self
    }

    /// Adds a word of the application's own to those that the worker understands through the server. The
    /// handler gets the rest of the line and returns the answer. The worker's own words can't be replaced.
    #[cfg(feature = "control")]
    #[must_use]
    pub fn on_control<F, R>(mut self, word: impl Into<String>, handler: F) -> Self
    where
        F: Fn(String) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Bytes, JobError>> + Send + 'static,
    {
        let handler: crate::control::OwnWord = Arc::new(move |line| Box::pin(handler(line)));
        self.words.push((word.into(), handler));
        self
    }

    /// Lets the worker obey signed commands only. What comes through the server without a signature of this
    /// secret, for another worker or process, later than within a minute, or again, fails with a warning
    /// that says why, and changes nothing. The answers are not signed.
    #[cfg(feature = "control")]
    #[must_use]
    pub fn control_secret(mut self, secret: gearman_control::Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Runs jobs of this function with an async closure or any other [`Handler`].
    #[must_use]
    pub fn function(self, name: impl AsRef<[u8]>, handler: impl Handler) -> Self {
        self.spawned(name.as_ref(), None, handler)
    }

    /// The same with a limit for each job. One that passes it is stopped and fails with a warning that says
    /// so. The limit is kept by the worker: gearmand's own (CAN_DO_TIMEOUT) corrupts its memory when several
    /// jobs share a connection.
    #[must_use]
    pub fn function_with_timeout(
        self,
        name: impl AsRef<[u8]>,
        limit: Duration,
        handler: impl Handler,
    ) -> Self {
        self.spawned(name.as_ref(), Some(limit), handler)
    }

    /// Runs jobs of this function with a closure that blocks, on threads of the worker's own.
    ///
    /// Nothing can stop a thread from outside: a job that was cancelled goes on in its thread until it
    /// returns or the process ends.
    #[must_use]
    pub fn blocking_function<F, T>(self, name: impl AsRef<[u8]>, function: F) -> Self
    where
        F: Fn(BlockingJob) -> Result<T, JobError> + Send + Sync + 'static,
        T: Into<Bytes> + 'static,
    {
        self.threaded(name.as_ref(), None, function)
    }

    /// The same with a limit for each job. One that passes it fails when it returns, whatever it returns;
    /// it keeps its slot until then.
    #[must_use]
    pub fn blocking_function_with_timeout<F, T>(
        self,
        name: impl AsRef<[u8]>,
        limit: Duration,
        function: F,
    ) -> Self
    where
        F: Fn(BlockingJob) -> Result<T, JobError> + Send + Sync + 'static,
        T: Into<Bytes> + 'static,
    {
        self.threaded(name.as_ref(), Some(limit), function)
    }

    fn spawned(mut self, name: &[u8], limit: Option<Duration>, handler: impl Handler) -> Self {
        let handler = Arc::new(handler);
        let make: MakeFunction = Box::new(move |_| Arc::new(Spawned { handler, limit }));
        self.functions.push((name.to_vec(), make));
        self
    }

    fn threaded<F, T>(mut self, name: &[u8], limit: Option<Duration>, function: F) -> Self
    where
        F: Fn(BlockingJob) -> Result<T, JobError> + Send + Sync + 'static,
        T: Into<Bytes> + 'static,
    {
        let function = Arc::new(function);
        let make: MakeFunction = Box::new(move |threads| {
            Arc::new(Threaded {
                function,
                threads: Arc::clone(threads),
                limit,
            })
        });
        self.functions.push((name.to_vec(), make));
        self
    }

    /// Puts this before the name of every function, as clients with the same namespace do. Jobs show the
    /// whole name.
    #[must_use]
    pub fn namespace(mut self, prefix: impl AsRef<[u8]>) -> Self {
        self.namespace = prefix.as_ref().to_vec();
        self
    }

    /// How exceptions of handlers are sent; natively by default. Panics are always warnings.
    #[must_use]
    pub fn exceptions(mut self, exceptions: Exceptions) -> Self {
        self.exceptions = exceptions;
        self
    }

    /// Jobs that run at once, over all servers together. 1 by default.
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs;
        self
    }

    /// Lets signals guide the worker, from the first moment of `run`: SIGTERM drains, SIGINT (elsewhere
    /// Ctrl-C) stops in the middle of the task, SIGUSR1 takes no more jobs, SIGUSR2 takes them again, and
    /// SIGHUP drains, unless [`on_hang_up`](Self::on_hang_up) says otherwise. Off by default.
    #[must_use]
    pub fn handle_signals(mut self) -> Self {
        self.signals = true;
        self
    }

    /// What SIGHUP does instead of draining, where signals are handled: reading a configuration again, say.
    #[must_use]
    pub fn on_hang_up(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hang_up = Some(Arc::new(hook));
        self
    }

    /// How long any drain may take, whoever asked for it. What still runs then is cancelled, and the report
    /// says that it was overdue. For ever by default.
    #[must_use]
    pub fn drain_limit(mut self, limit: Duration) -> Self {
        self.drain_limit = Some(limit);
        self
    }

    /// How long handlers have between being told that it is enough and their jobs being handed back, when the
    /// worker is cancelled. None by default. A handler hears it by [`Job::cancelled`](crate::Job::cancelled).
    #[must_use]
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.cancel_grace = grace;
        self
    }

    /// Lets the worker drain when it has begun so many jobs, for handlers that leak. With a concurrency over
    /// 1 it runs those too that were already asked for.
    #[must_use]
    pub fn stop_after_jobs(mut self, jobs: u64) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// Lets the worker drain after this time and a random part of `splay`, which keeps a fleet from
    /// leaving at one moment.
    #[must_use]
    pub fn stop_after(mut self, lifetime: Duration, splay: Duration) -> Self {
        self.lifetime = Some((lifetime, splay));
        self
    }

    /// How long one connection may take to come about. 5 s by default.
    #[must_use]
    pub fn connect_limit(mut self, limit: Duration) -> Self {
        self.connect_limit = limit;
        self
    }

    /// How long `run` waits for the first server before it gives up. By default it waits for ever, and
    /// logs why.
    #[must_use]
    pub fn start_limit(mut self, limit: Duration) -> Self {
        self.start_limit = Some(limit);
        self
    }

    /// How long a server that owes an answer may be silent before the connection counts as dead. 10 s by
    /// default, counted from the last byte that moved.
    #[must_use]
    pub fn read_limit(mut self, limit: Duration) -> Self {
        self.read_limit = limit;
        self
    }

    /// How often a sleeping worker looks for jobs on its own, and sees whether the server is still there.
    /// 60 s by default; otherwise an idle worker sends nothing.
    #[must_use]
    pub fn safety_poll(mut self, interval: Duration) -> Self {
        self.safety_poll = interval;
        self
    }

    /// The largest packet, in bytes, that is accepted or sent. 64 MiB by default. A larger job fails with
    /// a warning that says so, and so does a job with a larger result.
    #[must_use]
    pub fn body_limit(mut self, limit: u32) -> Self {
        self.body_limit = limit;
        self
    }

    /// Makes the worker. It does nothing until it is run.
    ///
    /// # Errors
    ///
    /// [`BuildError`]: the first mistake in what was given.
    pub fn build(mut self) -> Result<Worker, BuildError> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        if self.servers.is_empty() {
            return Err(BuildError::NoServer);
        }
        if self.functions.is_empty() {
            return Err(BuildError::NoFunction);
        }
        if self.concurrency == 0 {
            return Err(BuildError::NoConcurrency);
        }
        let mut servers = Vec::new();
        for server in self.servers {
            // A server that is named twice would be worked for twice.
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        if self.jobs == Some(0) {
            return Err(BuildError::NoJobs);
        }
        let threads = BlockingThreads::new().map_err(BuildError::Threads)?;
        let threads = Arc::new(threads);
        let mut functions: Functions = HashMap::new();
        for (name, make) in self.functions {
            let name = FunctionName::new([&self.namespace[..], &name].concat())?;
            if functions.insert(name.clone(), make(&threads)).is_some() {
                return Err(BuildError::TwoHandlers(name));
            }
        }
        #[cfg(feature = "control")]
        let control = match (&self.id, self.control) {
            (Some(id), None | Some(true)) => {
                let id = gearman_control::WorkerId::new(id);
                let id = id.map_err(|error| BuildError::Id(error.to_string()))?;
                Some(crate::control::Setting::new(id, self.words, self.secret)?)
            }
            (None, Some(true)) => return Err(BuildError::ControlWithoutId),
            (_, Some(false)) | (None, None) => None,
        };
        let client_id = match self.id {
            Some(id) => ClientId::new(id).map_err(|error| BuildError::Id(error.to_string()))?,
            None => generated_id(),
        };
        let terms = Terms {
            connector: Connector::new(self.connect_limit),
            client_id,
            spans: Spans {
                read_limit: self.read_limit,
                safety_poll: self.safety_poll,
            },
            body_limit: self.body_limit,
            exceptions: self.exceptions,
        };
        let lifetime = self
            .lifetime
            .map(|(life, splay)| life + splay.mul_f64(fastrand::f64()));
        Ok(Worker::new(Settings {
            terms,
            servers,
            #[cfg(feature = "control")]
            control,
            functions,
            concurrency: self.concurrency,
            signals: self.signals,
            hang_up: self.hang_up,
            start_limit: self.start_limit,
            drain_limit: self.drain_limit,
            cancel_grace: self.cancel_grace,
            lifetime,
            jobs: self.jobs,
        }))
    }

    fn note(&mut self, mistake: BuildError) {
        self.mistake.get_or_insert(mistake);
    }
}

/// Host, process and chance: nobody else has it, and an administrator knows where to look.
fn generated_id() -> ClientId {
    let host = gethostname::gethostname();
    let host = host.to_string_lossy();
    let host: String = host
        .chars()
        .filter(|c| c.is_ascii_graphic() && *c != ':')
        .take(64)
        .collect();
    let id = format!("{host}-{}-{:08x}", std::process::id(), fastrand::u32(..));
    ClientId::new(id).expect("printable and far below the limit")
}

impl std::fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let functions: Vec<_> = self
            .functions
            .iter()
            .map(|(name, _)| Escaped(name))
            .collect();
        f.debug_struct("WorkerBuilder")
            .field("servers", &self.servers)
            .field("id", &self.id)
            .field("functions", &functions)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
