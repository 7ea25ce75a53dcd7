use std::collections::VecDeque;

use bytes::Bytes;
use gearman_proto::Outcome;

use super::Tally;

/// Something that the server answers, and answers in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    /// An echo: the server is there and has read our abilities.
    Greeting,
    /// A job or NO_JOB.
    Grab,
    /// An echo: the server is still there.
    Probe,
    /// An echo behind PRE_SLEEP: the server has let us sleep, unless its NOOP came first.
    Doubt,
    /// An echo: the server has read everything, RESET_ABILITIES included.
    Barrier,
}

impl Answer {
    /// The bytes that are echoed. They differ, so that one echo is not taken for another.
    pub(super) fn echo(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Greeting => b"greeting",
            Self::Grab => b"",
            Self::Probe => b"probe",
            Self::Doubt => b"doubt",
            Self::Barrier => b"barrier",
        })
    }

    pub(super) fn of_echo(data: &[u8]) -> Option<Self> {
        [Self::Greeting, Self::Probe, Self::Doubt, Self::Barrier]
            .into_iter()
            .find(|answer| answer.echo() == data)
    }
}

/// The answers that the server owes us, in order, and the outcomes that each of them will prove to have
/// been read: those that were sent before its question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Answers {
    owed: VecDeque<(Answer, Tally)>,
    grabs: usize,
    /// Sent after the last question.
    unasked: Tally,
}

impl Answers {
    pub(super) fn is_empty(&self) -> bool {
        self.owed.is_empty()
    }

    pub(super) const fn grabs(&self) -> usize {
        self.grabs
    }

    /// Whether this is the next answer that is due.
    pub(super) fn is_next(&self, answer: Answer) -> bool {
        self.owed.front().is_some_and(|(due, _)| *due == answer)
    }

    /// An outcome has been sent.
    pub(super) fn sent(&mut self, outcome: &Outcome) {
        self.unasked += Tally::of(outcome);
    }

    /// A question has been sent.
    pub(super) fn asked(&mut self, answer: Answer) {
        self.owed
            .push_back((answer, std::mem::take(&mut self.unasked)));
        self.grabs += usize::from(answer == Answer::Grab);
    }

    /// The next answer is there, and proves so many outcomes; `None` where another one is due.
    pub(super) fn answered(&mut self, answer: Answer) -> Option<Tally> {
        let (_, proven) = *self.owed.front().filter(|(due, _)| *due == answer)?;
        self.owed.pop_front();
        self.grabs -= usize::from(answer == Answer::Grab);
        Some(proven)
    }

    /// No answer will come any more. Returns the outcomes that nothing proves.
    pub(super) fn clear(&mut self) -> Tally {
        let mut unproven = std::mem::take(&mut self.unasked);
        for (_, sent) in self.owed.drain(..) {
            unproven += sent;
        }
        self.grabs = 0;
        unproven
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Outcome {
        Outcome::Complete(Bytes::new())
    }

    #[test]
    fn an_answer_proves_what_was_sent_before_its_question_and_nothing_later() {
        let mut answers = Answers::default();
        answers.sent(&complete());
        answers.asked(Answer::Grab);
        answers.sent(&Outcome::Fail);
        answers.asked(Answer::Probe);
        answers.sent(&complete());
        assert_eq!(
            answers.answered(Answer::Grab),
            Some(Tally {
                completed: 1,
                failed: 0
            })
        );
        assert_eq!(
            answers.answered(Answer::Probe),
            Some(Tally {
                completed: 0,
                failed: 1
            })
        );
        assert_eq!(
            answers.clear(),
            Tally {
                completed: 1,
                failed: 0
            }
        );
    }

    #[test]
    fn an_answer_out_of_turn_is_none() {
        let mut answers = Answers::default();
        answers.asked(Answer::Grab);
        assert_eq!(answers.answered(Answer::Barrier), None);
        assert_eq!(answers.grabs(), 1);
    }
}
