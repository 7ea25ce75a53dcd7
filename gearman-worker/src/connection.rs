//! The driver of one server's machine: bytes, clocks and tasks.
//!
//! One task, one `select!` whose arms are all cancel-safe. Each turn takes in one thing, lets the
//! machine say everything that follows from it, and only then waits: what it wants to be written leaves
//! together.

use std::collections::HashMap;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use gearman_net::{Backoff, ConnectError, Moved, Transport, TransportError};
use gearman_proto::{Assignment, FunctionName, JobHandle, Outcome, Update};
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Sleep, sleep};
use tracing::{debug, info, warn};

use crate::cancel::{CancelReason, Cancellation};
use crate::change::{Change, Done};
use crate::dial::{Dial, Dialling, Stream};
use crate::directive::Directive;
use crate::handler::Functions;
use crate::job::{Line, Report};
use crate::load::Load;
use crate::machine::{Action, JobId, Machine, Order};
use crate::metrics::{JobMeter, Meters};
use crate::recycle::Recycle;
use crate::slots::Slots;
use crate::watchdog::Watchdog;

/// Bytes queued to be written, from which on handlers that send are kept waiting.
const HIGH_WATER: usize = 1 << 20;

/// Reports that wait for the connection: enough for a burst of short jobs to be written together.
pub(crate) const REPORTS: usize = 256;

/// Whether a server can be reached, for those who wait for it.
#[derive(Clone, Debug)]
pub(crate) enum LinkState {
    Connecting,
    Down(Arc<ConnectError>),
    Up,
}

/// What a connection leaves behind: the jobs that it handed back.
pub(crate) type Account = Vec<JobHandle>;

/// A server and what is needed to work for it.
pub(crate) struct Connection {
    /// Which server, for the log.
    pub(crate) name: String,
    pub(crate) dial: Dial,
    pub(crate) backoff: Backoff,
    pub(crate) body_limit: u32,
    pub(crate) machine: Machine,
    pub(crate) functions: Functions,
    pub(crate) slots: Slots,
    pub(crate) watchdog: Watchdog,
    pub(crate) line: Arc<Line>,
    pub(crate) reports: mpsc::Receiver<Report>,
    pub(crate) directives: watch::Receiver<Directive>,
    pub(crate) changes: mpsc::Receiver<Change>,
    pub(crate) state: watch::Sender<LinkState>,
    pub(crate) load: Arc<Load>,
    pub(crate) recycle: Option<Recycle>,
    pub(crate) meters: Meters,
}

/// A job that runs here.
struct Running {
    cancellation: Cancellation,
    task: Option<AbortHandle>,
    meter: JobMeter,
}

enum Link {
    Connecting(Dialling),
    Up(Transport<Box<dyn Stream>>),
    Waiting(Pin<Box<Sleep>>),
    Gone,
}

enum LinkEvent {
    Connected(Result<Box<dyn Stream>, ConnectError>),
    Moved(Result<Moved, TransportError>),
    Waited,
}

impl Link {
    /// # Cancel safety
    ///
    /// Whatever has been achieved is kept.
    async fn event(&mut self) -> LinkEvent {
        match self {
            Self::Connecting(dialling) => LinkEvent::Connected(dialling.await),
            Self::Up(transport) => LinkEvent::Moved(transport.moved().await),
            Self::Waiting(wait) => {
                wait.await;
                LinkEvent::Waited
            }
            Self::Gone => pending().await,
        }
    }

    fn queued(&self) -> usize {
        match self {
            Self::Up(transport) => transport.queued(),
            _ => 0,
        }
    }
}

/// A connection at work: the parts that come into being with it.
struct Drive {
    connection: Connection,
    link: Link,
    running: HashMap<JobId, Running>,
    /// What `load` was told last.
    loaded: usize,
    /// Functions that are to go, and those who wait for it.
    removing: HashMap<FunctionName, Vec<Done>>,
    abandoned: Account,
}

impl Connection {
    /// Works until an order to leave has been carried out.
    pub(crate) async fn run(self) -> Account {
        let link = Link::Connecting(self.dial.start());
        let drive = Drive {
            connection: self,
            link,
            running: HashMap::new(),
            loaded: 0,
            removing: HashMap::new(),
            abandoned: Account::new(),
        };
        drive.run().await
    }
}

