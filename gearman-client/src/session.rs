//! The client's side of one connection, without the connection.
//!
//! Most users want [`Client`](crate::Client). This is the machine inside it: it decides which answer
//! belongs to which question and which news to which job, and has no socket, clock or task.
//!
//! Answers carry no mark of their question, but they come strictly in its order, refusals included: a
//! queue of unanswered questions is enough. News about jobs come at any time and carry the job's
//! handle: a table from handle to its followers.
//!
//! ```text
//!              ask                        +---------+
//!  asker  -----------------------------> | Session | --> Send(request)
//!                                         |         |
//!         <-- Answer, Event, Lost ------- |         | <-- handle_response, handle_bad_packet,
//!                                         +---------+     disconnected
//! ```
//!
//! An asker who gives up is nothing that a session needs to know: his place in the queue stays until
//! his answer has passed, and his place among the followers until his copy of the job's last packet
//! has. Whoever drives the session lets what comes for such an id fall.

mod action;
mod question;
mod ring;
#[cfg(test)]
mod tests;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use gearman_proto::{
    JobHandle, Kind, Outcome, Oversized, PacketError, Response, Update, Work, WorkEvent,
};

pub use action::{Action, Answer, Violation};
pub use question::Question;
use ring::Ring;

/// A payload below this many bytes is copied out of the read buffer: otherwise a small value that a
/// user keeps would keep the whole buffer, which usually has 64 KiB. Four of them fill it.
const COPIED_BELOW: usize = 16 << 10;

/// Who asked: a number that the driver of the session gives, never twice on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a number and nothing else")]
pub struct RequestId(pub u64);

/// See the [module's documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    unanswered: VecDeque<Unanswered>,
    followed: HashMap<JobHandle, Ring>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unanswered {
    id: RequestId,
    due: Kind,
    /// A foreground submission: its asker stays as the job's follower.
    follows: bool,
}

impl Session {
    /// A new connection on which nothing has been said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the server.
    pub fn ask(&mut self, id: RequestId, question: Question) {
        let (due, follows) = match &question {
            Question::Submit(submission) => (Kind::JobCreated, !submission.is_background()),
            Question::Status(_) => (Kind::StatusRes, false),
            Question::UniqueStatus(_) => (Kind::StatusResUnique, false),
            Question::Echo(_) => (Kind::EchoRes, false),
            Question::SetOption(_) => (Kind::OptionRes, false),
        };
        self.unanswered.push_back(Unanswered { id, due, follows });
        self.actions.push_back(Action::Send(question.into()));
    }

    /// A packet has come.
    pub fn handle_response(&mut self, response: Response) {
        let kind = response.kind();
        let answer = match response {
            Response::Work(Work { handle, event }) => {
                return self.tell(&handle, Ok(owned(event)));
            }
            // Wakes workers; a client has nothing to wake for.
            Response::Noop => return,
            Response::JobCreated(handle) => Answer::Created(handle),
            Response::Status(status) => Answer::Status(status),
            Response::UniqueStatus(status) => Answer::UniqueStatus(status),
            Response::Echo(bytes) => Answer::Echo(copied_if_small(bytes)),
            Response::OptionSet(_) => Answer::OptionSet,
            Response::Error(error) => Answer::Refused(error),
            Response::JobAssign(_) | Response::NoJob => {
                return self.close(Violation::UnaskedAnswer { found: kind });
            }
        };
        self.answer(kind, answer);
    }

    /// A packet has come that could be passed over but not read.
    pub fn handle_bad_packet(&mut self, error: PacketError) {
        match error {
            PacketError::Oversized(oversized) if is_news(oversized.kind) => {
                let handle = oversized.beginning.split(|byte| *byte == 0).next();
                if let Some(Ok(handle)) = handle.map(JobHandle::new) {
                    self.tell(&handle, Err(oversized));
                }
            }
            // No handle of ours is broken, and a progress that can't be read is no loss. If the server
            // sends k copies of it, all of them are passed over: the ring stays in step.
            PacketError::Malformed { kind, .. } if is_news(kind) => {}
            PacketError::Malformed { kind, .. }
            | PacketError::Oversized(Oversized { kind, .. }) => {
                self.answer(kind, Answer::Unreadable(error));
            }
            // Something newer than we are, which we did not ask for.
            PacketError::UnknownKind { .. } => {}
            error => self.close(Violation::BadPacket(error)),
        }
    }

