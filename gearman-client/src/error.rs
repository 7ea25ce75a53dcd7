use std::convert::Infallible;

use bytes::Bytes;
use gearman_net::{InvalidEndpoint, NoServer};
use gearman_proto::{Oversized, PacketError, ServerError};

use crate::{ConnectionLost, NotSent};

/// A client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// What was given as a server is none.
    #[error(transparent)]
    InvalidEndpoint(#[from] InvalidEndpoint),
    /// No server was named.
    #[error("no server is named; name at least one")]
    NoneNamed,
    /// Not one of the servers can be reached.
    #[error(transparent)]
    NoServer(#[from] NoServer),
}

/// A job was not accepted, or nobody knows.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// No server has it. Try again, later or elsewhere.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// The connection was lost after the job was sent and before the server answered: it may be in the
    /// queue, or done, or lost. Submit it again if that does no harm, best with a unique id.
    #[error("whether the job was accepted is unknown: {0}")]
    OutcomeUnknown(ConnectionLost),
    /// The queue of this function is full. Try again later.
    #[error("the server's queue of this function is full")]
    QueueFull,
    /// The server refuses the job.
    #[error("the server refuses the job: {0}")]
    Refused(ServerError),
    /// The job is larger than this client sends. Nothing was sent.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The server answered something that can't be read: most likely it has the job.
    #[error("whether the job was accepted is unknown: {0}")]
    Unreadable(PacketError),
}

/// A question was not answered. It changed nothing: it can always be asked again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// No server was asked.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// The connection was lost before the answer came.
    #[error("no answer: {0}")]
    ConnectionLost(#[from] ConnectionLost),
    /// The server refuses the question.
    #[error("the server refuses the question: {0}")]
    Refused(ServerError),
    /// The question is larger than this client sends. Nothing was sent.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The server answered something that can't be read.
    #[error(transparent)]
    Unreadable(PacketError),
}

/// A running job can't be followed any longer. How it ends is not known.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The connection was lost. The server abandons a foreground job when its last client is gone: it
    /// may be done, or run on unheard, or never run.
    #[error("the outcome of the job is unknown: {0}")]
    OutcomeUnknown(#[from] ConnectionLost),
    /// The job sent more than this client accepts; raise its limit.
    #[error("the outcome of the job is unknown: {0}")]
    TooLarge(#[from] Oversized),
    /// Events came faster than they were taken, and some had to be dropped; see
    /// [`RunningJob`](crate::RunningJob).
    #[error("the outcome of the job is unknown: its events were not taken in time")]
    Lagged,
}

/// A job has no result.
///
/// The first variants come from [`Client::run`](crate::Client::run) only: they say that the job was not
/// accepted, as [`SubmitError`] does.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// No server has the job. Try again, later or elsewhere.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// The queue of this function is full. Try again later.
    #[error("the server's queue of this function is full")]
    QueueFull,
    /// The server refuses the job.
    #[error("the server refuses the job: {0}")]
    Refused(ServerError),
    /// The job is larger than this client sends. Nothing was sent.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The server answered something that can't be read: most likely it has the job.
    #[error("the outcome of the job is unknown: {0}")]
    Unreadable(PacketError),
    /// The connection was lost after the job was sent: it may be done, or run on unheard, or be lost.
    /// Submit it again if that does no harm, best with a unique id.
    #[error("the outcome of the job is unknown: {0}")]
    OutcomeUnknown(ConnectionLost),
    /// The worker said that the job has failed, or the server gave it up after too many tries.
    #[error("the job has failed")]
    Failed,
    /// The worker said that the job has failed, and why.
    #[error("the job has failed: {}", gearman_proto::Escaped(.0))]
    Exception(Bytes),
    /// The job sent more than this client accepts; raise its limit.
    #[error("the outcome of the job is unknown: {0}")]
    ResultTooLarge(Oversized),
    /// Events came faster than they were taken, and some had to be dropped.
    #[error("the outcome of the job is unknown: its events were not taken in time")]
    Lagged,
}

/// A request is larger than this client sends: refused before anything was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packet body of {length} bytes is over the limit of {limit}")]
#[non_exhaustive]
pub struct TooLarge {
    /// Bytes of the packet's body.
    pub length: usize,
    /// Bytes that are allowed; see [`ClientBuilder::body_limit`](crate::ClientBuilder::body_limit).
    pub limit: u32,
}

/// How a question can go wrong inside; each operation has its own words for it.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    NotSent(NotSent),
    Lost(ConnectionLost),
    Refused(ServerError),
    Unreadable(PacketError),
}

impl From<Failure> for SubmitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(reasons) => Self::NotSent(reasons),
            Failure::Lost(lost) => Self::OutcomeUnknown(lost),
            // A server whose disk refuses the job uses the same code with another text.
            Failure::Refused(error)
                if error == ServerError::new("QUEUE_ERROR", "Job queue is full") =>
            {
                Self::QueueFull
            }
            Failure::Refused(error) => Self::Refused(error),
            Failure::Unreadable(error) => Self::Unreadable(error),
        }
    }
}

impl From<Failure> for AskError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(reasons) => Self::NotSent(reasons),
            Failure::Lost(lost) => Self::ConnectionLost(lost),
            Failure::Refused(error) => Self::Refused(error),
            Failure::Unreadable(error) => Self::Unreadable(error),
        }
    }
}

impl From<SubmitError> for JobError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::NotSent(reasons) => Self::NotSent(reasons),
            SubmitError::OutcomeUnknown(lost) => Self::OutcomeUnknown(lost),
            SubmitError::QueueFull => Self::QueueFull,
            SubmitError::Refused(error) => Self::Refused(error),
            SubmitError::TooLarge(error) => Self::TooLarge(error),
            SubmitError::Unreadable(error) => Self::Unreadable(error),
        }
    }
}

impl From<FollowError> for JobError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::OutcomeUnknown(lost) => Self::OutcomeUnknown(lost),
            FollowError::TooLarge(oversized) => Self::ResultTooLarge(oversized),
            FollowError::Lagged => Self::Lagged,
        }
    }
}

/// For what is a server already; see [`Client::connect`](crate::Client::connect).
impl From<Infallible> for OpenError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_is_told_from_other_refusals_of_the_queue() {
        let refused = |text| Failure::Refused(ServerError::new("QUEUE_ERROR", text)).into();
        assert!(matches!(
            refused("Job queue is full"),
            SubmitError::QueueFull
        ));
        assert!(matches!(refused("disk full"), SubmitError::Refused(_)));
    }
}
