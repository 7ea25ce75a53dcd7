use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use gearman_conformance::{PATIENCE, Signal};
use rustix::process::{Pid, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::ledger::Ledger;

/// A worker process, and the task that listens to it until it has ended.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    pid: Option<Pid>,
    /// Gone once it has said that it is ready.
    ready: Option<oneshot::Receiver<()>>,
    listener: JoinHandle<io::Result<Exit>>,
}

/// A process that was told to leave.
#[derive(Debug)]
pub(crate) struct Leaving {
    name: String,
    told: Instant,
    listener: JoinHandle<io::Result<Exit>>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    /// Completed, failed, abandoned and undelivered jobs, where it said so.
    pub(crate) said: Option<[u64; 4]>,
    at: Instant,
}

impl Process {
    pub(crate) fn start(
        path: &Path,
        name: &str,
        arguments: &[String],
        servers: &str,
        ledger: &Arc<Ledger>,
    ) -> io::Result<Self> {
        let child = Command::new(path)
            .arg(name)
            .args(arguments)
            .env("GEARMAN_SERVERS", servers)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let (is_ready, ready) = oneshot::channel();
        let listener = tokio::spawn(listen(child, is_ready, Arc::clone(ledger)));
        Ok(Self {
            name: name.to_owned(),
            pid,
            ready: Some(ready),
            listener,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it catches signals. Nothing says that it is connected.
    ///
    /// # Panics
    ///
    /// Where it ends instead.
    pub(crate) async fn ready(&mut self) {
        if let Some(ready) = self.ready.take() {
            let ready = timeout(PATIENCE, ready).await;
            assert!(matches!(ready, Ok(Ok(()))), "{} never starts", self.name);
        }
    }

    pub(crate) fn terminate(&self) -> io::Result<()> {
        let pid = self.pid.ok_or(io::ErrorKind::NotFound)?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    pub(crate) fn leaves(self) -> Leaving {
        Leaving {
            name: self.name,
            told: Instant::now(),
            listener: self.listener,
        }
    }
}

impl Leaving {
    /// Waits until it has ended and all that it said was heard; returns how, and how long it took.
    ///
    /// # Panics
    ///
    /// Where it does not end.
    pub(crate) async fn exit(self) -> io::Result<(Exit, Duration)> {
        let Ok(exit) = timeout(PATIENCE, self.listener).await else {
            panic!("{} does not end", self.name);
        };
        let exit = exit.map_err(io::Error::other)??;
        let took = exit.at.saturating_duration_since(self.told);
        Ok((exit, took))
    }
}

async fn listen(
    mut child: Child,
    ready: oneshot::Sender<()>,
    ledger: Arc<Ledger>,
) -> io::Result<Exit> {
    let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut lines = BufReader::new(stdout).lines();
    let mut ready = Some(ready);
    let mut said = None;
    while let Some(line) = lines.next_line().await? {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match (word, rest.parse()) {
            ("S", Ok(number)) => ledger.started(number),
            ("E", Ok(number)) => ledger.ended(number),
            ("LEFT", _) => said = four(rest),
            ("READY", _) => {
                let _ = ready.take().map(|ready| ready.send(()));
            }
            _ => return Err(io::Error::other(format!("a worker said {line:?}"))),
        }
    }
    let status = child.wait().await?;
    Ok(Exit {
        status,
        said,
        at: Instant::now(),
    })
}

fn four(counts: &str) -> Option<[u64; 4]> {
    let counts: Result<Vec<u64>, _> = counts.split(' ').map(str::parse).collect();
    counts.ok()?.try_into().ok()
}
