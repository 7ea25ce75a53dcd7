use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gearman_net::{ConnectError, Endpoint};

use crate::framer::FramingError;
use crate::quoted::Quoted;
use crate::server_error::ServerError;

/// Why a call has no reply. The variants differ in what has become of the command.
///
/// It is cheap to clone, for one event on a connection is the end of many calls.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// There is no connection, so the command was not sent. The next call tries to connect again.
    #[error(transparent)]
    NotReached(Arc<ConnectError>),
    /// The connection was lost before the reply came. The server may have obeyed; look before you
    /// give the order again. The next call makes a new connection.
    #[error("{endpoint}: {reason}, before the reply came")]
    ConnectionLost {
        /// The server.
        endpoint: Endpoint,
        /// How it was lost.
        #[source]
        reason: Loss,
    },
    /// The server said nothing for too long. It may obey yet. The connection is closed and the next
    /// call makes a new one.
    #[error("{endpoint}: no reply within {limit:?}")]
    TimedOut {
        /// The server.
        endpoint: Endpoint,
        /// How long not one byte came.
        limit: Duration,
    },
    /// The server will not do it. The connection is fine.
    #[error(transparent)]
    Refused(#[from] ServerError),
    /// What came is no reply to the command, so this is no Gearman server, or commands and replies
    /// are out of step. The connection is closed and the next call makes a new one.
    #[error("{endpoint}: expected {expected}, found {}", Quoted(.found))]
    Malformed {
        /// The server.
        endpoint: Endpoint,
        /// What the command should have brought.
        expected: &'static str,
        /// What came.
        found: Bytes,
    },
}

/// How a connection was lost.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Loss {
    /// The server closed it.
    #[error("the server closed the connection")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Io(Arc<io::Error>),
    /// We closed it, because replies could not be told apart any more.
    #[error("the connection was closed: {0}")]
    Framing(FramingError),
    /// We closed it, because the reply to an earlier command made no sense.
    #[error("the connection was closed, since an earlier reply was malformed")]
    OutOfStep,
    /// The tokio runtime on which the client was made has been shut down. Make a new client.
    #[error("the runtime of the connection was shut down")]
    RuntimeShutDown,
}

impl From<io::Error> for Loss {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}
