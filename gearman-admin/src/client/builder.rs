use std::time::Duration;

use gearman_net::{ConnectError, Connector, DEFAULT_CONNECT_LIMIT, Endpoint};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::driver::Driver;
use super::{AdminClient, AdminError};

/// How long a server may keep silent while it owes a reply.
const DEFAULT_REPLY_LIMIT: Duration = Duration::from_secs(10);

/// Calls that wait for their turn to be written. The driver takes all of them at once, so this is the
/// most that leaves in one write for callers that come together; more of them wait in `send`.
const WAITING_CALLS: usize = 64;

/// Makes an [`AdminClient`] with time limits of your choice; see [`AdminClient::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it connects"]
pub struct AdminClientBuilder {
    endpoint: Endpoint,
    connect_limit: Duration,
    reply_limit: Duration,
}

impl AdminClientBuilder {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            connect_limit: DEFAULT_CONNECT_LIMIT,
            reply_limit: DEFAULT_REPLY_LIMIT,
        }
    }

    /// How long a connection may take to come about, name look-up included; 5 s unless told.
    pub fn connect_limit(mut self, limit: Duration) -> Self {
        self.connect_limit = limit;
        self
    }

    /// How long the server may send not one byte while it owes a reply; 10 s unless told.
    ///
    /// It belongs to the connection. A limit for one call is for its caller to keep, who may drop the
    /// call's future at any time.
    pub fn reply_limit(mut self, limit: Duration) -> Self {
        self.reply_limit = limit;
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotReached`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops a half-made connection, nothing else.
    pub async fn connect(self) -> Result<AdminClient, AdminError> {
        let connector = Connector::new(self.connect_limit);
        match connector.connect(&self.endpoint).await {
            Ok(stream) => Ok(self.spawn(Some(stream))),
            Err(reason) => Err(AdminError::NotReached(reason.into())),
        }
    }

    /// A client that connects at its first call, which then brings the error if that fails.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn connect_lazily(self) -> AdminClient {
        self.spawn(None)
    }

    fn spawn(self, connected: Option<TcpStream>) -> AdminClient {
        let connector = Connector::new(self.connect_limit);
        let endpoint = self.endpoint.clone();
        self.spawn_over(connected, move || {
            let (connector, endpoint) = (connector.clone(), endpoint.clone());
            async move { connector.connect(&endpoint).await }
        })
    }

    /// The client of a driver that gets its streams from `reach`.
    pub(super) fn spawn_over<S, F>(
        self,
        connected: Option<S>,
        reach: impl FnMut() -> F + Send + 'static,
    ) -> AdminClient
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        F: Future<Output = Result<S, ConnectError>> + Send + 'static,
    {
        let (sender, calls) = mpsc::channel(WAITING_CALLS);
        let driver = Driver {
            endpoint: self.endpoint.clone(),
            reply_limit: self.reply_limit,
            reach,
            calls,
        };
        // It ends when the last sender is dropped.
        tokio::spawn(driver.run(connected));
        AdminClient {
            endpoint: self.endpoint,
            calls: sender,
        }
    }
}
