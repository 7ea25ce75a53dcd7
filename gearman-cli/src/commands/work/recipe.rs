//! A job's command: the payload goes in, the result comes out.

use std::env;
use std::ffi::{OsStr, OsString};
use std::future::pending;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gearman_proto::DEFAULT_BODY_LIMIT;
use gearman_worker::{CancelReason, Job, JobError, SendError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::select;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::{debug, warn};

use super::group::Group;
use crate::exit::Failure;

/// What a command has between SIGTERM and SIGKILL.
const LAST_SECONDS: Duration = Duration::from_secs(5);

/// How often we look whether a group that was told to end has ended: nothing tells us when its last process
/// is gone.
const LOOK: Duration = Duration::from_millis(50);

/// What is read at once: a full pipe.
const CHUNK: usize = 64 << 10;

/// How a job becomes a result.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) worker_id: String,
    /// Send output as it comes.
    pub(crate) stream: bool,
    /// How long the command may take.
    pub(crate) limit: Option<Duration>,
}

/// Why there is no result.
#[derive(Debug)]
enum Trouble {
    Io(io::Error),
    Send(SendError),
    TooMuch,
}

impl Recipe {
    /// Runs the command. When this is dropped half-way, the command and its children are killed.
    pub(crate) async fn cook(&self, job: &Job) -> Result<Bytes, JobError> {
        let mut child = match self.spawn(job) {
            Ok(child) => child,
            Err(error) => return Err(self.fail(job, &format!("can't be started: {error}"))),
        };
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            unreachable!("both were asked for");
        };
        // Declared behind the child, hence dropped before it. While the child is not waited for, or others of
        // its group live, nobody else can have its number.
        let group = Group::of(&child);
        let limit = async {
            match self.limit {
                Some(limit) => sleep(limit).await,
                None => pending().await,
            }
        };
        let mut talk = pin!(self.talk(&mut child, stdin, stdout, job));
        let reason = select! {
            done = &mut talk => match done {
                Ok((status, output)) => {
                    group.release();
                    return if status.success() {
                        Ok(output)
                    } else {
                        Err(self.fail(job, &format!("ended with {status}")))
                    };
                }
                Err(trouble) => return Err(self.fail(job, &trouble.to_string())),
            },
            reason = job.cancelled() => match reason {
                CancelReason::ConnectionLost => {
                    "was stopped: its job is lost with the connection to the server".to_owned()
                }
                _ => "was stopped: the worker leaves".to_owned(),
            },
            () = limit => {
                let limit = humantime::format_duration(self.limit.unwrap_or_default());
                format!("was stopped after {limit}")
            }
        };
        // Its output is read meanwhile: who waits for a reader can't end.
        group.terminate();
        let deadline = Instant::now() + LAST_SECONDS;
        if timeout_at(deadline, &mut talk).await.is_ok() {
            let gone = async {
                while group.is_there() {
                    sleep(LOOK).await;
                }
            };
            select! {
                () = gone => group.release(),
                () = sleep_until(deadline) => {}
            }
        }
        Err(self.fail(job, &reason))
    }

    fn spawn(&self, job: &Job) -> io::Result<Child> {
        let unique = job.unique();
        let unique = unique.as_ref().map_or(&b""[..], |unique| unique.as_bytes());
        Command::new(&self.program)
            .args(&self.arguments)
            .env(
                "GEARMAN_FUNCTION",
                OsStr::from_bytes(job.function().as_bytes()),
            )
            .env("GEARMAN_HANDLE", OsStr::from_bytes(job.handle().as_bytes()))
            .env("GEARMAN_UNIQUE", OsStr::from_bytes(unique))
            .env("GEARMAN_WORKER_ID", &self.worker_id)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
    }

    /// Writes and reads at once: a command that answers before it has read everything would otherwise wait
    /// for us, and we for it.
    async fn talk(
        &self,
        child: &mut Child,
        stdin: ChildStdin,
        stdout: ChildStdout,
        job: &Job,
    ) -> Result<(ExitStatus, Bytes), Trouble> {
        let mut feed = pin!(feed(stdin, job));
        let mut answer = pin!(async {
            let output = self.collect(stdout, job).await?;
            Ok((child.wait().await?, output))
        });
        select! {
            // A command may ignore its input, and end or hand it on to somebody who never reads.
            answer = &mut answer => return answer,
            () = &mut feed => {}
        }
        answer.await
    }

    async fn collect(&self, mut stdout: ChildStdout, job: &Job) -> Result<Bytes, Trouble> {
        let mut output = BytesMut::new();
        loop {
            output.reserve(CHUNK);
            if stdout.read_buf(&mut output).await? == 0 {
                return Ok(output.freeze());
            }
            if self.stream {
                job.send_data(output.split().freeze()).await?;
            } else if output.len() > DEFAULT_BODY_LIMIT as usize {
                return Err(Trouble::TooMuch);
            }
        }
    }

    /// Says it in the log and to the clients.
    fn fail(&self, job: &Job, what: &str) -> JobError {
        let text = format!("{} {what}", self.program.display());
        warn!(handle = %job.handle(), function = %job.function(), "{text}");
        JobError::fail_with(text)
    }
}

async fn feed(mut stdin: ChildStdin, job: &Job) {
    if let Err(error) = stdin.write_all(job.workload()).await {
        // It does not want to know; that is its business.
        debug!(handle = %job.handle(), "the command did not read its input to the end: {error}");
    }
}

/// Finds the program as the system would: a worker that can't run its command must not take jobs.
pub(crate) fn find(program: &OsStr) -> Result<PathBuf, Failure> {
    let found = if program.as_bytes().contains(&b'/') {
        Some(PathBuf::from(program)).filter(|path| is_executable(path))
    } else {
        let path = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
        env::split_paths(&path)
            .map(|directory| directory.join(program))
            .find(|path| is_executable(path))
    };
    let missing = || {
        let program = program.display();
        Failure::usage(format_args!("{program}: no such command that can be run"))
    };
    found.ok_or_else(missing)
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<SendError> for Trouble {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "can't be talked to: {error}"),
            Self::Send(error) => write!(f, "was stopped: {error}"),
            Self::TooMuch => write!(
                f,
                "was stopped: its output is over the limit of {DEFAULT_BODY_LIMIT} bytes"
            ),
        }
    }
}
