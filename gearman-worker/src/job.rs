use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gearman_proto::{Assignment, FunctionName, JobHandle, Outcome, Progress, UniqueId, Update};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::cancel::{CancelReason, Cancellation};
use crate::directive::Directive;
use crate::job_error::Exceptions;
use crate::machine::JobId;

/// A job in the hands of its handler.
///
/// What a handler sends on the way is passed on to the clients that wait for the job; the server keeps
/// nothing for those who come later, and background jobs have nobody to hear it.
#[derive(Debug)]
pub struct Job {
    id: JobId,
    assignment: Assignment,
    cancellation: Cancellation,
    deadline: Option<Instant>,
    line: Arc<Line>,
}

/// What a job needs of the connection that it came through.
#[derive(Debug)]
pub(crate) struct Line {
    /// Which server of the worker's list.
    pub(crate) server: usize,
    pub(crate) reports: mpsc::Sender<Report>,
    pub(crate) directives: watch::Receiver<Directive>,
    /// The largest payload that is sent, in bytes.
    pub(crate) payload_limit: usize,
    pub(crate) exceptions: Exceptions,
}

/// News of a job, from its task to the connection.
#[derive(Debug)]
pub(crate) enum Report {
    Update(JobId, Update),
    End(JobId, Option<Update>, Outcome),
}

/// What a handler wanted to send can't be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Nobody can hear it any more; stop working on the job.
    #[error("the job is no longer ours: {0:?}")]
    Cancelled(CancelReason),
    /// It is too large, and was not sent; the job goes on.
    #[error("{length} bytes are over the limit of {limit}")]
    TooLarge {
        /// Bytes of the payload.
        length: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
}

impl Job {
    pub(crate) fn new(
        id: JobId,
        assignment: Assignment,
        cancellation: Cancellation,
        deadline: Option<Instant>,
        line: Arc<Line>,
    ) -> Self {
        Self {
            id,
            assignment,
            cancellation,
            deadline,
            line,
        }
    }

    /// Which server of the worker's list it came through.
    pub(crate) fn server(&self) -> usize {
        self.line.server
    }

    /// What the client sent along.
    pub fn workload(&self) -> &Bytes {
        self.assignment.workload()
    }

    /// The function that is asked for.
    pub fn function(&self) -> FunctionName {
        self.assignment.function()
    }

    /// The server's name for the job. It says nothing on another server, or after a restart.
    pub fn handle(&self) -> JobHandle {
        self.assignment.handle()
    }

    /// The unique id that the client gave it, if any.
    pub fn unique(&self) -> Option<UniqueId> {
        self.assignment.unique()
    }

    /// Sends a part of the result (WORK_DATA). Waits while the connection can't take more.
    ///
    /// # Errors
    ///
    /// [`SendError`]: the job is no longer ours, or the part is too large.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has sent nothing.
    pub async fn send_data(&self, data: impl Into<Bytes>) -> Result<(), SendError> {
        self.report(Update::Data(self.checked(data.into())?)).await
    }

    /// Tells the clients something that they should know (WORK_WARNING).
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    ///
    /// # Cancel safety
    ///
    /// As [`send_data`](Self::send_data).
    pub async fn send_warning(&self, warning: impl Into<Bytes>) -> Result<(), SendError> {
        self.report(Update::Warning(self.checked(warning.into())?))
            .await
    }

    /// Tells how far the job is (WORK_STATUS). The server keeps it for those who ask.
    ///
    /// # Errors
    ///
    /// [`SendError::Cancelled`]: the job is no longer ours.
    ///
    /// # Cancel safety
    ///
    /// As [`send_data`](Self::send_data).
    pub async fn progress(&self, done: u32, of: u32) -> Result<(), SendError> {
        self.report(Update::Status(Progress::new(done, of))).await
    }

    /// How much of its time limit is left; `None` where its function has none. A job that passes it fails.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether the worker wants to leave. Nobody interrupts the job; a long one may choose to end early.
    pub fn is_draining(&self) -> bool {
        *self.line.directives.borrow() >= Directive::Drain
    }

    /// Whether the result is not wanted any longer, and why.
    pub fn is_cancelled(&self) -> Option<CancelReason> {
        self.cancellation.reason()
    }

    /// Waits until the result is not wanted any longer; most jobs never see that.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn cancelled(&self) -> CancelReason {
        self.cancellation.cancelled().await
    }

    async fn report(&self, update: Update) -> Result<(), SendError> {
        self.check_ours()?;
        let sent = self
            .line
            .reports
            .send(Report::Update(self.id, update))
            .await;
        sent.map_err(|_| SendError::Cancelled(CancelReason::WorkerStopped))
    }

    fn report_blocking(&self, update: Update) -> Result<(), SendError> {
        self.check_ours()?;
        let sent = self
            .line
            .reports
            .blocking_send(Report::Update(self.id, update));
        sent.map_err(|_| SendError::Cancelled(CancelReason::WorkerStopped))
    }

    fn check_ours(&self) -> Result<(), SendError> {
        match self.is_cancelled() {
            // In the time of grace the job is still ours.
            None | Some(CancelReason::WorkerStopped) => Ok(()),
            Some(reason) => Err(SendError::Cancelled(reason)),
        }
    }

    fn checked(&self, payload: Bytes) -> Result<Bytes, SendError> {
        let (length, limit) = (payload.len(), self.line.payload_limit);
        if length > limit {
            Err(SendError::TooLarge { length, limit })
        } else {
            Ok(payload)
        }
    }
}

/// A job in the hands of a handler that blocks. Everything is as for [`Job`], without `await`.
#[derive(Debug)]
pub struct BlockingJob(pub(crate) Job);

impl BlockingJob {
    /// See [`Job::workload`].
    pub fn workload(&self) -> &Bytes {
        self.0.workload()
    }

    /// See [`Job::function`].
    pub fn function(&self) -> FunctionName {
        self.0.function()
    }

    /// See [`Job::handle`].
    pub fn handle(&self) -> JobHandle {
        self.0.handle()
    }

    /// See [`Job::unique`].
    pub fn unique(&self) -> Option<UniqueId> {
        self.0.unique()
    }

    /// See [`Job::send_data`].
    ///
    /// # Errors
    ///
    /// [`SendError`]: the job is no longer ours, or the part is too large.
    pub fn send_data(&self, data: impl Into<Bytes>) -> Result<(), SendError> {
        self.0
            .report_blocking(Update::Data(self.0.checked(data.into())?))
    }

    /// See [`Job::send_warning`].
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub fn send_warning(&self, warning: impl Into<Bytes>) -> Result<(), SendError> {
        self.0
            .report_blocking(Update::Warning(self.0.checked(warning.into())?))
    }

    /// See [`Job::progress`].
    ///
    /// # Errors
    ///
    /// [`SendError::Cancelled`]: the job is no longer ours.
    pub fn progress(&self, done: u32, of: u32) -> Result<(), SendError> {
        self.0
            .report_blocking(Update::Status(Progress::new(done, of)))
    }

    /// See [`Job::time_left`]. A thread can't be stopped from outside: a job that passes its limit fails
    /// when it returns.
    pub fn time_left(&self) -> Option<Duration> {
        self.0.time_left()
    }

    /// See [`Job::is_draining`].
    pub fn is_draining(&self) -> bool {
        self.0.is_draining()
    }

    /// See [`Job::is_cancelled`]. Nothing can stop a thread from outside: a long job asks now and then.
    pub fn is_cancelled(&self) -> Option<CancelReason> {
        self.0.is_cancelled()
    }
}
