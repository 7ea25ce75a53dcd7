//! A worker of the demo: the process, and how its parent hears of it.

use std::io::{Read as _, Write as _};
use std::process::{ExitStatus, Stdio};
use std::str::FromStr;
use std::time::Duration;
use std::{env, io, process, thread};

use gearman_net::Endpoint;
use gearman_worker::{Job, Stage, StopReason, Worker};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::args::Common;
use crate::exit::{Exit, Failure};

/// The function that the demo's workers have.
pub(super) const FUNCTION: &str = "sleep";

/// A worker of the demo; started by `gearctl demo`.
#[derive(clap::Args, Debug)]
pub(crate) struct DemoWorker {
    id: String,
}

/// What a worker tells its parent, as a line on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It can be reached through the server.
    Ready,
    /// It has begun a job that takes so many seconds.
    Asleep { job: u32, seconds: u64 },
    /// It has finished the job.
    Awake { job: u32 },
    /// It has been told to stop.
    Sigterm,
    /// It has left the server, which has heard of so many completed jobs and not of others.
    Exit { completed: u64, lost: u64 },
}

/// What the parent hears of one worker.
#[derive(Debug)]
pub(super) enum News {
    Said(Word),
    /// A line that is none of ours.
    Muttered(String),
    Exited(io::Result<ExitStatus>),
}

impl DemoWorker {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        go_with_parent();
        let worker = Worker::builder()
            .servers(common.servers()?)
            .id(&self.id)
            .function(FUNCTION, async |job: Job| {
                let (job_number, seconds) = parse_workload(job.workload())?;
                say(Word::Asleep {
                    job: job_number,
                    seconds,
                });
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                say(Word::Awake { job: job_number });
                Ok("")
            })
            .handle_signals()
            .build()
            .map_err(Failure::usage)?;
        let handle = worker.handle();
        let told = tokio::spawn(async move {
            handle.ready().await;
            say(Word::Ready);
            let mut stages = handle.stages();
            while let Some(stage) = stages.next().await {
                if stage == Stage::Draining {
                    say(Word::Sigterm);
                }
            }
        });
        let report = worker.run().await;
        let report = report.map_err(|error| Failure::new(Exit::NoServer, error))?;
        told.abort();
        say(Word::Exit {
            completed: report.completed,
            lost: report.undelivered + report.failed + report.abandoned.len() as u64,
        });
        Ok(match report.reason {
            StopReason::Interrupted => Exit::Interrupted,
            _ => Exit::Done,
        })
    }
}

/// The workload of a job.
pub(super) fn workload(job: u32, seconds: u64) -> String {
    format!("{job} {seconds}")
}

fn parse_workload(workload: &[u8]) -> Result<(u32, u64), io::Error> {
    let text = String::from_utf8_lossy(workload);
    let numbers = text.split_once(' ');
    let numbers =
        numbers.and_then(|(job, seconds)| Some((job.parse().ok()?, seconds.parse().ok()?)));
    numbers.ok_or_else(|| io::Error::other("the workload is no JOB SECONDS"))
}

/// Our stdin is a pipe from the demo. When it ends, the demo has been killed, and nobody needs us.
fn go_with_parent() {
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        process::exit(Exit::Interrupted.code().into());
    });
}

fn say(word: Word) {
    let mut stdout = io::stdout().lock();
    // Where the parent is gone, we are about to go too.
    let _ = writeln!(stdout, "{word}");
    let _ = stdout.flush();
}

/// Starts a worker, as a process of its own and in a group of its own: Ctrl-C is for the demo. What it says
/// goes into `news` with its index. The process is killed when its task is aborted.
pub(super) fn start(
    index: usize,
    id: &str,
    server: &Endpoint,
    news: mpsc::Sender<(usize, News)>,
    tasks: &mut JoinSet<()>,
) -> io::Result<u32> {
    let mut child = Command::new(env::current_exe()?)
        .args(["--server", &server.to_string(), "demo-worker", id])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let pid = child.id().unwrap_or_default();
    // Kept open for the child's whole life: `wait` would close it, and the child would go at once.
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    tasks.spawn(async move {
        if let Some(stdout) = stdout {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let said = match line.parse() {
                    Ok(word) => News::Said(word),
                    Err(NoWord) => News::Muttered(line),
                };
                if news.send((index, said)).await.is_err() {
                    return;
                }
            }
        }
        let status = child.wait().await;
        drop(stdin);
        let _ = news.send((index, News::Exited(status))).await;
    });
    Ok(pid)
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ready => f.write_str("READY"),
            Self::Asleep { job, seconds } => write!(f, "ASLEEP {job} {seconds}"),
            Self::Awake { job } => write!(f, "AWAKE {job}"),
            Self::Sigterm => f.write_str("SIGTERM"),
            Self::Exit { completed, lost } => write!(f, "EXIT {completed} {lost}"),
        }
    }
}

/// A line that is no [`Word`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoWord;

impl FromStr for Word {
    type Err = NoWord;

    fn from_str(line: &str) -> Result<Self, NoWord> {
        let words: Vec<_> = line.split(' ').collect();
        let number = |text: &str| text.parse::<u64>().map_err(|_| NoWord);
        let job = |text: &str| text.parse::<u32>().map_err(|_| NoWord);
        match words[..] {
            ["READY"] => Ok(Self::Ready),
            ["ASLEEP", name, seconds] => Ok(Self::Asleep {
                job: job(name)?,
                seconds: number(seconds)?,
            }),
            ["AWAKE", name] => Ok(Self::Awake { job: job(name)? }),
            ["SIGTERM"] => Ok(Self::Sigterm),
            ["EXIT", completed, lost] => Ok(Self::Exit {
                completed: number(completed)?,
                lost: number(lost)?,
            }),
            _ => Err(NoWord),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_hears_what_was_said() {
        for word in [
            Word::Ready,
            Word::Asleep { job: 3, seconds: 4 },
            Word::Awake { job: 3 },
            Word::Sigterm,
            Word::Exit {
                completed: 1,
                lost: 0,
            },
        ] {
            assert_eq!(word.to_string().parse(), Ok(word));
        }
        assert_eq!("ASLEEP soon".parse::<Word>(), Err(NoWord));
    }
}
