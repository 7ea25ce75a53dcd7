use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gearman_net::{ConnectError, Endpoint, TransportError};
use gearman_proto::EncodeError;

use crate::session::Violation;

/// A connection that had something to tell us is gone.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{server}: {reason}")]
pub struct ConnectionLost {
    server: Arc<Endpoint>,
    reason: Arc<LossReason>,
}

/// Why a connection is gone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LossReason {
    /// The server closed it, it broke, or what came over it was not Gearman.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server owed an answer, and not one byte moved for this long. We closed the connection.
    #[error("no answer, and no byte moved for {0:?}")]
    Mute(Duration),
    /// The server broke the protocol. We closed the connection.
    #[error("the server broke the protocol: {0}")]
    Protocol(#[from] Violation),
    /// A request could not be written. Limits are checked before; this does not happen.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The client's task has ended, with the runtime that it ran on.
    #[error("the client's task has been stopped")]
    Stopped,
}

/// Nothing has reached a server, certainly. It is safe to try again.
#[derive(Clone, Debug)]
pub struct NotSent {
    reasons: Vec<NotSentReason>,
}

/// Why one server did not get the request.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSentReason {
    /// There is no connection to it.
    #[error(transparent)]
    Unreachable(Arc<ConnectError>),
    /// The connection was lost while the request waited to be written.
    #[error("{0}, before the request was written")]
    Lost(ConnectionLost),
}

impl ConnectionLost {
    pub(crate) fn new(server: &Arc<Endpoint>, reason: LossReason) -> Self {
        Self {
            server: Arc::clone(server),
            reason: Arc::new(reason),
        }
    }

    /// The server at the other end.
    pub fn server(&self) -> &Endpoint {
        &self.server
    }

    /// Why it is gone.
    pub fn reason(&self) -> &LossReason {
        &self.reason
    }

    /// Whether we closed it because the server did not answer in time.
    pub fn timed_out(&self) -> bool {
        matches!(*self.reason, LossReason::Mute(_))
    }
}

impl NotSent {
    /// What each of the servers that were tried said, in the order tried.
    pub fn reasons(&self) -> &[NotSentReason] {
        &self.reasons
    }

    /// No server has been tried yet.
    pub(crate) const fn untried() -> Self {
        Self {
            reasons: Vec::new(),
        }
    }

    /// One more server was tried in vain.
    pub(crate) fn add(&mut self, later: Self) {
        self.reasons.extend(later.reasons);
    }
}

impl From<NotSentReason> for NotSent {
    fn from(reason: NotSentReason) -> Self {
        Self {
            reasons: vec![reason],
        }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not sent")?;
        for (index, reason) in self.reasons.iter().enumerate() {
            write!(f, "{} {reason}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for NotSent {}
