use std::fmt;
use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::Endpoint;

/// How long a connection may take to come about, name look-up included: 5 s.
pub const DEFAULT_CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The kernel asks a silent peer after this long...
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// ...and again this often. With the system's number of tries a dead peer is noticed within minutes,
/// where the protocol's own probes (which a worker has) do not notice it sooner.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Makes connections to job servers.
#[derive(Clone, Debug)]
pub struct Connector {
    limit: Duration,
}

/// A server could not be reached. Nothing was sent to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// It has no address.
    #[error("{endpoint}: the name can't be looked up: {source}")]
    Lookup {
        /// The server.
        endpoint: Endpoint,
        /// What the resolver said.
        source: io::Error,
    },
    /// None of its addresses takes connections.
    #[error("{endpoint}: {source}")]
    Refused {
        /// The server.
        endpoint: Endpoint,
        /// What the last address answered.
        source: io::Error,
    },
    /// It did not answer in time.
    #[error("{endpoint}: no connection within {limit:?}")]
    TimedOut {
        /// The server.
        endpoint: Endpoint,
        /// The time it had.
        limit: Duration,
    },
}

/// Not one of the servers could be reached; says of each why.
#[derive(Debug)]
pub struct NoServer(pub(crate) Vec<ConnectError>);

impl Default for Connector {
    fn default() -> Self {
        Self {
            limit: DEFAULT_CONNECT_LIMIT,
        }
    }
}

impl Connector {
    /// Connections may take `limit` to come about, name look-up included.
    pub const fn new(limit: Duration) -> Self {
        Self { limit }
    }

    /// Looks the name up and connects to the first of its addresses that answers.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which names the server and the reason.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops a half-made connection, nothing else.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<TcpStream, ConnectError> {
        let limit = self.limit;
        match timeout(limit, connect_any(endpoint)).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::TimedOut {
                endpoint: endpoint.clone(),
                limit,
            }),
        }
    }

    /// Connects to the first of the servers that can be reached, in their order.
    ///
    /// # Errors
    ///
    /// [`NoServer`], with the reason of each.
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_first<'a>(
        &self,
        endpoints: &'a [Endpoint],
    ) -> Result<(&'a Endpoint, TcpStream), NoServer> {
        let mut reasons = Vec::new();
        for endpoint in endpoints {
            match self.connect(endpoint).await {
                Ok(stream) => return Ok((endpoint, stream)),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(NoServer(reasons))
    }
}

async fn connect_any(endpoint: &Endpoint) -> Result<TcpStream, ConnectError> {
    let lookup = |source| ConnectError::Lookup {
        endpoint: endpoint.clone(),
        source,
    };
    let addresses = lookup_host((endpoint.host(), endpoint.port()))
        .await
        .map_err(lookup)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await.and_then(set_options) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(ConnectError::Refused {
        endpoint: endpoint.clone(),
        source: last,
    })
}

/// Without `TCP_NODELAY` each job of a worker waits for a delayed acknowledgement (40 ms).
fn set_options(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_IDLE)
        .with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

impl NoServer {
    /// The servers that were tried and their reasons.
    pub fn reasons(&self) -> &[ConnectError] {
        &self.0
    }
}

impl From<ConnectError> for NoServer {
    fn from(reason: ConnectError) -> Self {
        Self(vec![reason])
    }
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no server reachable")?;
        for (index, reason) in self.0.iter().enumerate() {
            write!(f, "{} {reason}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for NoServer {}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A port on which nobody listens.
    async fn dead_endpoint() -> Endpoint {
        TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
            .into()
    }

    #[tokio::test]
    async fn an_unreachable_server_is_named_with_its_reason() {
        let endpoint = dead_endpoint().await;
        let error = Connector::default()
            .connect_first(std::slice::from_ref(&endpoint))
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("no server reachable: {endpoint}: ")),
            "{text}"
        );
    }

    #[tokio::test]
    async fn the_next_server_is_tried_when_one_is_down() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive: Endpoint = listener.local_addr().unwrap().into();
        let servers = [dead_endpoint().await, alive.clone()];
        let (chosen, _) = Connector::default().connect_first(&servers).await.unwrap();
        assert_eq!(*chosen, alive);
    }
}
