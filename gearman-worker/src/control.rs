use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use gearman_control::{
    Cancelled, Command, Done, FunctionList, Incarnation, Pong, Refused, Secret, Stats, Terminated,
    Verifier, WORDS, WorkerId, unix_seconds,
};
use gearman_proto::FunctionName;
use tokio::select;
use tokio::sync::{mpsc, watch};
use tracing::warn;

use crate::builder::BuildError;
use crate::change::Change;
use crate::handle::{HasLeft, WorkerHandle};
use crate::handler::{Functions, Handler};
use crate::job::Job;
use crate::job_error::JobError;
use crate::machine::{Order, Tally};
use crate::report::StopReason;
use crate::signals::Hook;

/// Control jobs that run at once, beside the worker's own: a `terminate` stays until the drain is done,
/// and `ping` must be answered meanwhile.
pub(crate) const CONTROL_JOBS: usize = 16;

/// What an application does with a word of its own.
pub(crate) type OwnWord = Arc<
    dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<Bytes, JobError>> + Send>> + Send + Sync,
>;

/// How a worker can be reached.
pub(crate) struct Setting {
    pub(crate) id: WorkerId,
    words: HashMap<String, OwnWord>,
    secret: Option<Secret>,
}

impl Setting {
    pub(crate) fn new(
        id: WorkerId,
        words: Vec<(String, OwnWord)>,
        secret: Option<Secret>,
    ) -> Result<Self, BuildError> {
        let mut known = HashMap::new();
        for (word, handler) in words {
            if WORDS.contains(&word.as_str()) {
                return Err(BuildError::ControlWord(
                    word,
                    "the worker's own can't be replaced",
                ));
            }
            if word.is_empty() || word.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(BuildError::ControlWord(
                    word,
                    "a word has no blanks and is not empty",
                ));
            }
            known.insert(word, handler);
        }
        Ok(Self {
            id,
            words: known,
            secret,
        })
    }
}

/// The function `_worker_<id>`: what others say to this worker through the job server.
pub(crate) struct Control {
    id: WorkerId,
    incarnation: Incarnation,
    words: HashMap<String, OwnWord>,
    /// Where only signed lines are obeyed. One for all servers: a line is obeyed once.
    verifier: Option<Mutex<Verifier>>,
    worker: WorkerHandle,
    reload: Option<Hook>,
    declared: Functions,
    /// Whether the worker's last job has ended.
    drained: watch::Receiver<bool>,
}

impl Control {
    pub(crate) fn new(
        setting: &Setting,
        worker: WorkerHandle,
        reload: Option<Hook>,
        declared: Functions,
        drained: watch::Receiver<bool>,
    ) -> Self {
        let incarnation = Incarnation::random();
        let started = unix_seconds(SystemTime::now());
        let verifier = |secret: &Secret| {
            let id = setting.id.clone();
            Mutex::new(Verifier::new(secret.clone(), id, incarnation, started))
        };
        Self {
            id: setting.id.clone(),
            incarnation,
            words: setting.words.clone(),
            verifier: setting.secret.as_ref().map(verifier),
            worker,
            reload,
            declared,
            drained,
        }
    }
}

