use bytes::{Bytes, BytesMut};

use crate::arguments::Arguments;
use crate::encode::{self, EncodeError, Last};
use crate::{
    Assignment, Direction, Escaped, Flaw, GrabForm, JobHandle, JobStatus, Kind, OptionName, Packet,
    PacketError, UniqueStatus, Work,
};

/// A packet from the job server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new response would be a new protocol"
)]
pub enum Response {
    /// NOOP: wake up.
    Noop,
    /// JOB_ASSIGN, JOB_ASSIGN_UNIQ, JOB_ASSIGN_ALL: the job that was asked for.
    JobAssign(Assignment),
    /// NO_JOB: there is none.
    NoJob,
    /// JOB_CREATED: the submission is queued under this handle.
    JobCreated(JobHandle),
    /// WORK_*: news about a job that this connection waits for.
    Work(Work),
    /// STATUS_RES.
    Status(JobStatus),
    /// STATUS_RES_UNIQUE.
    UniqueStatus(UniqueStatus),
    /// ECHO_RES.
    Echo(Bytes),
    /// OPTION_RES: the option is on.
    OptionSet(OptionName),
    /// ERROR: a request is refused. The connection stays open.
    Error(ServerError),
}

/// Why the server refuses a request.
///
/// gearmand's codes are `INVALID_MAGIC`, `INVALID_COMMAND`, `ARGUMENT_TOO_LARGE`, `QUEUE_ERROR`,
/// `UNKNOWN_OPTION` and `JOB_NOT_FOUND`; other servers have others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}: {}", Escaped(code), Escaped(text))]
pub struct ServerError {
    code: Bytes,
    text: Bytes,
}

impl ServerError {
    /// An error in words that hold no NUL.
    pub const fn new(code: &'static str, text: &'static str) -> Self {
        let code = Bytes::from_static(code.as_bytes());
        Self {
            code,
            text: Bytes::from_static(text.as_bytes()),
        }
    }
}

impl Response {
    /// The kind of packet that it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Noop => Kind::Noop,
            Self::JobAssign(assignment) => assignment.kind(),
            Self::NoJob => Kind::NoJob,
            Self::JobCreated(_) => Kind::JobCreated,
            Self::Work(work) => work.event.kind(),
            Self::Status(_) => Kind::StatusRes,
            Self::UniqueStatus(_) => Kind::StatusResUnique,
            Self::Echo(_) => Kind::EchoRes,
            Self::OptionSet(_) => Kind::OptionRes,
            Self::Error(_) => Kind::Error,
        }
    }

    /// Appends the packet to `dst`.
    ///
    /// # Errors
    ///
    /// [`EncodeError::BodyTooLong`] past 4 GiB; nothing is written then.
    pub fn encode(&self, dst: &mut BytesMut) -> Result<(), EncodeError> {
        if let Some(payload) = self.encode_head(dst)? {
            dst.extend_from_slice(payload);
        }
        Ok(())
    }

    /// Appends all but the payload to `dst`. What is returned has to follow on the wire: large payloads
    /// can be sent from where they lie.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_head(&self, dst: &mut BytesMut) -> Result<Option<&Bytes>, EncodeError> {
        let mut text = |heads: &[&[u8]], last: &[u8]| {
            let last = Last::Text(last);
            encode::head(dst, Direction::Response, self.kind(), heads, last).map(|_| None)
        };
        match self {
            Self::Noop | Self::NoJob => text(&[], &[]),
            Self::JobCreated(handle) => text(&[], handle.as_bytes()),
            Self::OptionSet(option) => text(&[], option.as_bytes()),
            Self::Error(ServerError {
                code,
                text: sentence,
            }) => text(&[code], sentence),
            Self::JobAssign(assignment) => assignment.encode_head(dst),
            Self::Work(work) => work.encode_head(Direction::Response, dst),
            Self::Status(status) => status.encode(dst).map(|()| None),
            Self::UniqueStatus(status) => status.encode(dst).map(|()| None),
            Self::Echo(data) => {
                let last = Last::Payload(data);
                encode::head(dst, Direction::Response, Kind::EchoRes, &[], last)
            }
        }
    }

    /// What a packet from the server means.
    ///
    /// # Errors
    ///
    /// [`PacketError::WrongDirection`] for what only a client or worker sends,
    /// [`PacketError::Malformed`] where an argument breaks its rule.
    #[inline]
    pub fn decode(packet: Packet) -> Result<Self, PacketError> {
        packet.decode_as(Direction::Response, Self::read)
    }

    /// `None` for a kind that does not travel this way.
    #[inline]
    fn read(kind: Kind, arguments: &mut Arguments<'_>) -> Result<Option<Self>, Flaw> {
        Ok(Some(match kind {
            Kind::Noop => Self::Noop,
            Kind::NoJob => Self::NoJob,
            Kind::JobAssign => Self::JobAssign(Assignment::decode(GrabForm::Plain, arguments)?),
            Kind::JobAssignUniq => {
                Self::JobAssign(Assignment::decode(GrabForm::Unique, arguments)?)
            }
            Kind::JobAssignAll => Self::JobAssign(Assignment::decode(GrabForm::All, arguments)?),
            Kind::JobCreated => Self::JobCreated(arguments.text()?),
            Kind::StatusRes => Self::Status(JobStatus::decode(arguments)?),
            Kind::StatusResUnique => Self::UniqueStatus(UniqueStatus::decode(arguments)?),
            Kind::EchoRes => Self::Echo(arguments.payload()),
            Kind::OptionRes => Self::OptionSet(arguments.text()?),
            Kind::Error => {
                let code = arguments.head()?;
                Self::Error(ServerError {
                    code,
                    text: arguments.payload(),
                })
            }
            kind => return Ok(Work::decode(kind, arguments)?.map(Self::Work)),
        }))
    }
}
