use bytes::{Bytes, BytesMut};

use crate::arguments::Arguments;
use crate::encode::{self, EncodeError, Last};
use crate::{Direction, Flaw, JobHandle, Kind, Progress, Route};

/// News about a job: from the worker to the server, and on from there to the job's clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the packets have these parts")]
pub struct Work {
    /// The job, as the receiver's server calls it.
    pub handle: JobHandle,
    /// What has happened.
    pub event: WorkEvent,
}

/// What has happened to a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a job goes on or ends")]
pub enum WorkEvent {
    /// It goes on.
    Update(Update),
    /// It has ended; nothing more will come.
    End(Outcome),
}

/// News of a job that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum Update {
    /// WORK_DATA: a part of the result.
    Data(Bytes),
    /// WORK_WARNING.
    Warning(Bytes),
    /// WORK_STATUS: how far it is.
    Status(Progress),
}

/// How a job ended. Exactly one of these is sent for each job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum Outcome {
    /// WORK_COMPLETE, with the result or its last part.
    Complete(Bytes),
    /// WORK_FAIL.
    Fail,
    /// WORK_EXCEPTION, with the reason. It ends the job; no WORK_FAIL follows it.
    Exception(Bytes),
}

impl Outcome {
    /// Whether the job did what it was to do.
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }
}

impl WorkEvent {
    /// The kind of packet that tells it.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Update(Update::Data(_)) => Kind::WorkData,
            Self::Update(Update::Warning(_)) => Kind::WorkWarning,
            Self::Update(Update::Status(_)) => Kind::WorkStatus,
            Self::End(Outcome::Complete(_)) => Kind::WorkComplete,
            Self::End(Outcome::Fail) => Kind::WorkFail,
            Self::End(Outcome::Exception(_)) => Kind::WorkException,
        }
    }
}

impl Work {
    /// News that the job goes on.
    pub const fn update(handle: JobHandle, update: Update) -> Self {
        Self {
            handle,
            event: WorkEvent::Update(update),
        }
    }

    /// The last that is heard of the job.
    pub const fn end(handle: JobHandle, outcome: Outcome) -> Self {
        Self {
            handle,
            event: WorkEvent::End(outcome),
        }
    }

    #[inline]
    pub(crate) fn encode_head(
        &self,
        direction: Direction,
        dst: &mut BytesMut,
    ) -> Result<Option<&Bytes>, EncodeError> {
        let Self { handle, event } = self;
        let (handle, kind) = (handle.as_bytes(), event.kind());
        match event {
            WorkEvent::Update(Update::Data(payload) | Update::Warning(payload))
            | WorkEvent::End(Outcome::Complete(payload) | Outcome::Exception(payload)) => {
                encode::head(dst, direction, kind, &[handle], Last::Payload(payload))
            }
            WorkEvent::Update(Update::Status(Progress {
                numerator,
                denominator,
            })) => {
                let heads = [handle, numerator.as_bytes()];
                encode::head(
                    dst,
                    direction,
                    kind,
                    &heads,
                    Last::Text(denominator.as_bytes()),
                )
            }
            // Without a NUL after the handle: clients that compare it byte by byte would not know it.
            WorkEvent::End(Outcome::Fail) => {
                encode::head(dst, direction, kind, &[], Last::Text(handle))
            }
        }
    }

    /// `None` where `kind` is no news about a job.
    #[inline]
    pub(crate) fn decode(kind: Kind, arguments: &mut Arguments<'_>) -> Result<Option<Self>, Flaw> {
        if kind.route() != Route::WorkerToClient {
            return Ok(None);
        }
        let handle = match kind {
            Kind::WorkFail => arguments.text()?,
            _ => arguments.head()?,
        };
        let event = match kind {
            Kind::WorkData => WorkEvent::Update(Update::Data(arguments.payload())),
            Kind::WorkWarning => WorkEvent::Update(Update::Warning(arguments.payload())),
            Kind::WorkStatus => WorkEvent::Update(Update::Status(Progress {
                numerator: arguments.head()?,
                denominator: arguments.text()?,
            })),
            Kind::WorkComplete => WorkEvent::End(Outcome::Complete(arguments.payload())),
            Kind::WorkException => WorkEvent::End(Outcome::Exception(arguments.payload())),
            Kind::WorkFail => WorkEvent::End(Outcome::Fail),
            _ => return Ok(None),
        };
        Ok(Some(Self { handle, event }))
    }
}
