use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::select_all;
use gearman_proto::FunctionName;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::cap::Cap;
use crate::change::Change;
use crate::connection::LinkState;
use crate::handler::{Function, Handler, Spawned};
use crate::load::Load;
use crate::machine::{Order, Tally};
use crate::report::{StopReason, StopReport};
use crate::stage::{Stage, Stages};
use crate::wishes::Wishes;

/// A hold on a worker: tell it what to do, see how it is. Cheap to clone.
///
/// Nothing here waits for a server, whatever state that is in, but where it says so.
#[derive(Clone, Debug)]
pub struct WorkerHandle {
    pub(crate) wishes: Wishes,
    pub(crate) stages: watch::Receiver<Stage>,
    pub(crate) report: watch::Receiver<Option<StopReport>>,
    pub(crate) changes: mpsc::Sender<Change>,
    pub(crate) cap: Arc<Cap>,
    pub(crate) load: Arc<Load>,
    /// The functions whose jobs are taken.
    pub(crate) functions: Arc<Mutex<BTreeSet<FunctionName>>>,
    /// Per server: the states of all its connections.
    pub(crate) links: Vec<Vec<watch::Receiver<LinkState>>>,
}

/// The worker has left: there is nothing to be changed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker has left")]
#[non_exhaustive]
pub struct HasLeft;

/// What a worker does and has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// How far it is on its way out.
    pub stage: Stage,
    /// Servers whose connection is up.
    pub servers_up: usize,
    /// Servers that it works for.
    pub servers: usize,
    /// Jobs that run now.
    pub running: usize,
    /// Jobs that may run at once.
    pub concurrency: usize,
    /// Jobs that ended well, and the server has proven to have read it.
    pub completed: u64,
    /// Jobs that failed, and the server has proven to have read it.
    pub failed: u64,
    /// Jobs that ended, but nothing proves that the server has read how.
    pub undelivered: u64,
}

impl WorkerHandle {
    /// Finish the jobs that are held, take no others, leave. Saying it again changes nothing.
    pub fn drain(&self) {
        self.wishes.stop(Order::Drain, StopReason::Handle);
    }

    /// The same, and what still runs after `limit` is cancelled. Of several limits the earliest counts.
    pub fn drain_within(&self, limit: Duration) {
        self.wishes
            .drain_until(Instant::now() + limit, StopReason::Handle);
    }

    /// Tell the handlers that it is enough, wait for the grace that the builder gave (none by default), hand
    /// the jobs that still run back to the server, and leave. The server gives them to other workers. Said
    /// again, it ends the grace.
    pub fn cancel(&self) {
        self.wishes.stop(Order::Cancel, StopReason::Handle);
    }

    /// Take no jobs from now on; those that are held go on. Does nothing to a worker that leaves.
    pub fn quiet(&self) {
        self.wishes.quiet(true);
    }

    /// Take jobs again, after [`quiet`](Self::quiet).
    pub fn resume(&self) {
        self.wishes.quiet(false);
    }

    /// How far the worker is on its way out.
    pub fn stage(&self) -> Stage {
        *self.stages.borrow()
    }

    /// The stages as they come.
    pub fn stages(&self) -> Stages {
        Stages {
            receiver: self.stages.clone(),
        }
    }

    /// What the worker does and has done.
    pub fn stats(&self) -> WorkerStats {
        let Tally { completed, failed } = self.load.confirmed();
        let up = |links: &&Vec<watch::Receiver<LinkState>>| {
            links
                .iter()
                .all(|link| matches!(*link.borrow(), LinkState::Up))
        };
        WorkerStats {
            stage: self.stage(),
            servers_up: self.links.iter().filter(up).count(),
            servers: self.links.len(),
            running: self.load.running(),
            concurrency: self.cap.size(),
            completed,
            failed,
            undelivered: self.load.undelivered(),
        }
    }

    /// Lets so many jobs run at once from now on. Jobs that run or were asked for are honoured when it is
    /// fewer; 0 stops asking for jobs.
    pub fn set_concurrency(&self, jobs: usize) {
        self.cap.resize(jobs);
    }

    /// From now on jobs of this function are run too, by this handler; it replaces one that was there.
    ///
    /// # Errors
    ///
    /// [`HasLeft`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it may or may not have been heard.
    pub async fn add_function(
        &self,
        name: FunctionName,
        handler: impl Handler,
    ) -> Result<(), HasLeft> {
        self.add(
            name,
            Arc::new(Spawned {
                handler: Arc::new(handler),
                limit: None,
            }),
        )
        .await
    }

    pub(crate) async fn add(
        &self,
        name: FunctionName,
        function: Arc<dyn Function>,
    ) -> Result<(), HasLeft> {
        let added = name.clone();
        self.changes
            .send(Change::Add(name, function))
            .await
            .map_err(|_| HasLeft)?;
        self.functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(added);
        Ok(())
    }

    /// Takes no more jobs of this function. Ready when no server sends such jobs any more: running ones are
    /// waited for, and meanwhile that connection takes no jobs of other functions either.
    ///
    /// # Errors
    ///
    /// [`HasLeft`].
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it may or may not have been heard; once heard, it is carried out.
    pub async fn remove_function(&self, name: FunctionName) -> Result<(), HasLeft> {
        let (done, mut waiting) = mpsc::channel(1);
        let removed = name.clone();
        self.changes
            .send(Change::Remove(name, done))
            .await
            .map_err(|_| HasLeft)?;
        self.functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&removed);
        // Nothing is ever sent: it ends when the last connection has let go of its end.
        waiting.recv().await;
        Ok(())
    }

    /// The functions whose jobs are taken, in the order of their names.
    pub fn functions(&self) -> Vec<FunctionName> {
        self.functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    /// Waits until the worker can be reached through some server: its connections there, the control
    /// connection included, are up. For ever where none comes up.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn ready(&self) {
        any_up(&self.links).await;
    }

    /// Waits until the worker has left, and tells what it did. `None` where it never began: it could not
    /// reach a server, or was dropped before it was run.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn wait(&self) -> Option<StopReport> {
        let mut report = self.report.clone();
        report.wait_for(Option::is_some).await.ok()?.clone()
    }
}

/// Waits until all connections to any one of the servers are up.
pub(crate) async fn any_up(servers: &[Vec<watch::Receiver<LinkState>>]) {
    select_all(servers.iter().map(|links| Box::pin(all_up(links.clone())))).await;
}

async fn all_up(mut links: Vec<watch::Receiver<LinkState>>) {
    for link in &mut links {
        if link
            .wait_for(|state| matches!(state, LinkState::Up))
            .await
            .is_err()
        {
            pending::<()>().await;
        }
    }
}
