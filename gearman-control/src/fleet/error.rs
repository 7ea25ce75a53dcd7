use std::fmt;

use gearman_admin::AdminError;
use gearman_net::Endpoint;

use crate::WorkerId;

/// Why the fleet can't be looked at or told anything. Nothing was sent to any worker.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// Not one of the servers could be asked.
    #[error("no server can be asked{}", Listed(.0))]
    NoServer(Vec<Unasked>),
    /// These workers are not connected to any server that could be asked.
    #[error("no connected worker is called {}{}", Names(.ids), Listed(.unasked))]
    NoSuchWorker {
        /// The ids that nobody bears.
        ids: Vec<WorkerId>,
        /// The servers that they may be connected to for all we know.
        unasked: Vec<Unasked>,
    },
}

/// A server that could not be asked who is connected to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unasked {
    /// The server.
    pub server: Endpoint,
    /// Why not.
    pub error: AdminError,
}

struct Names<'a>(&'a [WorkerId]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, id) in self.0.iter().enumerate() {
            write!(f, "{}{id}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

struct Listed<'a>(&'a [Unasked]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Unasked { error, .. } in self.0 {
            write!(f, "; {error}")?;
        }
        Ok(())
    }
}
