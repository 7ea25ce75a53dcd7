use std::panic::resume_unwind;
use std::sync::Arc;

use gearman_net::{Backoff, Connector, Endpoint};
use gearman_proto::ClientId;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::cap::Cap;
use crate::change::Change;
use crate::connection::{Account, Connection, LinkState, REPORTS};
use crate::dial::Dial;
use crate::directive::Directive;
use crate::handler::Functions;
use crate::job::Line;
use crate::job_error::Exceptions;
use crate::load::Load;
use crate::machine::Machine;
use crate::metrics::Meters;
use crate::recycle::Recycle;
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
    pub(crate) exceptions: Exceptions,
}

/// What the connections of a crew are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Work,
    /// To be reached through the server. What runs there is no work, and is not counted as such.
    Control,
}

/// Connections to all servers for the same functions, with one cap over all of them. Each is a task;
/// they are aborted when the crew is dropped.
pub(crate) struct Crew {
    directives: watch::Sender<Directive>,
    changes: Vec<mpsc::Sender<Change>>,
    tasks: JoinSet<Account>,
}

/// Changes that wait for one connection: it takes them as soon as it has done what it is at.
const CHANGES: usize = 16;

/// What the connections of a crew share.
pub(crate) struct Shared {
    pub(crate) purpose: Purpose,
    pub(crate) functions: Functions,
    pub(crate) cap: Arc<Cap>,
    pub(crate) load: Arc<Load>,
    pub(crate) recycle: Option<Recycle>,
}

impl Crew {
    /// One connection for each server whose link is given.
    pub(crate) fn hire<'a>(
        terms: &Terms,
        shared: &Shared,
        links: impl IntoIterator<Item = (&'a Endpoint, &'a watch::Sender<LinkState>)>,
    ) -> Self {
        let directives = watch::Sender::new(Directive::Work);
        let mut changes = Vec::new();
        let mut tasks = JoinSet::new();
        for (server, (endpoint, state)) in links.into_iter().enumerate() {
            let (sender, reports) = mpsc::channel(REPORTS);
            let (change, changed) = mpsc::channel(CHANGES);
            changes.push(change);
            let payload_limit = terms.body_limit.saturating_sub(HEAD) as usize;
            let line = Line {
                server,
                reports: sender,
                directives: directives.subscribe(),
                payload_limit,
                exceptions: terms.exceptions,
            };
            let server = endpoint.to_string();
            let (meters, name) = match shared.purpose {
                Purpose::Work => (Meters::of(&server), server),
                Purpose::Control => (Meters::none(), format!("{server} (control)")),
            };
            let connection = Connection {
                name,
                dial: Dial::tcp(terms.connector.clone(), endpoint.clone()),
                backoff: Backoff::default(),
                body_limit: terms.body_limit,
                machine: Machine::new(Some(terms.client_id), shared.functions.keys().cloned()),
                functions: shared.functions.clone(),
                slots: Slots::new(Arc::clone(&shared.cap)),
                watchdog: Watchdog::new(terms.spans),
                line: Arc::new(line),
                reports,
                directives: directives.subscribe(),
                changes: changed,
                state: state.clone(),
                load: Arc::clone(&shared.load),
                recycle: shared.recycle.clone(),
                meters,
            };
            tasks.spawn(connection.run());
        }
        Self {
            directives,
            changes,
            tasks,
        }
    }

    pub(crate) fn direct(&self, directive: Directive) {
        self.directives.send_replace(directive);
    }

    /// Passes a change on: to one server's connection where it is about one, else to all.
    pub(crate) async fn change(&self, change: Change) {
        for (server, connection) in self.changes.iter().enumerate() {
            if change.concerns(server) {
                // One that has left needs no change any more.
                let _ = connection.send(change.clone()).await;
            }
        }
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
