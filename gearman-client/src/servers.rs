use std::sync::{Arc, Mutex, PoisonError};

use gearman_net::Endpoint;

use crate::NotSent;
use crate::connection::Connection;

/// The servers of a client, each behind its own connection, and in which order they are tried.
#[derive(Debug)]
pub(crate) struct Servers {
    /// In the order given.
    named: Vec<Connection>,
    /// Those that jobs were asked for at, though they were not named.
    others: Mutex<Vec<Connection>>,
}

impl Servers {
    pub(crate) const fn new(named: Vec<Connection>) -> Self {
        Self {
            named,
            others: Mutex::new(Vec::new()),
        }
    }

    /// The connection to this very server; `make` makes one where there is none.
    pub(crate) fn at(&self, server: &Endpoint, make: impl FnOnce() -> Connection) -> Connection {
        let is_it = |connection: &&Connection| **connection.server() == *server;
        if let Some(found) = self.named.iter().find(is_it) {
            return found.clone();
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = others.iter().find(is_it) {
            return found.clone();
        }
        let made = make();
        others.push(made.clone());
        made
    }

    /// The servers one after the other, the best first.
    pub(crate) fn round(&self) -> Round<'_> {
        Round {
            servers: &self.named,
            tried: Vec::new(),
            reasons: NotSent::untried(),
        }
    }

    pub(crate) fn named(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.named.iter().map(Connection::server)
    }
}

/// One request on its way through the servers, until one takes it.
///
/// First those to which there is a connection, then those to which there is none, then those that were
/// mute; each in the order given.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    servers: &'a [Connection],
    tried: Vec<usize>,
    reasons: NotSent,
}

impl<'a> Round<'a> {
    /// The next server to try, and at the end why none of them took it.
    pub(crate) fn next(&mut self) -> Result<&'a Connection, NotSent> {
        let untried = self.servers.iter().enumerate();
        let untried = untried.filter(|(index, _)| !self.tried.contains(index));
        match untried.min_by_key(|(_, connection)| connection.condition()) {
            Some((index, connection)) => {
                self.tried.push(index);
                Ok(connection)
            }
            None => Err(std::mem::replace(&mut self.reasons, NotSent::untried())),
        }
    }

    /// The last one did not take it.
    pub(crate) fn not_sent(&mut self, reason: NotSent) {
        self.reasons.add(reason);
    }
}
