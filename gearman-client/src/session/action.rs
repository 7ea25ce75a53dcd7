use bytes::Bytes;
use gearman_proto::{
    JobHandle, JobStatus, Kind, Oversized, PacketError, Request, ServerError, UniqueStatus,
    WorkEvent,
};

use super::RequestId;

/// What a [`Session`](super::Session) wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives a session must do all of it"
)]
pub enum Action {
    /// Send this.
    Send(Request),
    /// Tell the asker of `id`. It is all that he hears, unless he submitted a job in the foreground
    /// and the answer is [`Answer::Created`].
    Answer {
        /// Whose question it was.
        id: RequestId,
        /// The server's answer.
        answer: Answer,
    },
    /// Tell the follower of a job. Nothing follows [`WorkEvent::End`].
    Event {
        /// Who submitted the job.
        id: RequestId,
        /// What has happened, or the packet that was too long to tell.
        event: Result<WorkEvent, Oversized>,
    },
    /// Tell the asker or follower that he won't hear more: the connection is gone.
    Lost {
        /// Whose question or job it was.
        id: RequestId,
        /// Whether the server may have read the question. `false` is certain.
        sent: bool,
    },
    /// Close the connection, then call [`disconnected`](super::Session::disconnected).
    Close(Violation),
}

/// The server's answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the protocol has these answers for clients"
)]
pub enum Answer {
    /// JOB_CREATED.
    Created(JobHandle),
    /// STATUS_RES.
    Status(JobStatus),
    /// STATUS_RES_UNIQUE.
    UniqueStatus(UniqueStatus),
    /// ECHO_RES.
    Echo(Bytes),
    /// OPTION_RES.
    OptionSet,
    /// ERROR.
    Refused(ServerError),
    /// It was the answer that was due, but broken.
    Unreadable(PacketError),
}

/// The server breaks the protocol: questions and answers can't be matched any longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// An answer that was not due.
    #[error("{found} where {due} was due")]
    WrongAnswer {
        /// What came.
        found: Kind,
        /// What should have come.
        due: Kind,
    },
    /// An answer to nothing.
    #[error("{found} though nothing was asked")]
    UnaskedAnswer {
        /// What came.
        found: Kind,
    },
    /// A packet that servers do not send.
    #[error(transparent)]
    BadPacket(PacketError),
}
