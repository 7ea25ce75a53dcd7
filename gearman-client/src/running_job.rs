use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use gearman_proto::{Outcome, WorkEvent};

use crate::connection::Connection;
use crate::mailbox::Mailbox;
use crate::{FollowError, JobAddress, JobError};

/// A foreground job that the server has accepted.
///
/// It is a [`Stream`] of what happens to the job, in order: any number of [`WorkEvent::Update`], then
/// either one [`WorkEvent::End`] or one error, then nothing.
///
/// ```no_run
/// use gearman_client::{Client, Job, Outcome, Update, WorkEvent};
///
/// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut job = client.submit(Job::new("resize", "cat.png")?).await?;
/// while let Some(event) = job.next().await {
///     match event? {
///         WorkEvent::Update(Update::Status(progress)) => println!("{progress:?}"),
///         WorkEvent::Update(update) => println!("{update:?}"),
///         WorkEvent::End(Outcome::Complete(result)) => println!("{} bytes", result.len()),
///         WorkEvent::End(outcome) => println!("failed: {outcome:?}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// Who wants the result and nothing else awaits the job, or its [`output`](Self::output).
///
/// # Taking the events in time
///
/// 256 events wait to be taken. When there are as many, the connection waits for its consumer, but only
/// 20 ms for him to take half of them: after that the consumer gets what has come, then
/// [`FollowError::Lagged`]. So a slow consumer neither eats memory nor stops the other jobs of its
/// connection. Awaiting the output never lags.
///
/// # Dropping
///
/// Whoever drops this hears no more of the job. The job itself goes on while the client is connected,
/// and nobody else is disturbed. The connection is kept while there is a [`Client`](crate::Client) or a
/// running job.
#[derive(Debug)]
pub struct RunningJob {
    address: JobAddress,
    mailbox: Mailbox,
    /// Keeps the driver going.
    connection: Connection,
    /// Whether the last item of the stream has been taken.
    over: bool,
}

/// The output of a job, when it is there; see [`RunningJob::output`].
///
/// # Cancel safety
///
/// Dropped before it is ready, the job is as if its [`RunningJob`] had been dropped.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Output(RunningJob);

impl RunningJob {
    pub(crate) const fn new(address: JobAddress, mailbox: Mailbox, connection: Connection) -> Self {
        Self {
            address,
            mailbox,
            connection,
            over: false,
        }
    }

    /// Where the job is: for logs, and to ask for its status.
    pub const fn address(&self) -> &JobAddress {
        &self.address
    }

    /// What happens next; `None` when everything has been told.
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<WorkEvent, FollowError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Waits for the end of the job: its result, which is the parts that came as WORK_DATA and have not
    /// been taken yet, followed by what came with WORK_COMPLETE. Warnings and progress are passed over.
    ///
    /// The whole is held in memory. For results of any length take the events instead.
    pub fn output(self) -> Output {
        self.mailbox.want_output();
        Output(self)
    }
}

impl Stream for RunningJob {
    type Item = Result<WorkEvent, FollowError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let end = match ready!(self.mailbox.poll_next(cx)) {
            Some(Ok(update)) => return Poll::Ready(Some(Ok(WorkEvent::Update(update)))),
            Some(Err(end)) => end,
            None => Err(self.connection.stopped().into()),
        };
        self.over = true;
        Poll::Ready(Some(end.map(WorkEvent::End)))
    }
}

impl Future for Output {
    type Output = Result<Bytes, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(job) = &*self;
        let Some((mut parts, end)) = ready!(job.mailbox.poll_output(cx)) else {
            return Poll::Ready(Err(JobError::OutcomeUnknown(job.connection.stopped())));
        };
        Poll::Ready(match end? {
            Outcome::Complete(whole) if parts.is_empty() => Ok(whole),
            Outcome::Complete(last) => {
                parts.extend_from_slice(&last);
                Ok(parts.freeze())
            }
            Outcome::Fail => Err(JobError::Failed),
            Outcome::Exception(reason) => Err(JobError::Exception(reason)),
        })
    }
}

/// Awaiting a job is awaiting its [`output`](RunningJob::output).
impl IntoFuture for RunningJob {
    type Output = Result<Bytes, JobError>;
    type IntoFuture = Output;

    fn into_future(self) -> Output {
        self.output()
    }
}
