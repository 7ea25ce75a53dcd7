use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use gearman_net::{ConnectError, Endpoint};
use tokio::select;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::builder::WorkerBuilder;
use crate::connection::{Account, Functions, LinkState};
use crate::crew::{Crew, Terms};
use crate::handle::{WorkerHandle, any_up};
use crate::load::Load;
use crate::machine::{Order, Tally};
use crate::report::{StopReason, StopReport};
use crate::signals::Signals;
use crate::stage::{Stage, Wish, Wishes};

/// What the control connections may take to say goodbye when the worker is to be gone at once.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Runs the jobs of its functions until it is told to stop, and then hurts none.
///
/// See the [crate's documentation](crate) for the story.
pub struct Worker {
    settings: Settings,
    wishes: Wishes,
    stage: watch::Sender<Stage>,
    links: Vec<Links>,
}

/// What a worker is made of, checked.
pub(crate) struct Settings {
    pub(crate) terms: Terms,
    pub(crate) servers: Vec<Endpoint>,
    #[cfg(feature = "control")]
    pub(crate) control: Option<gearman_control::WorkerId>,
    pub(crate) functions: Functions,
    pub(crate) concurrency: usize,
    pub(crate) signals: bool,
    pub(crate) start_limit: Option<Duration>,
}

/// The states of one server's connections.
struct Links {
    work: watch::Sender<LinkState>,
    control: Option<watch::Sender<LinkState>>,
}

/// A worker could not begin.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// No server could be reached within the start limit. Holds the reasons, one per server that gave one.
    NoServer {
        /// The limit that passed.
        limit: Duration,
        /// Why, server by server.
        reasons: Vec<Arc<ConnectError>>,
    },
    /// Signals can't be caught.
    Signals(io::Error),
}

/// Asks for a drain when the future that waits for the worker is dropped. The worker's tasks go on and
/// finish their jobs as long as the runtime lives.
struct DrainOnDrop(Wishes);

impl Drop for DrainOnDrop {
    fn drop(&mut self) {
        self.0.ask(Order::Drain, StopReason::Trigger);
    }
}

impl Worker {
    /// Begins to say what the worker is made of.
    pub fn builder() -> WorkerBuilder {
        WorkerBuilder::new()
    }

    pub(crate) fn new(settings: Settings) -> Self {
        let link = || watch::Sender::new(LinkState::Connecting);
        let controlled = settings.is_controlled();
        let links = |_| Links {
            work: link(),
            control: controlled.then(link),
        };
        let links = settings.servers.iter().map(links).collect();
        Self {
            settings,
            wishes: Wishes::new(),
            stage: watch::Sender::new(Stage::Running),
            links,
        }
    }

    /// A hold on the worker, before and while it runs.
    pub fn handle(&self) -> WorkerHandle {
        let states = |links: &Links| {
            let control = links.control.iter().map(watch::Sender::subscribe);
            control.chain([links.work.subscribe()]).collect()
        };
        WorkerHandle {
            wishes: self.wishes.clone(),
            stages: self.stage.subscribe(),
            links: self.links.iter().map(states).collect(),
        }
    }

    /// Runs jobs until something stops the worker: a signal (where the builder was told to handle them),
    /// its handle, or `terminate` through the job server.
    ///
    /// # Errors
    ///
    /// [`RunError`]: it could not begin.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future starts a drain that goes on without a waiter, as long as the runtime lives.
    pub async fn run(self) -> Result<StopReport, RunError> {
        self.run_until(pending()).await
    }

