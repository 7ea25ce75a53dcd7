use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
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
    path: PathBuf,
    arguments: Vec<String>,
    /// Its working folder, for whatever it leaves behind.
    folder: TempDir,
}

impl Gearmand {
    /// Starts the server with these arguments beside the address, and waits until it takes connections.
    /// `{dir}` in an argument stands for a folder of its own, which it keeps when it is restarted.
    ///
    /// # Panics
    ///
    /// Where it is not installed or does not start; the text says what to do about it.
    pub async fn start(arguments: &[&str]) -> Self {
        let path =
            installed("gearmand", "gearman-job-server").unwrap_or_else(|why| panic!("{why}"));
        let folder = TempDir::new().expect("a folder can be made");
        let own = folder.path().to_string_lossy();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| argument.replace("{dir}", &own))
            .collect();
        let mut last = None;
        for _ in 0..TRIES {
            let address = free_address().expect("the loopback interface has free ports");
            let mut program = start(&path, address, &arguments, &folder);
            if answers(&mut program, address).await {
                return Self {
                    program,
                    address,
                    path,
                    arguments,
                    folder,
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

    /// Ends the server at once, as a crash does.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the server may still be there for a moment.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.program.exit().await;
    }

    /// Starts the server again as it was, on the same port, after [`kill`](Self::kill).
    ///
    /// # Panics
    ///
    /// Where it does not come back, as somebody else has taken its port for good.
    pub async fn restart(&mut self) {
        for _ in 0..TRIES {
            self.program = start(&self.path, self.address, &self.arguments, &self.folder);
            if answers(&mut self.program, self.address).await {
                return;
            }
            // Somebody's outgoing connection may have the port for a moment.
            sleep(Duration::from_millis(100)).await;
        }
        panic!("gearmand does not come back: {:?}", self.program.lines());
    }
}

fn start(path: &Path, address: SocketAddr, arguments: &[String], folder: &TempDir) -> Program {
    let port = address.port().to_string();
    let log = folder.path().join("gearmand.log");
    let log = log.to_string_lossy();
    let mut all = vec!["-L", "127.0.0.1", "-p", &port, "-l", &log];
    all.extend(arguments.iter().map(String::as_str));
    Program::start(path, &all, &[]).expect("gearmand can be run")
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