impl Handler for Control {
    async fn run(&self, job: Job) -> Result<Bytes, JobError> {
        let command = self.understand(job.workload())?;
        let done = |command: &Command| Ok(Done::new(command.word()).to_json());
        match &command {
            Command::Ping => {
                let stage = self.worker.stage().name();
                Ok(Pong::new(self.id.clone(), self.incarnation, stage).to_json())
            }
            // An order to a process that died, handed on by the server to its successor.
            Command::Terminate {
                incarnation: Some(meant),
            } if *meant != self.incarnation => Ok(Refused::other_incarnation().to_json()),
            Command::Terminate { .. } => self.terminate(&job).await,
            Command::Stats => Ok(self.stats()),
            Command::Functions => Ok(self.functions()),
            Command::Quiet => {
                self.worker.quiet();
                done(&command)
            }
            Command::Resume => {
                self.worker.resume();
                done(&command)
            }
            Command::Reload => {
                match &self.reload {
                    Some(hook) => hook(),
                    None => self.worker.wishes.stop(Order::Drain, StopReason::Control),
                }
                done(&command)
            }
            Command::Concurrency(jobs) => {
                self.worker.set_concurrency(*jobs);
                done(&command)
            }
            Command::Add(name) => {
                self.add(name).await?;
                done(&command)
            }
            Command::Remove(name) => {
                self.worker.remove_function(name.clone()).await?;
                done(&command)
            }
            Command::Cancel(handle) => {
                let (found, mut answer) = mpsc::channel(1);
                let change = Change::CancelJob {
                    server: job.server(),
                    handle: *handle,
                    found,
                };
                self.worker
                    .changes
                    .send(change)
                    .await
                    .map_err(|_| HasLeft)?;
                Ok(Cancelled::new(answer.recv().await.is_some()).to_json())
            }
            Command::Own { word, rest } => match self.words.get(word) {
                Some(handler) => handler(rest.clone()).await,
                None => Err(self.unknown(word)),
            },
            command => Err(self.unknown(command.word())),
        }
    }
}

impl Control {
    fn understand(&self, line: &[u8]) -> Result<Command, JobError> {
        let Some(verifier) = &self.verifier else {
            return Ok(Command::parse(line)?);
        };
        let now = unix_seconds(SystemTime::now());
        let mut verifier = verifier.lock().unwrap_or_else(PoisonError::into_inner);
        verifier.verify(line, now).map_err(|error| {
            warn!(id = %self.id, "a control command is refused: {error}");
            error.into()
        })
    }

    /// Stays until the last job has ended, and tells how many have: who waits for this job waits for the
    /// worker.
    async fn terminate(&self, job: &Job) -> Result<Bytes, JobError> {
        let load = &self.worker.load;
        let held = load.running();
        self.worker.wishes.stop(Order::Drain, StopReason::Control);
        let mut drained = self.drained.clone();
        let mut left = held;
        loop {
            // Jobs that were on their way when the order came are not among those that were held.
            job.progress(number(held.saturating_sub(left)), number(held))
                .await?;
            let over = select! {
                Ok(_) = drained.wait_for(|drained| *drained) => true,
                () = load.changed_from(left) => false,
            };
            if over {
                let Tally { completed, failed } = load.confirmed();
                let last = Terminated::new(self.id.clone(), self.incarnation, completed, failed);
                return Ok(last.to_json());
            }
            left = load.running();
        }
    }

    async fn add(&self, name: &FunctionName) -> Result<(), JobError> {
        let Some(function) = self.declared.get(name.as_bytes()) else {
            let text = format!("the program declares no function {name}; see `functions`");
            return Err(JobError::fail_with(text));
        };
        Ok(self.worker.add(name.clone(), Arc::clone(function)).await?)
    }

    fn stats(&self) -> Bytes {
        let stats = self.worker.stats();
        let size = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (running, concurrency) = (size(stats.running), size(stats.concurrency));
        let numbers = [
            running,
            concurrency,
            stats.completed,
            stats.failed,
            stats.undelivered,
        ];
        Stats::new(
            self.id.clone(),
            self.incarnation,
            stats.stage.name(),
            numbers,
        )
        .to_json()
    }

    fn functions(&self) -> Bytes {
        let mut declared: Vec<_> = self.declared.keys().cloned().collect();
        declared.sort();
        let texts = |names: Vec<FunctionName>| names.iter().map(ToString::to_string).collect();
        FunctionList::new(texts(self.worker.functions()), texts(declared)).to_json()
    }

    fn unknown(&self, word: &str) -> JobError {
        let own = self.words.keys().map(String::as_str);
        let known: Vec<&str> = WORDS.into_iter().chain(own).collect();
        JobError::fail_with(format!(
            "unknown command {word:?}; known are: {}",
            known.join(", ")
        ))
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
