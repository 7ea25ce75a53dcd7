use std::fmt;

use gearman_proto::Escaped;

use crate::{Incarnation, InvalidIncarnation};

/// An order or a question to a worker: one line of text.
///
/// ```text
/// command   = terminate / ping
/// terminate = "terminate" [" incarnation=" 16HEXDIG]
/// ping      = "ping"
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// Finish the running jobs, take no new ones, leave. Answered when the last job has ended.
    Terminate {
        /// Only this incarnation is meant; `None`: whoever reads it.
        incarnation: Option<Incarnation>,
    },
    /// Answer at once.
    Ping,
}

/// A line that is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCommand {
    /// The first word is none that a worker knows.
    #[error("unknown command {0:?}; known are: terminate, ping")]
    Unknown(String),
    /// The word does not take this argument.
    #[error("{word} does not take {argument:?}")]
    Argument {
        /// The command.
        word: &'static str,
        /// What followed it.
        argument: String,
    },
    /// The incarnation is none.
    #[error(transparent)]
    Incarnation(#[from] InvalidIncarnation),
}

impl Command {
    /// Reads a line; blanks around it and between its words do not matter.
    ///
    /// # Errors
    ///
    /// [`InvalidCommand`], which says what would be right.
    pub fn parse(line: &[u8]) -> Result<Self, InvalidCommand> {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let printable = |word: &[u8]| Escaped(word).to_string();
        let (word, argument) = (words.next().unwrap_or_default(), words.next());
        let (command, rest) = match (word, argument) {
            (b"ping", rest) => (Self::Ping, rest),
            (b"terminate", None) => (Self::Terminate { incarnation: None }, None),
            (b"terminate", Some(argument)) => match argument.strip_prefix(b"incarnation=") {
                Some(text) => {
                    let incarnation = Incarnation::parse(&printable(text))?;
                    (
                        Self::Terminate {
                            incarnation: Some(incarnation),
                        },
                        words.next(),
                    )
                }
                None => (Self::Terminate { incarnation: None }, Some(argument)),
            },
            (word, _) => return Err(InvalidCommand::Unknown(printable(word))),
        };
        match rest {
            None => Ok(command),
            Some(extra) => Err(InvalidCommand::Argument {
                word: command.word(),
                argument: printable(extra),
            }),
        }
    }

    /// The word that begins the line.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Terminate { .. } => "terminate",
            Self::Ping => "ping",
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminate {
                incarnation: Some(incarnation),
            } => {
                write!(f, "terminate incarnation={incarnation}")
            }
            command => f.write_str(command.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        for command in [
            Command::Ping,
            Command::Terminate { incarnation: None },
            Command::Terminate {
                incarnation: Some(Incarnation::random()),
            },
        ] {
            assert_eq!(Command::parse(command.to_string().as_bytes()), Ok(command));
        }
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        for line in [&b"reboot"[..], b"", b"\xff", b"Terminate"] {
            let error = Command::parse(line).unwrap_err();
            assert!(
                error.to_string().contains("known are: terminate, ping"),
                "{error}"
            );
        }
    }

    #[test]
    fn an_argument_that_is_not_understood_is_no_order() {
        for line in [
            "terminate now",
            "terminate incarnation=1",
            "ping me",
            "terminate incarnation",
        ] {
            assert!(Command::parse(line.as_bytes()).is_err(), "{line}");
        }
    }
}
