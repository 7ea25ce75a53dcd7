use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use gearman_net::Endpoint;
use gearman_proto::{JobStatus, Oversized, UniqueStatus, WorkEvent};
use tokio::sync::oneshot;

use crate::error::Failure;
use crate::mailbox::{Postman, Told};
use crate::session::Answer;
use crate::{FollowError, JobAddress};

/// Where an answer goes that comes but once.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Failure>>;

/// Who asked a question, and waits.
#[derive(Debug)]
pub(crate) enum Waiter {
    /// A foreground job's follower.
    Job(Postman),
    /// The submitter of a background job.
    Background(Reply<JobAddress>),
    Status(Reply<JobStatus>),
    UniqueStatus(Reply<UniqueStatus>),
    Echo(Reply<Bytes>),
}

impl Waiter {
    /// Whether nobody waits any longer.
    pub(crate) fn has_left(&self) -> bool {
        match self {
            Self::Job(postman) => postman.is_given_up(),
            Self::Background(reply) => reply.is_closed(),
            Self::Status(reply) => reply.is_closed(),
            Self::UniqueStatus(reply) => reply.is_closed(),
            Self::Echo(reply) => reply.is_closed(),
        }
    }

    /// Tells the server's answer. What is returned waits on, for the job's events.
    pub(crate) fn answer(self, answer: Answer, server: &Arc<Endpoint>) -> Option<Self> {
        let address = |handle| JobAddress::new(Arc::clone(server), handle);
        // Who has left does not hear it; nobody minds.
        match (self, answer) {
            (waiter, Answer::Refused(error)) => waiter.fail(Failure::Refused(error)),
            (waiter, Answer::Unreadable(error)) => waiter.fail(Failure::Unreadable(error)),
            (Self::Job(postman), Answer::Created(handle)) => {
                postman.accepted(Ok(address(handle)));
                return Some(Self::Job(postman));
            }
            (Self::Background(reply), Answer::Created(handle)) => {
                let _ = reply.send(Ok(address(handle)));
            }
            (Self::Status(reply), Answer::Status(status)) => {
                let _ = reply.send(Ok(status));
            }
            (Self::UniqueStatus(reply), Answer::UniqueStatus(status)) => {
                let _ = reply.send(Ok(status));
            }
            (Self::Echo(reply), Answer::Echo(bytes)) => {
                let _ = reply.send(Ok(bytes));
            }
            (waiter, answer) => {
                debug_assert!(false, "the session lets no {answer:?} pass for {waiter:?}");
            }
        }
        None
    }

    /// Tells news of a job.
    pub(crate) fn event(&self, event: Result<WorkEvent, Oversized>) -> Told {
        let Self::Job(postman) = self else {
            debug_assert!(false, "the session lets {self:?} follow no job");
            return Told::Last;
        };
        match event {
            Ok(WorkEvent::Update(update)) => postman.update(update),
            Ok(WorkEvent::End(outcome)) => {
                postman.end(Ok(outcome));
                Told::Last
            }
            Err(oversized) => {
                postman.end(Err(FollowError::TooLarge(oversized)));
                Told::Last
            }
        }
    }

    /// Waits until there is room for news again.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again.
    pub(crate) async fn room(&self) {
        if let Self::Job(postman) = self {
            poll_fn(|cx| postman.poll_room(cx)).await;
        }
    }

    /// Tells that no more news will come, since those that came were not taken.
    pub(crate) fn lagged(self) {
        if let Self::Job(postman) = self {
            postman.end(Err(FollowError::Lagged));
        }
    }

    /// Tells that no answer will come, or no more news.
    pub(crate) fn fail(self, failure: Failure) {
        match self {
            Self::Job(postman) => {
                if let Failure::Lost(lost) = &failure {
                    postman.end(Err(FollowError::OutcomeUnknown(lost.clone())));
                }
                // Has been taken already, where the job was accepted before.
                postman.accepted(Err(failure));
            }
            Self::Background(reply) => drop(reply.send(Err(failure))),
            Self::Status(reply) => drop(reply.send(Err(failure))),
            Self::UniqueStatus(reply) => drop(reply.send(Err(failure))),
            Self::Echo(reply) => drop(reply.send(Err(failure))),
        }
    }
}
