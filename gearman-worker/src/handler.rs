use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use gearman_proto::{Assignment, FunctionName, Outcome, Update};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use crate::blocking::BlockingThreads;
use crate::cancel::{CancelReason, Cancellation};
use crate::job::{BlockingJob, Job, Line, Report};
use crate::job_error::{Exceptions, JobError};
use crate::machine::JobId;
use crate::span::JobSpan;

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

/// Functions by name; the name is what the server sends.
pub(crate) type Functions = HashMap<FunctionName, Arc<dyn Function>>;

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
pub(crate) struct Spawned<H> {
    pub(crate) handler: Arc<H>,
    /// How long a job may take.
    pub(crate) limit: Option<Duration>,
}

impl<H: Handler> Function for Spawned<H> {
    fn start(
        &self,
        id: JobId,
        assignment: Assignment,
        cancellation: Cancellation,
        line: &Arc<Line>,
    ) -> Option<AbortHandle> {
        let (handler, line) = (Arc::clone(&self.handler), Arc::clone(line));
        let limit = self.limit.map(|limit| (limit, Instant::now() + limit));
        let deadline = limit.map(|(_, deadline)| deadline);
        let span = JobSpan::begin(&assignment);
        let job = Job::new(
            id,
            assignment,
            cancellation.clone(),
            deadline,
            Arc::clone(&line),
        );
        let task = tokio::spawn(async move {
            let run = async { handler.run(job).await }.instrument(span.span().clone());
            let run = AssertUnwindSafe(run).catch_unwind();
            let result = match limit {
                None => run.await,
                Some((limit, deadline)) => timeout_at(deadline, run).await.unwrap_or_else(|_| {
                    cancellation.cancel(CancelReason::TimeLimit);
                    Ok(Err(over_limit(limit)))
                }),
            };
            let (warning, outcome) = end(result, &line);
            span.end(&outcome);
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
    /// How long a job may take. A thread can't be stopped: it is told, and its result does not count.
    pub(crate) limit: Option<Duration>,
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
        let (function, line, limit) = (Arc::clone(&self.function), Arc::clone(line), self.limit);
        let deadline = limit.map(|limit| Instant::now() + limit);
        let span = JobSpan::begin(&assignment);
        let job = Job::new(
            id,
            assignment,
            cancellation.clone(),
            deadline,
            Arc::clone(&line),
        );
        self.threads.run(move || {
            let call = || function(BlockingJob(job)).map(Into::into);
            let mut result = span
                .span()
                .in_scope(|| catch_unwind(AssertUnwindSafe(call)));
            if let (Some(limit), Some(deadline)) = (limit, deadline)
                && Instant::now() > deadline
            {
                cancellation.cancel(CancelReason::TimeLimit);
                result = Ok(Err(over_limit(limit)));
            }
            let (warning, outcome) = end(result, &line);
            span.end(&outcome);
            let _ = line
                .reports
                .blocking_send(Report::End(id, warning, outcome));
        });
        None
    }
}

fn over_limit(limit: Duration) -> JobError {
    JobError::fail_with(format!("the job took longer than its limit of {limit:?}"))
}

/// What is sent at the end of a job: a warning perhaps, and exactly one final packet.
fn end(
    result: Result<Result<Bytes, JobError>, Box<dyn Any + Send>>,
    line: &Line,
) -> (Option<Update>, Outcome) {
    let (warning, outcome) = match result {
        Ok(Ok(output)) => (None, Outcome::Complete(output)),
        Ok(Err(error)) => error.into_parts(),
        Err(panic) => JobError::fail_with(panic_text(&*panic)).into_parts(),
    };
    let length = |payload: Option<&Bytes>| payload.map_or(0, Bytes::len);
    let told = match &warning {
        Some(Update::Data(payload) | Update::Warning(payload)) => Some(payload),
        _ => None,
    };
    let result = match &outcome {
        Outcome::Complete(payload) | Outcome::Exception(payload) => Some(payload),
        Outcome::Fail => None,
    };
    let (payload, limit) = (length(told).max(length(result)), line.payload_limit);
    if payload > limit {
        let text = format!("the result has {payload} bytes, which is over the limit of {limit}");
        return JobError::fail_with(text).into_parts();
    }
    match (outcome, line.exceptions) {
        (Outcome::Exception(text), Exceptions::AsWarning) => {
            (Some(Update::Warning(text)), Outcome::Fail)
        }
        (outcome, _) => (warning, outcome),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("no text"))
}