    /// The connection is gone. Of the last `unwritten` questions not one was written whole, so the
    /// server can't have acted on them. Everybody is told; then the session is as new.
    pub fn disconnected(&mut self, unwritten: usize) {
        let written = self.unanswered.len().saturating_sub(unwritten);
        let askers = self.unanswered.drain(..).enumerate();
        let askers = askers.map(|(index, asked)| (asked.id, index < written));
        let followers = self.followed.drain();
        let followers = followers.flat_map(|(_, ring)| ring.into_followers());
        self.actions.extend(
            askers
                .chain(followers.map(|id| (id, true)))
                .map(|(id, sent)| Action::Lost { id, sent }),
        );
    }

    /// The next thing to do, in order; `None` until there is more input.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether an answer is due.
    pub fn is_waiting(&self) -> bool {
        !self.unanswered.is_empty()
    }

    /// Whether nothing is due, followed or to be done.
    pub fn is_quiescent(&self) -> bool {
        self.unanswered.is_empty() && self.followed.is_empty() && self.actions.is_empty()
    }

    fn answer(&mut self, found: Kind, answer: Answer) {
        let Some(asked) = self.unanswered.front() else {
            // A refusal of nothing disturbs nobody: no answer is due that it could be taken for.
            if found != Kind::Error {
                self.close(Violation::UnaskedAnswer { found });
            }
            return;
        };
        let Unanswered { id, due, follows } = *asked;
        if found != due && found != Kind::Error {
            return self.close(Violation::WrongAnswer { found, due });
        }
        self.unanswered.pop_front();
        if let (Answer::Created(handle), true) = (&answer, follows) {
            // Registered at once, in the same call: the job's end may be in the same read.
            match self.followed.entry(*handle) {
                Entry::Occupied(mut ring) => ring.get_mut().join(id),
                Entry::Vacant(entry) => drop(entry.insert(Ring::new(id))),
            }
        }
        self.actions.push_back(Action::Answer { id, answer });
    }

    /// Passes news on to the follower whose copy it is. Handles that nobody follows are ignored.
    fn tell(&mut self, handle: &JobHandle, event: Result<WorkEvent, Oversized>) {
        let Entry::Occupied(mut ring) = self.followed.entry(*handle) else {
            return;
        };
        let id = ring.get().front();
        let ends = match &event {
            Ok(event) => matches!(event, WorkEvent::End(_)),
            Err(oversized) => ends(oversized.kind),
        };
        if !ends {
            ring.get_mut().turn();
        } else if !ring.get_mut().leave() {
            ring.remove();
        }
        self.actions.push_back(Action::Event { id, event });
    }

    fn close(&mut self, violation: Violation) {
        self.actions.push_back(Action::Close(violation));
    }
}

const fn is_news(kind: Kind) -> bool {
    ends(kind) || matches!(kind, Kind::WorkData | Kind::WorkWarning | Kind::WorkStatus)
}

const fn ends(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::WorkComplete | Kind::WorkFail | Kind::WorkException
    )
}

fn owned(event: WorkEvent) -> WorkEvent {
    match event {
        WorkEvent::Update(Update::Data(bytes)) => {
            WorkEvent::Update(Update::Data(copied_if_small(bytes)))
        }
        WorkEvent::Update(Update::Warning(bytes)) => {
            WorkEvent::Update(Update::Warning(copied_if_small(bytes)))
        }
        WorkEvent::End(Outcome::Complete(bytes)) => {
            WorkEvent::End(Outcome::Complete(copied_if_small(bytes)))
        }
        WorkEvent::End(Outcome::Exception(bytes)) => {
            WorkEvent::End(Outcome::Exception(copied_if_small(bytes)))
        }
        event @ (WorkEvent::Update(Update::Status(_)) | WorkEvent::End(Outcome::Fail)) => event,
    }
}

fn copied_if_small(bytes: Bytes) -> Bytes {
    if bytes.len() < COPIED_BELOW {
        Bytes::copy_from_slice(&bytes)
    } else {
        bytes
    }
}
