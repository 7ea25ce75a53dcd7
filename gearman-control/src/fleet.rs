//! Workers, wherever they run: find them through their job servers, stop some or all, and wait until
//! they have left.
//!
//! ```no_run
//! use gearman_control::fleet::{Event, Fleet, Which};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let fleet = Fleet::new(gearman_net::Endpoint::from_env()?);
//! let mut termination = fleet.terminate(Which::All, None).await?;
//! while let Some(event) = termination.next_event().await {
//!     match event {
//!         Event::Up(id) => println!("UP {id}"),
//!         Event::Terminating { id, .. } => println!("SIGTERM {id}"),
//!         Event::Down(id) => println!("DOWN {id}"),
//!         other => println!("{other:?}"),
//!     }
//! }
//! assert!(termination.summary().is_all_down());
//! # Ok(())
//! # }
//! ```
//!
//! # How a worker is stopped
//!
//! It is asked which process it is (`ping`), then that process and no other is told to stop
//! (`terminate incarnation=...`). A worker that does not answer the question within 2 s, as those of the
//! 2013 kind, is told so without a name. Both are foreground jobs of high priority without a unique id:
//! if we leave, an order that nobody has taken vanishes, and a second order is not swallowed by a first.
//!
//! Workers that share a [secret](Fleet::secret) with the fleet get both signed. Then no plain order is
//! given: a worker that does not answer the signed question refuses.
//!
//! The servers are looked at ten times a second. A worker is *down* when no server has a connection
//! that bears its id. Where another process has taken the id over at once, the worker is down when its
//! order is done and that other process answers; the other is told nothing.
//!
//! Workers that share an id at the same time can't be told apart before they answer: one of them is
//! stopped, and the others count as its successors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gearman_net::{DEFAULT_CONNECT_LIMIT, Endpoint};
use tokio::task::JoinSet;

use crate::{Secret, WorkerId};

mod census;
mod driver;
mod errand;
mod error;
mod event;
mod lookout;
mod server;
mod sightings;
mod stop;
mod summary;
mod termination;
mod which;

pub use census::{Census, WorkerSeen};
pub use error::{FleetError, Unasked};
pub use event::Event;
pub use summary::{Summary, WhyLeft};
pub use termination::Termination;
pub use which::Which;

use driver::Driver;
use lookout::Lookout;
use server::{Lists, Server};
use sightings::Sightings;

/// The workers that are connected to some servers.
///
/// It holds no connection: each call makes its own, to all servers at once.
#[derive(Clone, Debug)]
pub struct Fleet {
    servers: Vec<Endpoint>,
    connect_limit: Duration,
    secret: Option<Secret>,
}

impl Fleet {
    /// The workers that are connected to these servers.
    pub fn new(servers: impl IntoIterator<Item = Endpoint>) -> Self {
        // A server that is named twice is still one: its connections must not count twice.
        let mut named = BTreeSet::new();
        let servers = servers.into_iter();
        Self {
            servers: servers
                .filter(|server| named.insert(server.clone()))
                .collect(),
            connect_limit: DEFAULT_CONNECT_LIMIT,
            secret: None,
        }
    }

    /// How long a connection may take to come about; 5 s unless told.
    #[must_use]
    pub const fn connect_limit(mut self, limit: Duration) -> Self {
        self.connect_limit = limit;
        self
    }

    /// Signs what is said to the workers. Those that were given no secret, or another one, do not
    /// understand it; they refuse, or say nothing.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Who is there now.
    ///
    /// # Errors
    ///
    /// [`FleetError::NoServer`] where not one server can be asked. If only some can't, the census says
    /// so.
    ///
    /// # Cancel safety
    ///
    /// Only questions are asked: it may be dropped.
    pub async fn workers(&self) -> Result<Census, FleetError> {
        Ok(self.survey().await?.census())
    }

    /// Tells workers to stop, all at once, and follows them until they are down, at most for `limit`,
    /// which begins when this returns.
    ///
    /// If one of the named workers is not there, nobody is told anything.
    ///
    /// # Errors
    ///
    /// [`FleetError`]; then nothing was sent to any worker.
    ///
    /// # Cancel safety
    ///
    /// Only questions to servers are asked before it returns: it may be dropped.
    pub async fn terminate(
        &self,
        which: Which,
        limit: Option<Duration>,
    ) -> Result<Termination, FleetError> {
        let survey = self.survey().await?;
        let there = survey.census().ids();
        match which.pick(there) {
            Ok(picked) => Ok(survey.terminate(&picked, limit, self.secret.clone())),
            Err(ids) => {
                let unasked = survey.unasked;
                Err(FleetError::NoSuchWorker { ids, unasked })
            }
        }
    }

    /// Asks all servers at once.
    async fn survey(&self) -> Result<Survey, FleetError> {
        let mut asked = JoinSet::new();
        for (index, endpoint) in self.servers.iter().enumerate() {
            let server = Arc::new(Server::new(endpoint.clone(), self.connect_limit));
            asked.spawn(async move {
                let lists = server.lists().await;
                (index, server, lists)
            });
        }
        let mut answers = asked.join_all().await;
        answers.sort_unstable_by_key(|(index, ..)| *index);

        let mut survey = Survey::default();
        for (_, server, lists) in answers {
            let lists = lists.map_err(|error| {
                let server = server.endpoint.clone();
                survey.unasked.push(Unasked { server, error });
            });
            survey.servers.push((server, lists.ok()));
        }
        if survey.unasked.len() < survey.servers.len() {
            Ok(survey)
        } else {
            Err(FleetError::NoServer(survey.unasked))
        }
    }
}

/// What all servers said.
#[derive(Default)]
struct Survey {
    /// Each server and its lists, where it could be asked.
    servers: Vec<(Arc<Server>, Option<Lists>)>,
    unasked: Vec<Unasked>,
}

impl Survey {
    fn census(&self) -> Census {
        let mut workers: Vec<_> = self
            .seen()
            .map(|(server, id, &connections)| WorkerSeen {
                id: id.clone(),
                server: server.endpoint.clone(),
                connections,
            })
            .collect();
        // Stable: the servers of one worker stay in the order in which they are tried.
        workers.sort_by(|a, b| a.id.cmp(&b.id));
        Census {
            workers,
            unasked: self.unasked.clone(),
        }
    }

    fn terminate(
        self,
        picked: &BTreeSet<WorkerId>,
        limit: Option<Duration>,
        secret: Option<Secret>,
    ) -> Termination {
        let mut workers = BTreeMap::<_, Vec<_>>::new();
        for (server, id, _) in self.seen().filter(|(_, id, _)| picked.contains(*id)) {
            let servers = workers.entry(id.clone()).or_default();
            servers.push(Arc::clone(server));
        }
        let (servers, lists): (Vec<_>, Vec<_>) = self.servers.into_iter().unzip();
        let ids_in_use = lists.into_iter().map(|lists| Some(lists?.ids_in_use));
        let lookout = Lookout::new(servers, Sightings::new(ids_in_use));
        let driver = Driver::new(lookout, workers, limit, secret);
        Termination::begin(driver, self.unasked)
    }

    fn seen(&self) -> impl Iterator<Item = (&Arc<Server>, &WorkerId, &u64)> {
        self.servers.iter().flat_map(|(server, lists)| {
            let connected = lists.iter().flat_map(|lists| &lists.connected);
            connected.map(move |(id, connections)| (server, id, connections))
        })
    }
}
