use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use gearman_proto::{FunctionName, JobHandle};
use tokio::sync::mpsc;

use crate::handler::Function;

/// A change to what a running worker does.
#[derive(Clone)]
pub(crate) enum Change {
    Add(FunctionName, Arc<dyn Function>),
    /// Done when the last [`Done`] is dropped.
    Remove(FunctionName, Done),
    /// Takes a running job, by the handle that this server gave it, away from its handler.
    CancelJob {
        server: usize,
        handle: JobHandle,
        found: mpsc::Sender<()>,
    },
}

/// Dropped when a change has been carried out on one connection.
pub(crate) type Done = mpsc::Sender<Infallible>;

impl Change {
    pub(crate) fn concerns(&self, server: usize) -> bool {
        match self {
            Self::Add(..) | Self::Remove(..) => true,
            Self::CancelJob { server: other, .. } => server == *other,
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(function, _) => write!(f, "add {function}"),
            Self::Remove(function, _) => write!(f, "remove {function}"),
            Self::CancelJob { handle, .. } => write!(f, "cancel {handle}"),
        }
    }
}
