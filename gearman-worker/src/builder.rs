use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gearman_net::{Connector, Endpoint, InvalidEndpoint};
use gearman_proto::{ClientId, DEFAULT_BODY_LIMIT, Escaped, FunctionName, InvalidName};

use crate::blocking::BlockingThreads;
use crate::connection::Functions;
use crate::crew::Terms;
use crate::handler::{Function, Handler, Spawned, Threaded};
use crate::job::BlockingJob;
use crate::job_error::JobError;
use crate::watchdog::Spans;
use crate::worker::{Settings, Worker};

/// What a worker is made of. Mistakes are told by [`build`](Self::build).
pub struct WorkerBuilder {
    servers: Vec<Endpoint>,
    id: Option<String>,
    #[cfg(feature = "control")]
    control: Option<bool>,
    functions: Vec<(Vec<u8>, MakeFunction)>,
    concurrency: usize,
    signals: bool,
    connect_limit: Duration,
    start_limit: Option<Duration>,
    read_limit: Duration,
    safety_poll: Duration,
    body_limit: u32,
    mistake: Option<BuildError>,
}

type MakeFunction = Box<dyn FnOnce(&Arc<BlockingThreads>) -> Box<dyn Function>>;

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
            functions: Vec::new(),
            concurrency: 1,
            signals: false,
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

    /// Runs jobs of this function with an async closure or any other [`Handler`].
    #[must_use]
    pub fn function(mut self, name: impl AsRef<[u8]>, handler: impl Handler) -> Self {
        let handler = Arc::new(handler);
        let make: MakeFunction = Box::new(|_| Box::new(Spawned(handler)));
        self.functions.push((name.as_ref().to_vec(), make));
        self
    }

    /// Runs jobs of this function with a closure that blocks, on threads of the worker's own.
    ///
    /// Nothing can stop a thread from outside: a job that was cancelled goes on in its thread until it
    /// returns or the process ends.
    #[must_use]
    pub fn blocking_function<F, T>(mut self, name: impl AsRef<[u8]>, function: F) -> Self
    where
        F: Fn(BlockingJob) -> Result<T, JobError> + Send + Sync + 'static,
        T: Into<Bytes> + 'static,
    {
        let function = Arc::new(function);
        let make: MakeFunction = Box::new(|threads| {
            Box::new(Threaded {
                function,
                threads: Arc::clone(threads),
            })
        });
        self.functions.push((name.as_ref().to_vec(), make));
        self
    }

    /// Jobs that run at once, over all servers together. 1 by default.
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs;
        self
    }

    /// Lets signals stop the worker, from the first moment of `run`: SIGTERM and SIGHUP drain, SIGINT
    /// (elsewhere Ctrl-C) stops in the middle of the task. Off by default.
    #[must_use]
    pub fn handle_signals(mut self) -> Self {
        self.signals = true;
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
        let threads = BlockingThreads::new(self.concurrency).map_err(BuildError::Threads)?;
        let threads = Arc::new(threads);
        let mut functions: Functions = HashMap::new();
        for (name, make) in self.functions {
            let name = FunctionName::new(name)?;
            if functions.insert(name.clone(), make(&threads)).is_some() {
                return Err(BuildError::TwoHandlers(name));
            }
        }
        #[cfg(feature = "control")]
        let control = match (&self.id, self.control) {
            (Some(id), None | Some(true)) => {
                let id = gearman_control::WorkerId::new(id);
                Some(id.map_err(|error| BuildError::Id(error.to_string()))?)
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
        };
        Ok(Worker::new(Settings {
            terms,
            servers,
            #[cfg(feature = "control")]
            control,
            functions,
            concurrency: self.concurrency,
            signals: self.signals,
            start_limit: self.start_limit,
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
