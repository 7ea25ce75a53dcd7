use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::locate::installed;
use crate::program::{PATIENCE, Program, Signal};

/// Another process may take a port between the moment that we find it free and the server's start.
const TRIES: usize = 10;

/// A fresh gearmand of the system on a free loopback port, killed when it is dropped.
#[derive(Debug)]
pub struct Gearmand {
    program: Program,
    address: SocketAddr,
    /// Its working folder, for whatever it leaves behind.
    _folder: TempDir,
}

impl Gearmand {
    /// Starts the server with these arguments beside the address, and waits until it takes connections.
    ///
    /// # Panics
    ///
    /// Where it is not installed or does not start; the text says what to do about it.
    pub async fn start(arguments: &[&str]) -> Self {
        let path =
            installed("gearmand", "gearman-job-server").unwrap_or_else(|why| panic!("{why}"));
        let mut last = None;
        for _ in 0..TRIES {
            let address = free_address().expect("the loopback interface has free ports");
            let port = address.port().to_string();
            let folder = TempDir::new().expect("a folder can be made");
            let log = folder.path().join("gearmand.log");
            let fixed = ["-L", "127.0.0.1", "-p", &port, "-l", &log.to_string_lossy()];
            let arguments = [&fixed, arguments].concat();
            let mut program = Program::start(&path, &arguments, &[]).expect("gearmand can be run");
            if answers(&mut program, address).await {
                return Self {
                    program,
                    address,
                    _folder: folder,
                };
            }
            last = Some(program.lines());
        }
        panic!("gearmand {arguments:?} does not start: {last:?}");
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as `$GEARMAN_SERVERS` has it.
    pub fn servers(&self) -> String {
        self.address.to_string()
    }

    /// Sends the server a signal: SIGSTOP makes it mute, SIGKILL ends it.
    pub fn signal(&self, signal: Signal) {
        self.program.signal(signal);
    }
}

/// Whether the server takes connections, or has ended instead.
async fn answers(program: &mut Program, address: SocketAddr) -> bool {
    let connected = timeout(PATIENCE, async {
        while program.is_running().unwrap_or(false) {
            if TcpStream::connect(address).await.is_ok() {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        false
    });
    connected.await.unwrap_or(false)
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
