use std::collections::BTreeSet;
use std::sync::Arc;

use gearman_admin::AdminError;
use tokio::task::JoinSet;

use super::server::Server;
use super::sightings::{Sightings, Turn};
use super::stop::Sight;
use super::{Event, Unasked};
use crate::WorkerId;

/// Looks at all servers, for all workers together.
pub(super) struct Lookout {
    servers: Vec<Watched>,
    sightings: Sightings,
    looks: JoinSet<(usize, Result<BTreeSet<WorkerId>, AdminError>)>,
}

struct Watched {
    server: Arc<Server>,
    /// A look at it is on its way. A slow server holds up no other and is asked nothing more meanwhile.
    is_looked_at: bool,
}

impl Lookout {
    pub(super) fn new(servers: Vec<Arc<Server>>, sightings: Sightings) -> Self {
        let watched = |server| Watched {
            server,
            is_looked_at: false,
        };
        Self {
            servers: servers.into_iter().map(watched).collect(),
            sightings,
            looks: JoinSet::new(),
        }
    }

    /// Begins to look at every server.
    pub(super) fn look(&mut self) {
        for (index, watched) in self.servers.iter_mut().enumerate() {
            if !watched.is_looked_at {
                watched.is_looked_at = true;
                let server = Arc::clone(&watched.server);
                self.looks
                    .spawn(async move { (index, server.look().await) });
            }
        }
    }

    /// Takes in what is seen; returns when a server can't be looked at, or can again.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub(super) async fn news(&mut self) -> Event {
        loop {
            match self.looks.join_next().await {
                Some(Ok((index, seen))) => {
                    if let Some(event) = self.note(index, seen) {
                        return event;
                    }
                }
                Some(Err(_)) => tracing::error!("a look at a server has panicked"),
                None => std::future::pending().await,
            }
        }
    }

    /// Where the worker is, as far as has been seen.
    pub(super) fn sight(&self, id: &WorkerId) -> Sight {
        self.sightings.of(id)
    }

    fn note(
        &mut self,
        index: usize,
        seen: Result<BTreeSet<WorkerId>, AdminError>,
    ) -> Option<Event> {
        let watched = self.servers.get_mut(index)?;
        watched.is_looked_at = false;
        let server = watched.server.endpoint.clone();
        let (ids, error) = match seen {
            Ok(ids) => (Some(ids), None),
            Err(error) => (None, Some(error)),
        };
        match (self.sightings.note(index, ids)?, error) {
            (Turn::Lost, Some(error)) => Some(Event::ServerLost(Unasked { server, error })),
            _ => Some(Event::ServerBack(server)),
        }
    }
}
