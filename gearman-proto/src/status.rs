use bytes::BytesMut;

use crate::arguments::Arguments;
use crate::encode::{self, EncodeError, Last};
use crate::{Direction, Flaw, JobHandle, Kind, StatusNumber, UniqueId};

/// How far a job is: numerator of denominator, as its worker told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a fraction has two parts")]
pub struct Progress {
    /// Done.
    pub numerator: StatusNumber,
    /// Of so many.
    pub denominator: StatusNumber,
}

impl Progress {
    /// `done` of `of`.
    pub fn new(done: u32, of: u32) -> Self {
        Self {
            numerator: done.into(),
            denominator: of.into(),
        }
    }
}

/// STATUS_RES: what the server knows of a job. All is "no" and 0 for a job that has ended or never was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the packet has these parts")]
pub struct JobStatus {
    /// The handle that was asked for.
    pub handle: JobHandle,
    /// Whether the job exists: queued, running, or cancelled and not yet collected.
    pub known: bool,
    /// Whether a worker has it.
    pub running: bool,
    /// How far it is.
    pub progress: Progress,
}

/// STATUS_RES_UNIQUE: what the server knows of the job with a unique id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the packet has these parts")]
pub struct UniqueStatus {
    /// The unique id that was asked for (the protocol's document says "handle", the server disagrees).
    pub unique: UniqueId,
    /// Whether the job exists.
    pub known: bool,
    /// Whether a worker has it.
    pub running: bool,
    /// How far it is.
    pub progress: Progress,
    /// Clients that wait for it in the foreground.
    pub clients: u32,
}

const fn digit(flag: bool) -> &'static [u8] {
    if flag { b"1" } else { b"0" }
}

impl JobStatus {
    pub(crate) fn encode(&self, dst: &mut BytesMut) -> Result<(), EncodeError> {
        let Progress {
            numerator,
            denominator,
        } = &self.progress;
        let heads = [
            self.handle.as_bytes(),
            digit(self.known),
            digit(self.running),
            numerator.as_bytes(),
        ];
        let last = Last::Text(denominator.as_bytes());
        encode::head(dst, Direction::Response, Kind::StatusRes, &heads, last).map(drop)
    }

    #[inline]
    pub(crate) fn decode(arguments: &mut Arguments<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            handle: arguments.head()?,
            known: arguments.head()?,
            running: arguments.head()?,
            progress: Progress {
                numerator: arguments.head()?,
                denominator: arguments.text()?,
            },
        })
    }
}

impl UniqueStatus {
    pub(crate) fn encode(&self, dst: &mut BytesMut) -> Result<(), EncodeError> {
        let Progress {
            numerator,
            denominator,
        } = &self.progress;
        let heads = [
            self.unique.as_bytes(),
            digit(self.known),
            digit(self.running),
            numerator.as_bytes(),
            denominator.as_bytes(),
        ];
        let clients = self.clients.to_string();
        let last = Last::Text(clients.as_bytes());
        encode::head(
            dst,
            Direction::Response,
            Kind::StatusResUnique,
            &heads,
            last,
        )
        .map(drop)
    }

    #[inline]
    pub(crate) fn decode(arguments: &mut Arguments<'_>) -> Result<Self, Flaw> {
        Ok(Self {
            unique: arguments.head()?,
            known: arguments.head()?,
            running: arguments.head()?,
            progress: Progress {
                numerator: arguments.head()?,
                denominator: arguments.head()?,
            },
            clients: arguments.text()?,
        })
    }
}
