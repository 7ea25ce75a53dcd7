use bytes::{Bytes, BytesMut};

use crate::arguments::Arguments;
use crate::encode::{self, EncodeError, Last};
use crate::submission::ModeOfKind;
use crate::{
    ClientId, Direction, Flaw, FunctionName, GrabForm, JobHandle, Kind, OptionName, Packet,
    PacketError, Submission, UniqueId, Work,
};

/// A packet to the job server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new request would be a new protocol"
)]
pub enum Request {
    /// CAN_DO: from now on jobs of this function may be assigned. No answer. Sent twice, it counts twice.
    CanDo(FunctionName),
    /// CAN_DO_TIMEOUT: the same with a time limit in milliseconds. gearmand requeues a job that passes it,
    /// and corrupts its memory when several jobs share the connection. No answer.
    CanDoTimeout(FunctionName, u32),
    /// CANT_DO: no more jobs of this function; one that is held is requeued. No answer.
    CantDo(FunctionName),
    /// RESET_ABILITIES: no more jobs at all; those that are held are requeued. No answer.
    ResetAbilities,
    /// PRE_SLEEP: wake me with NOOP when there is work. Answered, by NOOP, only where there is some already.
    PreSleep,
    /// GRAB_JOB, GRAB_JOB_UNIQ, GRAB_JOB_ALL: answered by an assignment or NO_JOB.
    GrabJob(GrabForm),
    /// WORK_*: news about a job that this connection holds. No answer but ERROR, where it does not hold it.
    Work(Work),
    /// SET_CLIENT_ID. No answer.
    SetClientId(ClientId),
    /// ALL_YOURS: refused by gearmand.
    AllYours,
    /// SUBMIT_JOB and its nine sisters: answered by JOB_CREATED or ERROR.
    Submit(Submission),
    /// GET_STATUS: answered by STATUS_RES.
    GetStatus(JobHandle),
    /// GET_STATUS_UNIQUE: answered by STATUS_RES_UNIQUE.
    GetStatusUnique(UniqueId),
    /// ECHO_REQ: answered by ECHO_RES with the same bytes.
    Echo(Bytes),
    /// OPTION_REQ: answered by OPTION_RES or ERROR.
    SetOption(OptionName),
}

impl Request {
    /// The kind of packet that it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::CanDo(_) => Kind::CanDo,
            Self::CanDoTimeout(..) => Kind::CanDoTimeout,
            Self::CantDo(_) => Kind::CantDo,
            Self::ResetAbilities => Kind::ResetAbilities,
            Self::PreSleep => Kind::PreSleep,
            Self::GrabJob(form) => form.kind(),
            Self::Work(work) => work.event.kind(),
            Self::SetClientId(_) => Kind::SetClientId,
            Self::AllYours => Kind::AllYours,
            Self::Submit(submission) => submission.kind(),
            Self::GetStatus(_) => Kind::GetStatus,
            Self::GetStatusUnique(_) => Kind::GetStatusUnique,
            Self::Echo(_) => Kind::EchoReq,
            Self::SetOption(_) => Kind::OptionReq,
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
            encode::head(dst, Direction::Request, self.kind(), heads, last).map(|_| None)
        };
        match self {
            Self::CanDo(function) | Self::CantDo(function) => text(&[], function.as_bytes()),
            Self::CanDoTimeout(function, milliseconds) => {
                text(&[function.as_bytes()], milliseconds.to_string().as_bytes())
            }
            Self::ResetAbilities | Self::PreSleep | Self::GrabJob(_) | Self::AllYours => {
                text(&[], &[])
            }
            Self::SetClientId(id) => text(&[], id.as_bytes()),
            Self::GetStatus(handle) => text(&[], handle.as_bytes()),
            Self::GetStatusUnique(unique) => text(&[], unique.as_bytes()),
            Self::SetOption(option) => text(&[], option.as_bytes()),
            Self::Work(work) => work.encode_head(Direction::Request, dst),
            Self::Submit(submission) => submission.encode_head(dst),
            Self::Echo(data) => {
                let last = Last::Payload(data);
                encode::head(dst, Direction::Request, Kind::EchoReq, &[], last)
            }
        }
    }

    /// What a packet to the server means. Arguments of kinds that have none are ignored, as gearmand does.
    ///
    /// # Errors
    ///
    /// [`PacketError::WrongDirection`] for what a server sends, [`PacketError::Malformed`] where an
    /// argument breaks its rule.
    pub fn decode(packet: Packet) -> Result<Self, PacketError> {
        packet.decode_as(Direction::Request, Self::read)
    }

    /// `None` for a kind that does not travel this way.
    #[inline]
    fn read(kind: Kind, arguments: &mut Arguments<'_>) -> Result<Option<Self>, Flaw> {
        Ok(Some(match kind {
            Kind::CanDo => Self::CanDo(arguments.text()?),
            Kind::CantDo => Self::CantDo(arguments.text()?),
            Kind::CanDoTimeout => {
                let function = arguments.head()?;
                Self::CanDoTimeout(function, arguments.text()?)
            }
            Kind::ResetAbilities => Self::ResetAbilities,
            Kind::PreSleep => Self::PreSleep,
            Kind::GrabJob => Self::GrabJob(GrabForm::Plain),
            Kind::GrabJobUniq => Self::GrabJob(GrabForm::Unique),
            Kind::GrabJobAll => Self::GrabJob(GrabForm::All),
            Kind::SetClientId => Self::SetClientId(arguments.text()?),
            Kind::AllYours => Self::AllYours,
            Kind::GetStatus => Self::GetStatus(arguments.text()?),
            Kind::GetStatusUnique => Self::GetStatusUnique(arguments.text()?),
            Kind::EchoReq => Self::Echo(arguments.payload()),
            Kind::OptionReq => Self::SetOption(arguments.text()?),
            kind => match ModeOfKind::new(kind) {
                Some(mode) => Self::Submit(Submission::decode(mode, arguments)?),
                None => return Ok(Work::decode(kind, arguments)?.map(Self::Work)),
            },
        }))
    }
}
