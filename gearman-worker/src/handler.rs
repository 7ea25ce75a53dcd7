use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use gearman_proto::{Assignment, Outcome, Update};
use tokio::task::AbortHandle;

use crate::blocking::BlockingThreads;
use crate::cancel::Cancellation;
use crate::job::{BlockingJob, Job, Line, Report};
use crate::job_error::JobError;
use crate::machine::JobId;

/// Runs the jobs of a function. Implemented for async closures: `|job: Job| async move { Ok("done") }`.
///
/// A handler that panics fails its job, with the panic's text as a warning; worker and slot live on
/// (unless the program is built with `panic = "abort"`).
pub trait Handler: Send + Sync + 'static {
    /// Runs one job and returns its result.
    fn run(&self, job: Job) -> impl Future<Output = Result<Bytes, JobError>> + Send;
}

impl<F, R, T> Handler for F
where
    F: Fn(Job) -> R + Send + Sync + 'static,
    R: Future<Output = Result<T, JobError>> + Send,
    T: Into<Bytes>,
{
    async fn run(&self, job: Job) -> Result<Bytes, JobError> {
        self(job).await.map(Into::into)
    }
}

/// A function as the connection sees it: something that starts a job and reports its end.
pub(crate) trait Function: Send + Sync {
    fn start(
        &self,
        id: JobId,
        assignment: Assignment,
        cancellation: Cancellation,
        line: &Arc<Line>,
    ) -> Option<AbortHandle>;
}

/// Each job is a task.
pub(crate) struct Spawned<H>(pub(crate) Arc<H>);

impl<H: Handler> Function for Spawned<H> {
    fn start(
        &self,
        id: JobId,
        assignment: Assignment,
        cancellation: Cancellation,
        line: &Arc<Line>,
    ) -> Option<AbortHandle> {
        let (handler, line) = (Arc::clone(&self.0), Arc::clone(line));
        let job = Job::new(id, assignment, cancellation, Arc::clone(&line));
        let task = tokio::spawn(async move {
            let result = AssertUnwindSafe(async { handler.run(job).await })
                .catch_unwind()
                .await;
            let (warning, outcome) = end(result, line.payload_limit);
            // Nobody is left to hear of it only where the worker is gone.
            let _ = line.reports.send(Report::End(id, warning, outcome)).await;
        });
        Some(task.abort_handle())
    }
}

/// Each job is a call on one of the worker's own threads.
pub(crate) struct Threaded<F> {
    pub(crate) function: Arc<F>,
    pub(crate) threads: Arc<BlockingThreads>,
}

impl<F, T> Function for Threaded<F>
where
    F: Fn(BlockingJob) -> Result<T, JobError> + Send + Sync + 'static,
    T: Into<Bytes>,
{
    fn start(
        &self,
        id: JobId,
        assignment: Assignment,
        cancellation: Cancellation,
        line: &Arc<Line>,
    ) -> Option<AbortHandle> {
        let (function, line) = (Arc::clone(&self.function), Arc::clone(line));
        let job = BlockingJob(Job::new(id, assignment, cancellation, Arc::clone(&line)));
        self.threads.run(move || {
            let call = AssertUnwindSafe(|| function(job).map(Into::into));
            let (warning, outcome) = end(catch_unwind(call), line.payload_limit);
            let _ = line
                .reports
                .blocking_send(Report::End(id, warning, outcome));
        });
        None
    }
}

/// What is sent at the end of a job: a warning perhaps, and exactly one final packet.
fn end(
    result: Result<Result<Bytes, JobError>, Box<dyn Any + Send>>,
    limit: usize,
) -> (Option<Update>, Outcome) {
    let (warning, outcome) = match result {
        Ok(Ok(output)) => (None, Outcome::Complete(output)),
        Ok(Err(error)) => error.into_parts(),
        Err(panic) => JobError::fail_with(panic_text(&*panic)).into_parts(),
    };
    let payload = match (&outcome, &warning) {
        (Outcome::Complete(payload) | Outcome::Exception(payload), _) => payload.len(),
        (Outcome::Fail, Some(Update::Data(payload) | Update::Warning(payload))) => payload.len(),
        (Outcome::Fail, _) => 0,
    };
    if payload > limit {
        let text = format!("the result has {payload} bytes, which is over the limit of {limit}");
        return JobError::fail_with(text).into_parts();
    }
    (warning, outcome)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("no text"))
}
