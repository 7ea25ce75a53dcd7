use std::sync::Arc;

use bytes::Bytes;
use gearman_control::{Command, Incarnation, Pong, Refused, Terminated, WorkerId};
use tokio::select;
use tokio::sync::watch;

use crate::handler::Handler;
use crate::job::Job;
use crate::job_error::JobError;
use crate::load::Load;
use crate::machine::{Order, Tally};
use crate::report::StopReason;
use crate::stage::{Stage, Wishes};

/// Control jobs that run at once, beside the worker's own: a `terminate` stays until the drain is done,
/// and `ping` must be answered meanwhile.
pub(crate) const CONTROL_JOBS: usize = 16;

/// The function `_worker_<id>`: what others say to this worker through the job server.
pub(crate) struct Control {
    pub(crate) id: WorkerId,
    pub(crate) incarnation: Incarnation,
    pub(crate) wishes: Wishes,
    pub(crate) stages: watch::Receiver<Stage>,
    pub(crate) load: Arc<Load>,
    /// What the worker did, once its last job has ended.
    pub(crate) drained: watch::Receiver<Option<Tally>>,
}

impl Handler for Control {
    async fn run(&self, job: Job) -> Result<Bytes, JobError> {
        match Command::parse(job.workload())? {
            Command::Ping => {
                let stage = match *self.stages.borrow() {
                    Stage::Running => "running",
                    _ => "draining",
                };
                Ok(Pong::new(self.id.clone(), self.incarnation, stage).to_json())
            }
            // An order to a process that died, handed on by the server to its successor.
            Command::Terminate {
                incarnation: Some(meant),
            } if meant != self.incarnation => Ok(Refused::other_incarnation().to_json()),
            Command::Terminate { .. } => self.terminate(&job).await,
            command => Err(JobError::fail_with(format!("{command} is not supported"))),
        }
    }
}

impl Control {
    /// Stays until the last job has ended, and tells how many have: who waits for this job waits for the
    /// worker.
    async fn terminate(&self, job: &Job) -> Result<Bytes, JobError> {
        let held = self.load.running();
        self.wishes.ask(Order::Drain, StopReason::Control);
        let mut drained = self.drained.clone();
        let mut left = held;
        loop {
            // Jobs that were on their way when the order came are not among those that were held.
            job.progress(number(held.saturating_sub(left)), number(held))
                .await?;
            let tally = select! {
                Ok(tally) = drained.wait_for(Option::is_some) => *tally,
                () = self.load.changed_from(left) => None,
            };
            if let Some(Tally { completed, failed }) = tally {
                let last = Terminated::new(self.id.clone(), self.incarnation, completed, failed);
                return Ok(last.to_json());
            }
            left = self.load.running();
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
