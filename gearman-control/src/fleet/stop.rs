//! What is known of one worker that is to stop, and what follows from it. No clock and no IO: a look at
//! the servers comes ten times a second, and waiting is counted in looks.

use std::collections::VecDeque;

use super::Event;
use crate::{Incarnation, WorkerId};

#[cfg(test)]
mod tests;

/// A worker that has finished leaves at once: so many looks later its id is still connected only if it
/// is slow or has a successor. Then it is worth asking.
const LOOKS_BEFORE_ASKING: u32 = 5;

/// And again after so many, while the answer decides nothing.
const LOOKS_BETWEEN_QUESTIONS: u32 = 20;

/// Stops one worker.
///
/// Tell it what happened ([`identified`](Self::identified), [`order_taken`](Self::order_taken),
/// [`order_over`](Self::order_over), [`lost`](Self::lost), [`looked`](Self::looked)), then do what
/// [`next_action`](Self::next_action) says until it says nothing.
///
/// ```text
/// Asking --an answer, or none--> Ordered --over--> Over --gone, or another answers--> Down
///   |                             |  ^              | '----failed, and lives on------> Left
///   |                             |  '--------------' reached another, and ours lives
///   '---lost, or unidentified-----+--begun to drain--> Unfollowed --gone------------> Down
///                                 '--not------------------------------------------> Left
/// ```
#[derive(Debug)]
pub(super) struct Stop {
    id: WorkerId,
    stage: Stage,
    /// Which process is meant, once it is known.
    incarnation: Option<Incarnation>,
    /// What was last told of its draining.
    told: Option<Option<u32>>,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
enum Stage {
    /// It was asked which process it is.
    Asking,
    /// It was told to stop.
    Ordered,
    /// Its order has ended, and its id is still connected.
    Over {
        end: OrderEnd,
        question: Question,
    },
    /// It drains, and there is no server through which its order could be followed.
    Unfollowed,
    Down,
    /// Not down, and nothing more to wait for.
    Left,
}

/// The question who bears the id now.
#[derive(Debug)]
enum Question {
    /// To be asked in so many looks.
    In(u32),
    Open,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action {
    /// Ask the worker which process it is.
    Ask,
    /// Tell it to stop; with an incarnation only that one.
    Order(Option<Incarnation>),
    Tell(Event),
}

/// Is the id connected to any server?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Connected,
    /// When last seen it was, to a server that can't be asked now.
    Unknown,
    Gone,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OrderEnd {
    /// It was carried out; by that process, where it says so.
    Done(Option<Incarnation>),
    /// It reached another process than the one that is meant.
    OtherIncarnation,
    /// The worker failed the job.
    Failed { reason: String },
}

impl Stop {
    /// For a worker that is connected.
    pub(super) fn new(id: WorkerId) -> Self {
        let up = Action::Tell(Event::Up(id.clone()));
        Self {
            id,
            stage: Stage::Asking,
            incarnation: None,
            told: None,
            actions: VecDeque::from([up, Action::Ask]),
        }
    }

    pub(super) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// There is nothing to wait for any more.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Down | Stage::Left)
    }

    /// The answer to [`Action::Ask`], or `None` where none came in time or it was none.
    pub(super) fn identified(&mut self, who: Option<Incarnation>) {
        match &mut self.stage {
            Stage::Asking => {
                if who.is_none() {
                    self.tell(Event::Unanswered(self.id.clone()));
                }
                self.incarnation = who;
                self.order();
            }
            Stage::Over { end, question } => {
                *question = Question::In(LOOKS_BETWEEN_QUESTIONS);
                let is_ours = who.is_some() && who == self.incarnation;
                let is_other = who.is_some() && !is_ours;
                match end {
                    // The successor: ours was to end, and it has.
                    OrderEnd::Done(_) | OrderEnd::OtherIncarnation if is_other => self.down(),
                    // Two processes bear the id at once, and the server chose the wrong one.
                    OrderEnd::OtherIncarnation if is_ours => self.order(),
                    OrderEnd::Failed { .. } if is_other && self.incarnation.is_some() => {
                        self.down();
                    }
                    OrderEnd::Failed { reason } => {
                        let reason = std::mem::take(reason);
                        self.refused(reason);
                    }
                    OrderEnd::Done(_) | OrderEnd::OtherIncarnation => {}
                }
            }
            Stage::Ordered | Stage::Unfollowed | Stage::Down | Stage::Left => {}
        }
    }

    /// There was no answer to a signed [`Action::Ask`], and an order that is not signed is not given.
    pub(super) fn unidentified(&mut self, reason: String) {
        match self.stage {
            Stage::Asking => self.refused(reason),
            _ => self.identified(None),
        }
    }

    /// The worker has the order, and so many jobs to finish if it says so.
    pub(super) fn order_taken(&mut self, left: Option<u32>) {
        if !matches!(self.stage, Stage::Ordered) || self.told == Some(left) {
            return;
        }
        self.told = Some(left);
        let id = self.id.clone();
        self.tell(Event::Terminating { id, left });
    }

    /// The order has ended.
    pub(super) fn order_over(&mut self, end: OrderEnd) {
        if !matches!(self.stage, Stage::Ordered) {
            return;
        }
        if let OrderEnd::Done(who) = end {
            if self.told.is_none() {
                self.order_taken(who.map(|_| 0));
            }
            self.incarnation = who.or(self.incarnation);
        }
        let question = Question::In(LOOKS_BEFORE_ASKING);
        self.stage = Stage::Over { end, question };
    }

    /// No server is left that the question or the order could go through.
    pub(super) fn lost(&mut self, reason: String) {
        let is_draining = self.told.is_some();
        match &mut self.stage {
            Stage::Asking | Stage::Ordered => {
                self.stage = if is_draining {
                    Stage::Unfollowed
                } else {
                    Stage::Left
                };
                let id = self.id.clone();
                self.tell(Event::OrderLost {
                    id,
                    is_draining,
                    reason,
                });
            }
            Stage::Over { question, .. } => *question = Question::In(LOOKS_BETWEEN_QUESTIONS),
            Stage::Unfollowed | Stage::Down | Stage::Left => {}
        }
    }

    /// A look at the servers.
    pub(super) fn looked(&mut self, sight: Sight) {
        match (sight, &mut self.stage) {
            (_, Stage::Down | Stage::Left) => {}
            (Sight::Gone, _) => self.down(),
            (Sight::Unknown, Stage::Over { end, .. }) => {
                // It has said its last word, and there is nobody to ask whether it is gone.
                if matches!(end, OrderEnd::Done(_)) {
                    self.down();
                }
            }
            (Sight::Connected, Stage::Over { question, .. }) => match question {
                Question::In(0) => {
                    *question = Question::Open;
                    self.actions.push_back(Action::Ask);
                }
                Question::In(looks) => *looks -= 1,
                Question::Open => {}
            },
            (
                Sight::Connected | Sight::Unknown,
                Stage::Asking | Stage::Ordered | Stage::Unfollowed,
            ) => {}
        }
    }

    fn order(&mut self) {
        self.stage = Stage::Ordered;
        self.actions.push_back(Action::Order(self.incarnation));
    }

    fn down(&mut self) {
        self.stage = Stage::Down;
        self.tell(Event::Down(self.id.clone()));
    }

    fn refused(&mut self, reason: String) {
        self.stage = Stage::Left;
        let id = self.id.clone();
        self.tell(Event::Refused { id, reason });
    }

    fn tell(&mut self, event: Event) {
        self.actions.push_back(Action::Tell(event));
    }
}
