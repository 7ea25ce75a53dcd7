use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A network between a peer and its server that can be broken. All connections break at once.
///
/// ```text
/// peer <--> proxy <--> server
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    connections: Arc<AtomicUsize>,
    /// Carries the connections, and cuts them when the proxy is dropped.
    _tasks: JoinSet<()>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// From the peer to the server.
    ToServer,
    /// From the server to the peer.
    ToPeer,
}

/// What the network does to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    /// They arrive.
    Fair,
    /// They vanish, and nobody hears of it: a cable that was pulled, a NAT that forgot.
    Silence,
    /// So many more bytes arrive in this direction, then that connection is cut, and it is fair again.
    Cut(Direction, usize),
}

impl Proxy {
    /// Listens on a free loopback port for connections to that server.
    ///
    /// # Panics
    ///
    /// Where there is no free port.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("the loopback interface has free ports");
        let address = listener.local_addr().expect("it is bound");
        let weather = watch::Sender::new(Weather::Fair);
        let connections = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(
            listener,
            server,
            weather.clone(),
            Arc::clone(&connections),
        ));
        Self {
            address,
            weather,
            connections,
            _tasks: tasks,
        }
    }

    /// Where peers connect to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that were made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// From now on bytes vanish without a word, in both directions, on old connections and new ones.
    pub fn fall_silent(&self) {
        self.weather.send_replace(Weather::Silence);
    }

    /// The network works again. Connections that lost anything, the word of their end included, are cut now:
    /// only now does the other side hear of it.
    pub fn recover(&self) {
        self.weather.send_replace(Weather::Fair);
    }

    /// After so many more bytes in this direction on one connection, that connection is cut at both ends, and
    /// only that one.
    pub fn cut_after(&self, direction: Direction, bytes: usize) {
        self.weather.send_replace(Weather::Cut(direction, bytes));
    }

    /// Waits until a cut that was asked for has happened.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn was_cut(&self) {
        let mut weather = self.weather.subscribe();
        // The sender lives as long as we do.
        let _ = weather.wait_for(|weather| *weather == Weather::Fair).await;
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    weather: watch::Sender<Weather>,
    connections: Arc<AtomicUsize>,
) {
    let mut tasks = JoinSet::new();
    loop {
        let Ok((peer, _)) = listener.accept().await else {
            return;
        };
        connections.fetch_add(1, Ordering::SeqCst);
        tasks.spawn(carry(peer, server, weather.clone()));
        while tasks.try_join_next().is_some() {}
    }
}

/// Carries one connection until one of its sides ends it or it is cut.
async fn carry(peer: TcpStream, server: SocketAddr, weather: watch::Sender<Weather>) {
    let (from_peer, to_peer) = peer.into_split();
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (from_server, to_server) = server.into_split();
    let mut up = Lane::new(Direction::ToServer, from_peer, to_server, &weather);
    let mut down = Lane::new(Direction::ToPeer, from_server, to_peer, &weather);
    select! {
        _ = up.carry() => {}
        _ = down.carry() => {}
    }
}

/// One direction of one connection.
struct Lane {
    direction: Direction,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    weather: watch::Sender<Weather>,
}

impl Lane {
    fn new(
        direction: Direction,
        from: OwnedReadHalf,
        to: OwnedWriteHalf,
        weather: &watch::Sender<Weather>,
    ) -> Self {
        Self {
            direction,
            from,
            to,
            weather: weather.clone(),
        }
    }

    async fn carry(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = self.from.read(&mut buffer).await;
            let weather = *self.weather.borrow();
            if weather == Weather::Silence {
                self.swallow(&mut buffer).await;
                return Ok(());
            }
            let length = read?;
            let bytes = &buffer[..length];
            match weather {
                _ if bytes.is_empty() => return Ok(()),
                Weather::Cut(direction, left) if direction == self.direction => {
                    let Some(left) = left.checked_sub(length) else {
                        self.to.write_all(&bytes[..left]).await?;
                        self.weather.send_replace(Weather::Fair);
                        return Ok(());
                    };
                    self.weather.send_replace(Weather::Cut(direction, left));
                    self.to.write_all(bytes).await?;
                }
                _ => self.to.write_all(bytes).await?,
            }
        }
    }

    /// Takes whatever comes until the network works again.
    async fn swallow(&mut self, buffer: &mut [u8]) {
        let mut weather = self.weather.subscribe();
        let from = &mut self.from;
        let swallow = async {
            while let Ok(1..) = from.read(buffer).await {}
            pending::<()>().await;
        };
        select! {
            () = swallow => {}
            _ = weather.wait_for(|weather| *weather != Weather::Silence) => {}
        }
    }
}
