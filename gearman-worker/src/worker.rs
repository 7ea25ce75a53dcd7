use std::collections::BTreeSet;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gearman_net::{ConnectError, Endpoint};
use gearman_proto::FunctionName;
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::info;

use crate::builder::WorkerBuilder;
use crate::cap::Cap;
use crate::change::Change;
use crate::connection::{Account, LinkState};
use crate::crew::{Crew, Purpose, Shared, Terms};
use crate::directive::Directive;
use crate::handle::{WorkerHandle, any_up};
use crate::handler::Functions;
use crate::load::Load;
use crate::machine::{Order, Tally};
use crate::metrics;
use crate::recycle::Recycle;
use crate::report::{StopReason, StopReport};
use crate::signals::{Hook, Signals};
use crate::stage::Stage;
use crate::wishes::{Wish, Wishes};

/// What the control connections may take to say goodbye when the worker is to be gone at once.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Runs the jobs of its functions until it is told to stop, and then hurts none.
///
/// See the [crate's documentation](crate) for the story.
pub struct Worker {
    settings: Settings,
    wishes: Wishes,
    stage: watch::Sender<Stage>,
    report: watch::Sender<Option<StopReport>>,
    changes: (mpsc::Sender<Change>, mpsc::Receiver<Change>),
    cap: Arc<Cap>,
    load: Arc<Load>,
    functions: Arc<Mutex<BTreeSet<FunctionName>>>,
    links: Vec<Links>,
}

/// Changes that wait to be passed on to the connections.
const CHANGES: usize = 16;

/// What a worker is made of, checked.
pub(crate) struct Settings {
    pub(crate) terms: Terms,
    pub(crate) servers: Vec<Endpoint>,
    #[cfg(feature = "control")]
    pub(crate) control: Option<crate::control::Setting>,
    pub(crate) functions: Functions,
    pub(crate) concurrency: usize,
    pub(crate) signals: bool,
    pub(crate) hang_up: Option<Hook>,
    pub(crate) start_limit: Option<Duration>,
    pub(crate) drain_limit: Option<Duration>,
    pub(crate) cancel_grace: Duration,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) jobs: Option<u64>,
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
        self.0.stop(Order::Drain, StopReason::Trigger);
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
        Self {
            wishes: Wishes::new(),
            stage: watch::Sender::new(Stage::Running),
            report: watch::Sender::new(None),
            changes: mpsc::channel(CHANGES),
            cap: Arc::new(Cap::new(settings.concurrency)),
            load: Arc::default(),
            functions: Arc::new(Mutex::new(settings.functions.keys().cloned().collect())),
            links: settings.servers.iter().map(links).collect(),
            settings,
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
            report: self.report.subscribe(),
            changes: self.changes.0.clone(),
            cap: Arc::clone(&self.cap),
            load: Arc::clone(&self.load),
            functions: Arc::clone(&self.functions),
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
                wishes.stop(Order::Drain, StopReason::Trigger);
                work.await
            }
        };
        // A panic here is a mistake of ours, and the user's to hear of.
        done.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }

    async fn work(self, signals: Option<Signals>) -> Result<StopReport, RunError> {
        let mut wish = self.wishes.subscribe();
        let drained = watch::Sender::new(false);
        let mut control = self.hire_control(&drained);
        let Self {
            settings,
            wishes,
            stage,
            report,
            changes,
            cap,
            load,
            functions: _,
            links,
        } = self;
        let mut forwarding = JoinSet::new();
        if let Some(signals) = signals {
            forwarding.spawn(signals.forward(wishes.clone(), settings.hang_up));
        }
        metrics::describe();
        let shared = Shared {
            purpose: Purpose::Work,
            functions: settings.functions,
            cap,
            load: Arc::clone(&load),
            recycle: settings
                .jobs
                .map(|jobs| Recycle::after(jobs, wishes.clone())),
        };
        let work = settings
            .servers
            .iter()
            .zip(links.iter().map(|links| &links.work));
        let mut crew = Crew::hire(&settings.terms, &shared, work);
        // Only the connections hold the functions from here on, and drop them when they leave.
        drop(shared);
        let leading = Leading {
            wishes: wishes.clone(),
            stage: &stage,
            changes: changes.1,
            drain_limit: settings.drain_limit,
            cancel_grace: settings.cancel_grace,
            end_of_life: settings.lifetime.map(|lifetime| Instant::now() + lifetime),
        };
        let Left {
            abandoned,
            asked,
            overdue,
        } = select! {
            done = leading.lead(&mut crew, &mut wish) => done,
            limit = never_up(settings.start_limit, &links) => {
                return Err(RunError::NoServer { limit, reasons: reasons(&links) });
            }
        };
        // Every job has ended or has been handed back. Those who ordered it hear so before control leaves.
        drained.send_replace(true);
        if let Some(control) = &mut control {
            dismiss(control, &mut wish).await;
        }
        let Tally { completed, failed } = load.confirmed();
        let done = StopReport {
            reason: wishes.current().reason,
            completed,
            failed,
            abandoned,
            undelivered: load.undelivered(),
            overdue,
            elapsed: asked.elapsed(),
        };
        report.send_replace(Some(done.clone()));
        info!("closed: {done}");
        stage.send_replace(Stage::Closed);
        Ok(done)
    }

    /// The control connections, where the worker has them.
    #[cfg(feature = "control")]
    fn hire_control(&self, drained: &watch::Sender<bool>) -> Option<Crew> {
        use crate::control::{CONTROL_JOBS, Control};
        use crate::handler::Spawned;

        let setting = self.settings.control.as_ref()?;
        let function = setting.id.control_function();
        let declared = self.settings.functions.clone();
        let reload = self.settings.hang_up.clone();
        let control = Control::new(
            setting,
            self.handle(),
            reload,
            declared,
            drained.subscribe(),
        );
        let handler = Arc::new(Spawned {
            handler: Arc::new(control),
            limit: None,
        });
        // What runs here is no work: it has a cap of its own, and a load at which nobody looks.
        let shared = Shared {
            purpose: Purpose::Control,
            functions: Functions::from([(function, handler as _)]),
            cap: Arc::new(Cap::new(CONTROL_JOBS)),
            load: Arc::default(),
            recycle: None,
        };
        let servers = self.settings.servers.iter().zip(&self.links);
        let links = servers.filter_map(|(server, links)| Some((server, links.control.as_ref()?)));
        Some(Crew::hire(&self.settings.terms, &shared, links))
    }

    #[cfg(not(feature = "control"))]
    fn hire_control(&self, _: &watch::Sender<bool>) -> Option<Crew> {
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

/// How a crew has left.
struct Left {
    abandoned: Account,
    /// When it was first asked to.
    asked: Instant,
    overdue: bool,
}

/// What leads a crew: wishes, changes and times.
struct Leading<'a> {
    wishes: Wishes,
    stage: &'a watch::Sender<Stage>,
    changes: mpsc::Receiver<Change>,
    drain_limit: Option<Duration>,
    cancel_grace: Duration,
    end_of_life: Option<Instant>,
}