    /// As [`run`](Self::run), and drains when `trigger` is ready.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(
        self,
        trigger: impl Future<Output = ()>,
    ) -> Result<StopReport, RunError> {
        // Before the first connection: a signal that comes at start-up is not lost.
        let signals = self.settings.signals.then(Signals::install).transpose();
        let signals = signals.map_err(RunError::Signals)?;
        let wishes = self.wishes.clone();
        let _guard = DrainOnDrop(wishes.clone());
        let mut work = tokio::spawn(self.work(signals));
        let done = select! {
            done = &mut work => done,
            () = trigger => {
                wishes.ask(Order::Drain, StopReason::Trigger);
                work.await
            }
        };
        // A panic here is a mistake of ours, and the user's to hear of.
        done.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }

    async fn work(self, signals: Option<Signals>) -> Result<StopReport, RunError> {
        let mut wish = self.wishes.subscribe();
        let mut forwarding = JoinSet::new();
        if let Some(signals) = signals {
            forwarding.spawn(signals.forward(self.wishes.clone()));
        }
        let load = Arc::new(Load::default());
        let drained = watch::Sender::new(None);
        let mut control = self.hire_control(&load, &drained);
        let Self {
            settings,
            wishes,
            stage,
            links,
        } = self;
        let work = settings
            .servers
            .iter()
            .zip(links.iter().map(|links| &links.work));
        let Settings {
            terms,
            functions,
            concurrency,
            start_limit,
            ..
        } = settings;
        let mut crew = Crew::hire(&terms, functions, concurrency, &load, work);

        let (account, asked) = select! {
            done = lead(&mut crew, &mut wish, &stage) => done,
            limit = never_up(start_limit, &links) => {
                return Err(RunError::NoServer { limit, reasons: reasons(&links) });
            }
        };
        // Every job has ended or has been handed back. Those who ordered it hear so before control leaves.
        drained.send_replace(Some(account.confirmed));
        if let Some(control) = &mut control {
            dismiss(control, &mut wish).await;
        }
        stage.send_replace(Stage::Closed);
        let Account {
            confirmed: Tally { completed, failed },
            undelivered,
            abandoned,
        } = account;
        let (reason, elapsed) = (wishes.current().reason, asked.elapsed());
        Ok(StopReport {
            reason,
            completed,
            failed,
            abandoned,
            undelivered,
            elapsed,
        })
    }

    /// The control connections, where the worker has them.
    #[cfg(feature = "control")]
    fn hire_control(
        &self,
        load: &Arc<Load>,
        drained: &watch::Sender<Option<Tally>>,
    ) -> Option<Crew> {
        use crate::control::{CONTROL_JOBS, Control};
        use crate::handler::{Function, Spawned};

        let id = self.settings.control.clone()?;
        let function = id.control_function();
        let control = Control {
            id,
            incarnation: gearman_control::Incarnation::random(),
            wishes: self.wishes.clone(),
            stages: self.stage.subscribe(),
            load: Arc::clone(load),
            drained: drained.subscribe(),
        };
        let handler: Box<dyn Function> = Box::new(Spawned(Arc::new(control)));
        let functions = Functions::from([(function, handler)]);
        let servers = self.settings.servers.iter().zip(&self.links);
        let links = servers.filter_map(|(server, links)| Some((server, links.control.as_ref()?)));
        // What runs here is no work: it has a load of its own, which nobody looks at.
        Some(Crew::hire(
            &self.settings.terms,
            functions,
            CONTROL_JOBS,
            &Arc::default(),
            links,
        ))
    }

    #[cfg(not(feature = "control"))]
    fn hire_control(&self, _: &Arc<Load>, _: &watch::Sender<Option<Tally>>) -> Option<Crew> {
        None
    }
}

impl Settings {
    fn is_controlled(&self) -> bool {
        #[cfg(feature = "control")]
        return self.control.is_some();
        #[cfg(not(feature = "control"))]
        return false;
    }
}

/// Passes on what is wished until every connection has left. Returns what they did, and when they were
/// first asked to leave.
async fn lead(
    crew: &mut Crew,
    wish: &mut watch::Receiver<Wish>,
    stage: &watch::Sender<Stage>,
) -> (Account, Instant) {
    let mut account = Account::default();
    let mut asked = None;
    loop {
        select! {
            left = crew.next_to_leave() => match left {
                Some(one) => account.add(one),
                None => return (account, asked.unwrap_or_else(Instant::now)),
            },
            Ok(()) = wish.changed() => {
                let order = wish.borrow_and_update().order;
                asked.get_or_insert_with(Instant::now);
                stage.send_replace(match order {
                    Order::Work => Stage::Running,
                    Order::Quiet => Stage::Quiet,
                    Order::Drain => Stage::Draining,
                    Order::Cancel => Stage::Cancelling,
                });
                crew.order(order);
            }
        }
    }
}

/// Lets the control connections complete their jobs and leave. Who wants to be gone at once does not wait
/// long for it.
async fn dismiss(control: &mut Crew, wish: &mut watch::Receiver<Wish>) {
    control.order(Order::Drain);
    let hurry = async {
        if wish
            .wait_for(|wish| wish.order == Order::Cancel)
            .await
            .is_ok()
        {
            sleep(LAST_WORDS).await;
        }
    };
    select! {
        () = control.all_left() => return,
        () = hurry => {}
    }
    control.order(Order::Cancel);
    let _ = timeout(LAST_WORDS, control.all_left()).await;
}

/// Ready, with the limit, when it passes without a server being up.
async fn never_up(limit: Option<Duration>, links: &[Links]) -> Duration {
    let states = links
        .iter()
        .map(|links| vec![links.work.subscribe()])
        .collect::<Vec<_>>();
    match limit {
        Some(limit) if timeout(limit, any_up(&states)).await.is_err() => limit,
        _ => pending().await,
    }
}

fn reasons(links: &[Links]) -> Vec<Arc<ConnectError>> {
    let reason = |links: &Links| match &*links.work.borrow() {
        LinkState::Down(reason) => Some(Arc::clone(reason)),
        LinkState::Connecting | LinkState::Up => None,
    };
    links.iter().filter_map(reason).collect()
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServer { limit, reasons } => {
                write!(f, "no server reachable within {limit:?}")?;
                for (index, reason) in reasons.iter().enumerate() {
                    write!(f, "{} {reason}", if index == 0 { ":" } else { ";" })?;
                }
                Ok(())
            }
            Self::Signals(error) => write!(f, "signals can't be caught: {error}"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoServer { .. } => None,
            Self::Signals(error) => Some(error),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings {
            servers,
            functions,
            concurrency,
            ..
        } = &self.settings;
        f.debug_struct("Worker")
            .field("servers", servers)
            .field("functions", &functions.keys())
            .field("concurrency", concurrency)
            .finish_non_exhaustive()
    }
}
