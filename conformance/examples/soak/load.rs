use std::sync::Arc;

use bytes::Bytes;
use gearman_client::{Client, Job, JobError, Priority};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chance::below;
use crate::ledger::Ledger;

/// Submits numbered jobs and enters into the ledger what becomes of them.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) client: Client,
    pub(crate) ledger: Arc<Ledger>,
    /// What follows the number in a result that is long enough.
    pub(crate) dots: Bytes,
    pub(crate) largest_burst: u64,
}

impl Load {
    /// Submits bursts of jobs while `flows` is true, until it is dropped. Between them the queue runs nearly
    /// or wholly dry, so that workers are met busy, falling asleep, asleep and waking.
    pub(crate) async fn run(self, mut flows: watch::Receiver<bool>) {
        let mut jobs = JoinSet::new();
        while flows.wait_for(|flows| *flows).await.is_ok() {
            for _ in 0..=below(self.largest_burst) {
                let function = if below(2) == 0 { "soak" } else { "spare" };
                jobs.spawn(self.clone().job(function));
            }
            self.ledger.at_most_open(self.ebb()).await;
            while jobs.try_join_next().is_some() {}
        }
        jobs.join_all().await;
    }

    /// Submits one job, in the background one time in four, and waits for what there is to wait for.
    pub(crate) async fn job(self, function: &'static str) {
        let in_background = below(4) == 0;
        let number = self.ledger.submit(in_background);
        let outcome = self.outcome(function, number, in_background).await;
        match outcome {
            Ok(None) => {}
            Ok(Some(result)) if self.is_right(number, &result) => self.ledger.delivered(number),
            Ok(Some(result)) => eprintln!("job {number}: wrong result, {} bytes", result.len()),
            Err(JobError::Failed) => self.ledger.requeued(number),
            Err(error) => eprintln!("job {number}: {error}"),
        }
    }

    async fn outcome(
        &self,
        function: &str,
        number: u64,
        in_background: bool,
    ) -> Result<Option<Bytes>, JobError> {
        let priority = [Priority::High, Priority::Normal, Priority::Low][below(3) as usize];
        let job = Job::new(function, number.to_string()).expect("the names are good");
        let job = job.priority(priority);
        if in_background {
            self.client.submit_background(job).await?;
            return Ok(None);
        }
        self.client.run(job).await.map(Some)
    }

    /// The number, and dots up to the length that was wanted.
    fn is_right(&self, number: u64, result: &Bytes) -> bool {
        let number = number.to_string();
        let dots = self.dots.get(number.len()..).unwrap_or_default();
        result.strip_prefix(number.as_bytes()) == Some(dots)
    }

    /// How many jobs are left when the next burst comes: one time in two, none.
    fn ebb(&self) -> usize {
        let level = below(2) * below(self.largest_burst.div_ceil(3));
        usize::try_from(level).unwrap_or(0)
    }
}