impl Leading<'_> {
    /// Passes on what is wished until every connection has left.
    async fn lead(mut self, crew: &mut Crew, wish: &mut watch::Receiver<Wish>) -> Left {
        let mut abandoned = Account::new();
        let mut asked = None;
        let mut grace = None;
        let mut overdue = false;
        loop {
            let Wish {
                order,
                reason,
                deadline,
                at_once,
            } = *wish.borrow_and_update();
            if order >= Order::Drain {
                asked.get_or_insert_with(Instant::now);
            }
            if order == Order::Cancel {
                grace.get_or_insert_with(|| Instant::now() + self.cancel_grace);
            }
            let now = Instant::now();
            let (stage, directive) = match order {
                Order::Work => (Stage::Running, Directive::Work),
                Order::Quiet => (Stage::Quiet, Directive::Quiet),
                Order::Drain => (Stage::Draining, Directive::Drain),
                Order::Cancel if at_once || grace.is_none_or(|end| end <= now) => {
                    (Stage::Cancelling, Directive::HandBack)
                }
                Order::Cancel => (Stage::Cancelling, Directive::Interrupt),
            };
            self.stage.send_if_modified(|current| {
                let changes = *current != stage;
                if changes {
                    info!("{}", stage.name());
                    *current = stage;
                }
                changes
            });
            crew.direct(directive);
            let alarm = match order {
                Order::Work | Order::Quiet => self.end_of_life,
                Order::Drain => {
                    let limit = self
                        .drain_limit
                        .zip(asked)
                        .map(|(limit, asked)| asked + limit);
                    deadline.into_iter().chain(limit).min()
                }
                Order::Cancel => grace.filter(|end| *end > now),
            };
            select! {
                left = crew.next_to_leave() => match left {
                    Some(jobs) => abandoned.extend(jobs),
                    None => return Left { abandoned, asked: asked.unwrap_or(now), overdue },
                },
                Ok(()) = wish.changed() => {}
                Some(change) = self.changes.recv() => crew.change(change).await,
                () = at(alarm) => match order {
                    Order::Work | Order::Quiet => {
                        self.wishes.stop(Order::Drain, StopReason::Recycled);
                    }
                    Order::Drain => {
                        overdue = true;
                        self.wishes.stop(Order::Cancel, reason);
                    }
                    // The grace is over: the next turn hands back.
                    Order::Cancel => {}
                },
            }
        }
    }
}

/// Ready at that time; never, where there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// Lets the control connections complete their jobs and leave. Who wants to be gone at once does not wait
/// long for it.
async fn dismiss(control: &mut Crew, wish: &mut watch::Receiver<Wish>) {
    control.direct(Directive::Drain);
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
    control.direct(Directive::HandBack);
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