impl Drive {
    async fn run(mut self) -> Account {
        let mut batch = Vec::with_capacity(REPORTS);
        self.obey();
        loop {
            self.perform();
            if self.connection.machine.is_over() {
                break;
            }
            let Connection {
                machine,
                slots,
                watchdog,
                reports,
                directives,
                changes,
                ..
            } = &mut self.connection;
            watchdog.watch(machine.timer());
            let room = self.link.queued() < HIGH_WATER;
            select! {
                event = self.link.event() => self.take_link_event(event),
                _ = reports.recv_many(&mut batch, REPORTS), if room => {
                    for report in batch.drain(..) {
                        self.take_report(report);
                    }
                }
                () = slots.granted() => machine.slot_granted(),
                Ok(()) = directives.changed() => self.obey(),
                Some(change) = changes.recv() => self.take_change(change),
                timer = watchdog.fired() => {
                    if let Err(violation) = machine.timer_fired(timer) {
                        self.lose(&violation);
                    }
                }
            }
        }
        // Only a cancelled worker leaves some behind: orphans.
        for (_, running) in self.running.drain() {
            running.task.inspect(AbortHandle::abort);
            running.meter.ends(None);
        }
        self.connection.load.update(self.loaded, 0);
        self.abandoned
    }

    fn take_link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Waited => {
                self.link = Link::Connecting(self.connection.dial.start());
            }
            LinkEvent::Connected(Ok(stream)) => {
                self.link = Link::Up(Transport::new(stream, self.connection.body_limit));
                self.connection.machine.connected();
            }
            LinkEvent::Connected(Err(error)) => {
                warn!(server = %self.connection.name, "can't connect: {error}");
                self.connection
                    .state
                    .send_replace(LinkState::Down(Arc::new(error)));
                self.wait();
            }
            LinkEvent::Moved(moved) => {
                self.connection.watchdog.moved();
                // What came before the end is taken in before the end.
                if let Err(violation) = self.take_packets() {
                    self.lose(&*violation);
                } else if let Err(end) = moved {
                    self.lose(&end);
                }
            }
        }
    }

    fn take_packets(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let Link::Up(transport) = &mut self.link else {
            return Ok(());
        };
        while let Some(packet) = transport.next_response()? {
            match packet {
                Ok(response) => self.connection.machine.handle_response(response)?,
                Err(error) => {
                    warn!(server = %self.connection.name, "{error}");
                    self.connection.machine.handle_bad_packet(&error)?;
                }
            }
        }
        Ok(())
    }

    fn take_report(&mut self, report: Report) {
        match report {
            Report::Update(job, update) => self.connection.machine.job_update(job, update),
            Report::End(job, warning, outcome) => {
                if let Some(running) = self.running.remove(&job) {
                    running.meter.ends(Some(&outcome));
                }
                if let Some(warning) = warning {
                    self.connection.machine.job_update(job, warning);
                }
                self.connection.machine.job_finished(job, outcome);
            }
        }
    }

    fn obey(&mut self) {
        let directive = *self.connection.directives.borrow_and_update();
        if directive >= Directive::Interrupt {
            for running in self.running.values() {
                running.cancellation.cancel(CancelReason::WorkerStopped);
            }
        }
        let machine = &mut self.connection.machine;
        match directive {
            Directive::Work => machine.resume(),
            Directive::Quiet => machine.quiet(),
            Directive::Drain | Directive::Interrupt => machine.shut_down(),
            Directive::HandBack => machine.cancel(),
        }
        if directive >= Directive::Drain && !matches!(self.link, Link::Up(_)) {
            self.link = Link::Gone;
        }
    }

    fn take_change(&mut self, change: Change) {
        let Connection {
            machine, functions, ..
        } = &mut self.connection;
        match change {
            Change::Add(name, function) => {
                // Its handler is there before the server can send a job.
                functions.insert(name.clone(), function);
                self.removing.remove(&name);
                machine.add_function(name);
            }
            Change::Remove(name, done) => {
                if machine.functions().contains(&name) {
                    machine.remove_function(&name);
                    self.removing.entry(name).or_default().push(done);
                }
            }
            Change::CancelJob { handle, found, .. } => {
                let job = machine.held().find(|(_, other)| *other == handle);
                if let Some((job, _)) = job {
                    let _ = found.try_send(());
                    self.cancel_job(job);
                }
            }
        }
    }

    /// Takes a job away from its handler. A task is stopped and its job fails; a thread is told, and
    /// nothing but itself can stop it.
    fn cancel_job(&mut self, job: JobId) {
        let Some(running) = self.running.get(&job) else {
            return;
        };
        running.cancellation.cancel(CancelReason::Ordered);
        if let Some(task) = &running.task {
            task.abort();
            let text = Bytes::from_static(b"the job was cancelled by order");
            self.take_report(Report::End(job, Some(Update::Warning(text)), Outcome::Fail));
        }
    }

    /// Does everything that the machine wants.
    fn perform(&mut self) {
        while let Some(action) = self.connection.machine.poll_action() {
            match action {
                Action::Send(request) => {
                    if let Link::Up(transport) = &mut self.link
                        && let Err(error) = transport.send(&request)
                    {
                        // Payloads are checked before they come here; nothing else can be too long.
                        self.lose(&error);
                    }
                }
                Action::Up => {
                    info!(server = %self.connection.name, "connected");
                    self.connection.meters.connected();
                    self.connection.backoff.reset();
                    self.connection.state.send_replace(LinkState::Up);
                }
                Action::StartJob(job, assignment) => self.start(job, assignment),
                Action::Orphaned(job) => {
                    if let Some(running) = self.running.get(&job) {
                        running.cancellation.cancel(CancelReason::ConnectionLost);
                    }
                }
                Action::Abandoned(job, handle) => {
                    if let Some(running) = self.running.remove(&job) {
                        running.cancellation.cancel(CancelReason::WorkerStopped);
                        running.task.inspect(AbortHandle::abort);
                        running.meter.ends(None);
                    }
                    self.abandoned.push(handle);
                }
                Action::WantSlot => {
                    if self.connection.slots.want() {
                        self.connection.machine.slot_granted();
                    }
                }
                Action::ReleaseSlots(count) => self.connection.slots.release(count),
                Action::Confirmed(tally) => self.connection.load.confirm(tally),
                Action::Undelivered(tally) => {
                    warn!(server = %self.connection.name, results = tally.total(), "undelivered");
                    self.connection.meters.undelivered(tally.total());
                    self.connection.load.lose(tally);
                }
                Action::Refused(error) => warn!(server = %self.connection.name, "refused: {error}"),
                Action::Removed(function) => {
                    debug!(server = %self.connection.name, %function, "removed");
                    self.connection.functions.remove(&function);
                    self.removing.remove(&function);
                }
                Action::Close => {
                    debug!(server = %self.connection.name, "left");
                    self.link = Link::Gone;
                    self.connection.machine.disconnected();
                }
            }
        }
        self.connection.load.update(self.loaded, self.running.len());
        self.loaded = self.running.len();
    }

    fn start(&mut self, job: JobId, assignment: Assignment) {
        let Connection {
            functions,
            machine,
            line,
            meters,
            ..
        } = &mut self.connection;
        let Some((name, function)) = functions.get_key_value(assignment.function_bytes()) else {
            let text = format!("this worker has no function {}", assignment.function());
            machine.job_update(job, Update::Warning(text.into()));
            machine.job_finished(job, Outcome::Fail);
            return;
        };
        let cancellation = Cancellation::default();
        let meter = meters.job_begins(name);
        let task = function.start(job, assignment, cancellation.clone(), line);
        let running = Running {
            cancellation,
            task,
            meter,
        };
        self.running.insert(job, running);
        if self
            .connection
            .recycle
            .as_ref()
            .is_some_and(Recycle::job_begins)
        {
            // At once, so that no further grab leaves; the others hear it from the crew.
            self.connection.machine.shut_down();
        }
    }

    /// The stream is of no use any longer. Try again, unless we were leaving anyhow.
    fn lose(&mut self, reason: &(impl std::fmt::Display + ?Sized)) {
        warn!(server = %self.connection.name, "connection lost: {reason}");
        self.connection.meters.connection_lost();
        self.connection.state.send_replace(LinkState::Connecting);
        self.connection.machine.disconnected();
        if self.connection.machine.order() < Order::Drain {
            self.wait();
        } else {
            self.link = Link::Gone;
        }
    }

    fn wait(&mut self) {
        self.link = Link::Waiting(Box::pin(sleep(self.connection.backoff.next_wait())));
    }
}

#[cfg(test)]
mod tests;
