use std::future::pending;

use futures_util::future::select_all;
use tokio::sync::watch;

use crate::connection::LinkState;
use crate::machine::Order;
use crate::report::StopReason;
use crate::stage::{Stage, Stages, Wishes};

/// A hold on a running worker: ask it to stop, see how far it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorkerHandle {
    pub(crate) wishes: Wishes,
    pub(crate) stages: watch::Receiver<Stage>,
    /// Per server: the states of all its connections.
    pub(crate) links: Vec<Vec<watch::Receiver<LinkState>>>,
}

impl WorkerHandle {
    /// Finish the jobs that are held, take no others, leave. Says it once; saying it again changes nothing.
    pub fn drain(&self) {
        self.wishes.ask(Order::Drain, StopReason::Handle);
    }

    /// Hand the jobs that are held back to the server and leave. The server gives them to other workers.
    pub fn cancel(&self) {
        self.wishes.ask(Order::Cancel, StopReason::Handle);
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

    /// Waits until the worker can be reached through some server: its connections there, the control
    /// connection included, are up. For ever where none comes up.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn ready(&self) {
        any_up(&self.links).await;
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
