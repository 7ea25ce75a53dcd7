//! Packets that say nothing the broker could do.

use gearman_proto::{
    Direction, Flaw, Header, JobHandle, Kind, Outcome, Oversized, PacketError, ServerError,
    WorkEvent,
};

use super::Broker;
use crate::errors;
use crate::ids::{ConnectionId, JobId};

/// The one number below 43 that belongs to no kind, yet gearmand answers it.
const UNUSED_NUMBER: u32 = 5;

impl Broker {
    /// A packet has arrived that is wrong. It is answered by one ERROR, with two exceptions: a number that
    /// the protocol does not have closes the connection, and a bad client id is ignored, since
    /// SET_CLIENT_ID is never answered and names nothing but a line in a list.
    pub fn handle_bad_packet(&mut self, from: ConnectionId, error: PacketError) {
        if self.connections.get(from).is_none() {
            return;
        }
        match reaction(&error) {
            Reaction::Refuse(answer) => self.refuse(from, answer),
            Reaction::Ignore => {}
            Reaction::Close => return self.close(from),
        }
        if let PacketError::Oversized(oversized) = &error
            && let Some(job) = self.ended_by(from, oversized)
        {
            self.tell_clients(job, &WorkEvent::End(Outcome::Fail));
            self.end(job);
        }
    }

    /// The job whose result is too large to be passed on. Its worker is done with it: without an end the
    /// clients would wait until that worker leaves.
    fn ended_by(&self, worker: ConnectionId, oversized: &Oversized) -> Option<JobId> {
        let ends = matches!(oversized.kind, Kind::WorkComplete | Kind::WorkException);
        if !ends || oversized.direction != Direction::Request {
            return None;
        }
        let handle = oversized.beginning.split(|byte| *byte == 0).next()?;
        self.held_by(worker, &JobHandle::new(handle).ok()?)
    }
}

enum Reaction {
    Refuse(ServerError),
    Ignore,
    Close,
}

fn reaction(error: &PacketError) -> Reaction {
    let (direction, kind) = match error {
        PacketError::UnknownKind {
            header: Header {
                direction, number, ..
            },
        } if *number == UNUSED_NUMBER => (*direction, None),
        PacketError::UnknownKind { .. } => return Reaction::Close,
        PacketError::WrongDirection { found, kind } => (*found, Some(*kind)),
        PacketError::Oversized(oversized) => (oversized.direction, Some(oversized.kind)),
        PacketError::Malformed { kind, .. } => (Direction::Request, Some(*kind)),
        _ => return Reaction::Refuse(errors::INVALID_ARGUMENT),
    };
    if direction == Direction::Response {
        return Reaction::Refuse(errors::REQUEST_MAGIC_EXPECTED);
    }
    let Some(kind) = kind.filter(|kind| kind.travels(Direction::Request)) else {
        return Reaction::Refuse(errors::COMMAND_NOT_EXPECTED);
    };
    match error {
        PacketError::Malformed { argument, flaw, .. } => bad_argument(kind, argument, flaw),
        _ => Reaction::Refuse(errors::ARGUMENT_TOO_LARGE),
    }
}

fn bad_argument(kind: Kind, argument: &str, flaw: &Flaw) -> Reaction {
    let too_long = matches!(flaw, Flaw::TooLong { .. });
    Reaction::Refuse(match (kind, argument) {
        (Kind::SetClientId, _) => return Reaction::Ignore,
        (Kind::SubmitJobSched, _) => errors::COMMAND_NOT_EXPECTED,
        (Kind::OptionReq, _) => errors::UNKNOWN_OPTION,
        _ if *flaw == Flaw::Unterminated => errors::INVALID_ARGUMENT,
        (Kind::WorkFail, _) if too_long => errors::WORK_FAIL_HANDLE_TOO_LARGE,
        // Nobody holds a job of such a name.
        (
            Kind::WorkData
            | Kind::WorkWarning
            | Kind::WorkStatus
            | Kind::WorkComplete
            | Kind::WorkFail
            | Kind::WorkException,
            "handle",
        ) => errors::job_not_found(kind),
        (_, "unique" | "reducer") if too_long && kind != Kind::GetStatusUnique => {
            errors::UNIQUE_TOO_LARGE
        }
        _ if too_long => errors::ARGUMENT_TOO_LARGE,
        _ => errors::INVALID_ARGUMENT,
    })
}
