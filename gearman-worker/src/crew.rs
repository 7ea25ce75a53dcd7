use std::panic::resume_unwind;
use std::sync::Arc;

use gearman_net::{Backoff, Connector, Endpoint};
use gearman_proto::ClientId;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::connection::{Account, Connection, Functions, LinkState, REPORTS};
use crate::dial::Dial;
use crate::job::Line;
use crate::load::Load;
use crate::machine::{Machine, Order};
use crate::slots::Slots;
use crate::watchdog::{Spans, Watchdog};

/// Bytes of a packet with a payload that are not payload: a handle and its NUL.
const HEAD: u32 = 64;

/// What all connections of a worker have in common.
pub(crate) struct Terms {
    pub(crate) connector: Connector,
    pub(crate) client_id: ClientId,
    pub(crate) spans: Spans,
    pub(crate) body_limit: u32,
}

/// Connections to all servers for the same functions, with one cap over all of them. Each is a task;
/// they are aborted when the crew is dropped.
pub(crate) struct Crew {
    orders: watch::Sender<Order>,
    tasks: JoinSet<Account>,
}

impl Crew {
    /// One connection for each server whose link is given.
    pub(crate) fn hire<'a>(
        terms: &Terms,
        functions: Functions,
        concurrency: usize,
        load: &Arc<Load>,
        links: impl IntoIterator<Item = (&'a Endpoint, &'a watch::Sender<LinkState>)>,
    ) -> Self {
        let orders = watch::Sender::new(Order::Work);
        let semaphore = Arc::new(Semaphore::new(concurrency));
        let functions = Arc::new(functions);
        let mut tasks = JoinSet::new();
        for (server, state) in links {
            let (sender, reports) = mpsc::channel(REPORTS);
            let payload_limit = terms.body_limit.saturating_sub(HEAD) as usize;
            let line = Line {
                reports: sender,
                orders: orders.subscribe(),
                payload_limit,
            };
            let connection = Connection {
                name: server.to_string(),
                dial: Dial::tcp(terms.connector.clone(), server.clone()),
                backoff: Backoff::default(),
                body_limit: terms.body_limit,
                machine: Machine::new(Some(terms.client_id), functions.keys().cloned()),
                functions: Arc::clone(&functions),
                slots: Slots::new(Arc::clone(&semaphore)),
                watchdog: Watchdog::new(terms.spans),
                line: Arc::new(line),
                reports,
                orders: orders.subscribe(),
                state: state.clone(),
                load: Arc::clone(load),
            };
            tasks.spawn(connection.run());
        }
        Self { orders, tasks }
    }

    pub(crate) fn order(&self, order: Order) {
        self.orders.send_replace(order);
    }

    /// Waits for the next connection to leave its server; `None` when all have.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn next_to_leave(&mut self) -> Option<Account> {
        let left = self.tasks.join_next().await?;
        // A driver that panics is a mistake of ours, and the user's to hear of.
        Some(left.unwrap_or_else(|error| resume_unwind(error.into_panic())))
    }

    pub(crate) async fn all_left(&mut self) {
        while self.next_to_leave().await.is_some() {}
    }
}
