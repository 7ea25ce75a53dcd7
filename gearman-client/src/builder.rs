use std::sync::Arc;
use std::time::Duration;

use gearman_net::{Connector, DEFAULT_CONNECT_LIMIT, Endpoint};
use gearman_proto::DEFAULT_BODY_LIMIT;

use crate::connection::Connection;
use crate::driver::{DialTcp, Settings};
use crate::{Client, OpenError};

/// How long a server may owe an answer while no byte moves, unless told otherwise.
const DEFAULT_REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// How a [`Client`] is to be; made by [`Client::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use gearman_client::Client;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder()
///     .servers(["queue1.example", "queue2.example:4731"])
///     .request_limit(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ClientBuilder {
    servers: Vec<Endpoint>,
    /// The first server that was none.
    invalid: Option<OpenError>,
    connect_limit: Duration,
    settings: Settings,
}

impl ClientBuilder {
    pub(crate) const fn new() -> Self {
        Self {
            servers: Vec::new(),
            invalid: None,
            connect_limit: DEFAULT_CONNECT_LIMIT,
            settings: Settings {
                request_limit: DEFAULT_REQUEST_LIMIT,
                body_limit: DEFAULT_BODY_LIMIT,
                exceptions: true,
            },
        }
    }

    /// Adds a server: an [`Endpoint`], or a text as `host`, `host:port` or `[::1]:4731`. Servers are tried
    /// in the order in which they are added. A text that is no server is the error of
    /// [`connect`](Self::connect).
    #[must_use]
    pub fn server<E>(mut self, server: E) -> Self
    where
        E: TryInto<Endpoint>,
        OpenError: From<E::Error>,
    {
        match server.try_into() {
            Ok(server) => self.servers.push(server),
            Err(error) if self.invalid.is_none() => self.invalid = Some(error.into()),
            Err(_) => {}
        }
        self
    }

    /// Adds several servers.
    #[must_use]
    pub fn servers<E>(self, servers: impl IntoIterator<Item = E>) -> Self
    where
        E: TryInto<Endpoint>,
        OpenError: From<E::Error>,
    {
        servers.into_iter().fold(self, Self::server)
    }

    /// How long connecting to a server may take, name look-up included: 5 s unless told otherwise.
    #[must_use]
    pub const fn connect_limit(mut self, limit: Duration) -> Self {
        self.connect_limit = limit;
        self
    }

    /// How long a server may owe an answer while not one byte moves: 10 s unless told otherwise. Then the
    /// connection is closed and everybody who waits on it is told; the server abandons the foreground
    /// jobs of a closed connection. How long a job may take is not limited by it.
    #[must_use]
    pub const fn request_limit(mut self, limit: Duration) -> Self {
        self.settings.request_limit = limit;
        self
    }

    /// The longest packet body that is sent or accepted: 64 MiB unless told otherwise.
    #[must_use]
    pub const fn body_limit(mut self, bytes: u32) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// Whether workers' exceptions are heard with their reason: yes, unless told otherwise. Without, the
    /// server makes them plain failures.
    #[must_use]
    pub const fn exceptions(mut self, exceptions: bool) -> Self {
        self.settings.exceptions = exceptions;
        self
    }

    /// Connects to the first server that can be reached.
    ///
    /// # Errors
    ///
    /// [`OpenError`], where none can be, or where the servers are not well named.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops a half-made connection, nothing else.
    pub async fn connect(mut self) -> Result<Client, OpenError> {
        self.check()?;
        let connector = Connector::new(self.connect_limit);
        let (server, stream) = connector.connect_first(&self.servers).await?;
        let first = self.servers.iter().position(|named| named == server);
        Ok(self.open(first.zip(Some(stream))))
    }

    /// A client that connects when there is something to ask.
    ///
    /// # Errors
    ///
    /// [`OpenError`], where the servers are not well named.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn connect_lazily(mut self) -> Result<Client, OpenError> {
        self.check()?;
        Ok(self.open(None))
    }

    fn check(&mut self) -> Result<(), OpenError> {
        match self.invalid.take() {
            Some(error) => Err(error),
            None if self.servers.is_empty() => Err(OpenError::NoneNamed),
            None => Ok(()),
        }
    }

    fn open(self, connected: Option<(usize, tokio::net::TcpStream)>) -> Client {
        let connector = Connector::new(self.connect_limit);
        let (first, mut stream) = connected.unzip();
        let connections = self.servers.into_iter().enumerate();
        let connections = connections.map(|(index, server)| {
            let dial = DialTcp {
                connector: connector.clone(),
                server: Arc::new(server),
            };
            let stream = stream.take_if(|_| Some(index) == first);
            Connection::spawn(dial, self.settings.clone(), stream)
        });
        Client::new(
            connections.collect(),
            connector.clone(),
            self.settings.clone(),
        )
    }
}
