//! The broker on sockets: who owns what.
//!
//! ```text
//!  acceptor --spawns--> connection task --Event--> broker task
//!                       (one for each)  <-bytes---  (owns the Broker)
//! ```
//!
//! A connection task reads until the socket is dry, decodes what is whole and sends it as one event. The
//! broker task handles all events that wait, then hands each connection its bytes in one piece. It never
//! waits for a connection, hence nobody can block anybody else; what a peer does not read is buffered up
//! to a limit, past which the peer is cut off.

mod broker_task;
mod chunks;
mod clock;
mod connection_task;
mod inbound;
mod outbox;

use bytes::Bytes;
use tokio::sync::oneshot;

pub(crate) use broker_task::run as run_broker;
pub(crate) use connection_task::serve;

use crate::{Broker, ConnectionId};
use inbound::Message;
use outbox::Outbox;

/// Events that wait for the broker task before connection tasks have to wait: each is what one read has
/// brought, so that memory stays bounded and nobody is ahead of the broker by more than one read.
pub(crate) const EVENTS_WAITING: usize = 256;

/// What connection tasks tell the broker task.
pub(crate) enum Event {
    /// Somebody has come; the number under which the broker knows him is sent back.
    Connected {
        peer: Bytes,
        outbox: Outbox,
        id: oneshot::Sender<ConnectionId>,
    },
    /// Messages have come, in this order.
    Received(ConnectionId, Vec<Message>),
    Disconnected(ConnectionId),
    /// Somebody wants to look at the broker.
    Inspect(Box<dyn FnOnce(&Broker) + Send>),
}
