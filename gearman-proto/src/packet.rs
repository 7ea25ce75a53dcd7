use bytes::Bytes;

use crate::arguments::{Argument, Arguments};
use crate::{Direction, Flaw, Header, JobHandle, Kind, Oversized};

/// One packet of a known kind, its body not yet looked into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a packet has these parts and no others"
)]
pub struct Packet {
    /// Which way it travels.
    pub direction: Direction,
    /// What it is.
    pub kind: Kind,
    /// All of its arguments, as on the wire.
    pub body: Bytes,
}

impl Packet {
    /// Has the arguments read by `read`, which gives `None` for a kind that does not travel that way.
    #[inline]
    pub(crate) fn decode_as<T>(
        mut self,
        expected: Direction,
        read: impl FnOnce(Kind, &mut Arguments<'_>) -> Result<Option<T>, Flaw>,
    ) -> Result<T, PacketError> {
        let Self {
            direction, kind, ..
        } = self;
        if direction != expected {
            return Err(PacketError::WrongDirection {
                kind,
                found: direction,
            });
        }
        let mut arguments = Arguments::of(&mut self.body);
        match read(kind, &mut arguments) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(PacketError::WrongDirection {
                kind,
                found: direction,
            }),
            Err(flaw) => {
                let argument = kind.argument_name(arguments.good());
                Err(PacketError::Malformed {
                    kind,
                    argument,
                    flaw,
                    packet: self,
                })
            }
        }
    }
}

/// What is wrong with one packet. The stream is in step: the next packet can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// No kind has this number.
    #[error("packet of unknown kind: {header}")]
    UnknownKind {
        /// As read.
        header: Header,
    },
    /// The kind exists, but is not sent in this direction.
    #[error("{kind} does not travel as {found}")]
    WrongDirection {
        /// The kind.
        kind: Kind,
        /// The direction that its magic told.
        found: Direction,
    },
    /// The body is longer than this side accepts.
    #[error(transparent)]
    Oversized(#[from] Oversized),
    /// An argument is not what it has to be.
    #[error("{kind}: {argument} {flaw}")]
    Malformed {
        /// The kind of the packet.
        kind: Kind,
        /// The argument's name, as [`Kind::heads`] and [`Kind::tail_name`] have it.
        argument: &'static str,
        /// What is wrong with it.
        flaw: Flaw,
        /// The packet as it came: whose it was can be read from it. It keeps its read buffer alive.
        packet: Packet,
    },
}

impl PacketError {
    /// The job that the packet is about, where its handle could be read nevertheless.
    ///
    /// A worker owes the server an outcome even for a job that it can't read. Without one the job stays
    /// with it until it leaves, and then goes to the next worker.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use gearman_proto::{Direction, JobHandle, Kind, Packet, Response};
    ///
    /// let nameless = Packet {
    ///     direction: Direction::Response,
    ///     kind: Kind::JobAssign,
    ///     body: Bytes::from("H:vm:1\0\0workload"),
    /// };
    /// let error = Response::decode(nameless).unwrap_err();
    /// assert_eq!(error.to_string(), "JOB_ASSIGN: function is empty; at least one byte is needed");
    /// assert_eq!(error.handle(), Some(JobHandle::new("H:vm:1")?));
    /// # Ok::<(), gearman_proto::InvalidName>(())
    /// ```
    pub fn handle(&self) -> Option<JobHandle> {
        let (kind, body) = match self {
            Self::UnknownKind { .. } | Self::WrongDirection { .. } => return None,
            Self::Oversized(oversized) => (oversized.kind, &oversized.beginning),
            Self::Malformed { packet, .. } => (packet.kind, &packet.body),
        };
        let is_whole = kind.heads().is_empty() || body.contains(&0);
        if kind.argument_name(0) == "handle" && is_whole {
            // What follows the first NUL is another argument, or of no meaning.
            JobHandle::from_text(body).ok()
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Request, Response};

    use super::*;

    fn response(kind: Kind, body: &'static str) -> Packet {
        Packet {
            direction: Direction::Response,
            kind,
            body: Bytes::from(body),
        }
    }

    #[test]
    fn a_malformed_packet_is_in_its_error_as_it_came() {
        for body in [
            "",
            "H:vm:1",
            "H:vm:1\0",
            "H:vm:1\0f",
            "H:vm:1\0f\0u",
            "H:vm:1\0f\0u\0\0w",
        ] {
            let came = response(Kind::JobAssignAll, body);
            match Response::decode(came.clone()) {
                Err(PacketError::Malformed { packet, .. }) => assert_eq!(packet, came),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_job_that_can_not_be_read_still_has_its_handle() {
        let handle = JobHandle::new("H:vm:1").ok();
        let error = |kind, body| Response::decode(response(kind, body)).unwrap_err();
        assert_eq!(error(Kind::JobAssign, "H:vm:1\0\0w").handle(), handle);
        assert_eq!(error(Kind::JobAssignUniq, "H:vm:1\0f").handle(), handle);
        assert_eq!(
            error(Kind::JobAssignAll, "H:vm:1\0f\0u\0\0").handle(),
            handle
        );
        assert_eq!(error(Kind::WorkStatus, "H:vm:1\0").handle(), handle);
    }

    #[test]
    fn a_handle_without_its_nul_may_be_something_else() {
        let error = Response::decode(response(Kind::JobAssign, "H:vm:1")).unwrap_err();
        assert_eq!(error.handle(), None);
    }

    #[test]
    fn no_handle_is_read_where_none_belongs() {
        let packet = Packet {
            direction: Direction::Request,
            kind: Kind::SubmitJob,
            body: Bytes::from("f\0u"),
        };
        assert_eq!(Request::decode(packet).unwrap_err().handle(), None);
    }
}
