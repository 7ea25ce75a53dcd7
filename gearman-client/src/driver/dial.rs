use std::sync::Arc;

use gearman_net::{ConnectError, Connector, Endpoint};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How a driver gets a connection to its server: over TCP, or in tests through a pipe.
pub(crate) trait Dial: Send + 'static {
    /// The connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// The server.
    fn server(&self) -> &Arc<Endpoint>;

    /// Makes a connection, within a time limit.
    fn dial(&mut self) -> impl Future<Output = Result<Self::Stream, ConnectError>> + Send;
}

/// Dials over TCP.
#[derive(Clone, Debug)]
pub(crate) struct DialTcp {
    pub(crate) connector: Connector,
    pub(crate) server: Arc<Endpoint>,
}

impl Dial for DialTcp {
    type Stream = TcpStream;

    fn server(&self) -> &Arc<Endpoint> {
        &self.server
    }

    async fn dial(&mut self) -> Result<TcpStream, ConnectError> {
        self.connector.connect(&self.server).await
    }
}
