//! What Gearman clients and workers share below the protocol.
//!
//! * [`Endpoint`]: where a job server is, as users and the environment write it.
//! * [`Connector`]: a TCP connection within a time limit, with `TCP_NODELAY` and keepalive, or a
//!   [`ConnectError`] that names the server and the reason.
//! * [`Backoff`]: how long to wait before trying again, with full jitter.
//! * [`Transport`]: packets over any byte stream. It reads what there is, gathers what is to be
//!   written and writes it with few system calls, and it can be waited for in a `select!`.

mod backoff;
mod connect;
mod endpoint;
mod transport;
mod write_queue;

pub use backoff::Backoff;
pub use connect::{ConnectError, Connector, DEFAULT_CONNECT_LIMIT, NoServer};
pub use endpoint::{DEFAULT_PORT, Endpoint, InvalidEndpoint};
pub use transport::{Moved, Transport, TransportError};
