use std::net::{Ipv4Addr, SocketAddr};
use std::{fmt, io};

use bytes::Bytes;
use gearman_proto::DEFAULT_BODY_LIMIT;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::shell::{self, EVENTS_WAITING, Event};
use crate::{Broker, BrokerOptions};

/// How much each side of a [`connect`](EmbeddedServer::connect)ed pair may send ahead of the other.
const DUPLEX_BUFFER: usize = 64 << 10;

/// What is left below the protocol's limit for the arguments in front of a payload: a payload that was
/// accepted can be passed on.
const ROOM_FOR_ARGUMENTS: u32 = 8 << 10;

/// Pause after an accept that failed, usually for lack of file descriptors: they do not come back faster
/// for being asked for without rest.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A job server in this process, on a TCP port and on any stream that it is given.
///
/// It lives on the tokio runtime on which it was started, and stops when it is dropped. Nothing is kept:
/// the jobs go with it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// use gearman_server::EmbeddedServer;
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
/// use tokio::net::TcpStream;
///
/// let server = EmbeddedServer::start().await?;
///
/// let mut stream = BufReader::new(TcpStream::connect(server.local_addr()).await?);
/// stream.write_all(b"version\r\n").await?;
/// let mut answer = String::new();
/// stream.read_line(&mut answer).await?;
/// assert!(answer.starts_with("OK "));
///
/// server.shut_down().await;
/// # Ok(()) }
/// ```
pub struct EmbeddedServer {
    local_addr: SocketAddr,
    gate: Gate,
    stop: DropGuard,
}

/// Makes an [`EmbeddedServer`]; see [`EmbeddedServer::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing before it is started"]
pub struct EmbeddedServerBuilder {
    address: SocketAddr,
    options: BrokerOptions,
    body_limit: u32,
}

impl EmbeddedServer {
    /// Starts a server with default options on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// What the system says to listening.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO and time enabled.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// For a server with other options, or on another address.
    pub fn builder() -> EmbeddedServerBuilder {
        EmbeddedServerBuilder {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            options: BrokerOptions::default(),
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }

    /// Where it listens.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Connects without a socket: the other end of the stream is served like any connection.
    pub fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(DUPLEX_BUFFER);
        self.serve_connection(theirs, "-");
        ours
    }

    /// Serves a stream, whatever it is made of. `peer` is the address that `workers` lists, without
    /// blanks; `-` says that there is none.
    pub fn serve_connection<S>(&self, stream: S, peer: impl Into<Bytes>)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.gate.let_in(stream, peer.into());
    }

    /// Looks at the broker between two requests. `None` where the server has stopped.
    ///
    /// What was sent on a connection before may not have arrived; an echo that came back proves that it
    /// has.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
    /// # let server = gearman_server::EmbeddedServer::start().await?;
    /// let jobs = server.inspect(|broker| broker.snapshot().jobs.len()).await;
    /// assert_eq!(jobs, Some(0));
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Whether `look` was called is unknown if the future is dropped.
    pub async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Broker) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, seen) = oneshot::channel();
        let look = Box::new(move |broker: &Broker| {
            // Whoever asked may have gone.
            _ = sender.send(look(broker));
        });
        self.gate.events.send(Event::Inspect(look)).await.ok()?;
        seen.await.ok()
    }

    /// Closes all connections at once and waits until its tasks have ended.
    ///
    /// # Cancel safety
    ///
    /// The server stops even if the future is dropped.
    pub async fn shut_down(self) {
        let Self { gate, stop, .. } = self;
        drop(stop);
        gate.tasks.close();
        gate.tasks.wait().await;
    }
}

impl fmt::Debug for EmbeddedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedServer")
            .field("local_addr", &self.local_addr)
            .finish_non_exhaustive()
    }
}

impl EmbeddedServerBuilder {
    /// Takes the options of the broker.
    pub fn options(mut self, options: BrokerOptions) -> Self {
        self.options = options;
        self
    }

    /// Takes the largest body that a packet may have, header not counted; the default is 64 MiB. A larger
    /// one is answered by ERROR, and the connection lives.
    pub fn body_limit(mut self, bytes: u32) -> Self {
        self.body_limit = bytes.min(u32::MAX - ROOM_FOR_ARGUMENTS);
        self
    }

    /// Listens on that address; the default is a free port of the loopback interface. Whoever reaches it
    /// may do everything: there are no passwords in this protocol.
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// What the system says to listening.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO and time enabled.
    pub async fn start(self) -> io::Result<EmbeddedServer> {
        let listener = TcpListener::bind(self.address).await?;
        let local_addr = listener.local_addr()?;
        let (events, incoming) = mpsc::channel(EVENTS_WAITING);
        let stop = CancellationToken::new();
        let gate = Gate {
            body_limit: self.body_limit,
            events,
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
        };
        let broker = Broker::new(self.options);
        gate.tasks
            .spawn(shell::run_broker(broker, incoming, stop.clone()));
        gate.tasks
            .spawn(accept(listener, gate.clone(), stop.clone()));
        Ok(EmbeddedServer {
            local_addr,
            gate,
            stop: stop.drop_guard(),
        })
    }
}

/// Where connections come in.
#[derive(Clone)]
struct Gate {
    body_limit: u32,
    events: mpsc::Sender<Event>,
    tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
}

impl Gate {
    fn let_in<S>(&self, stream: S, peer: Bytes)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let task = shell::serve(stream, peer, self.body_limit, self.events.clone());
        self.tasks.spawn_on(task, &self.runtime);
    }
}

async fn accept(listener: TcpListener, gate: Gate, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => welcome(stream, peer, &gate),
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn welcome(stream: TcpStream, peer: SocketAddr, gate: &Gate) {
    // Small packets are the rule here, and somebody waits for each of them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection goes on without TCP_NODELAY");
    }
    gate.let_in(stream, peer.ip().to_string().into());
}
