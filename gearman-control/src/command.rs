use std::fmt;

use gearman_proto::{Escaped, FunctionName, InvalidName, JobHandle};

use crate::{Incarnation, InvalidIncarnation};

/// An order or a question to a worker: one line of text.
///
/// ```text
/// command     = word [" " argument]
/// terminate   = "terminate" [" incarnation=" 16HEXDIG]
/// quiet, resume, ping, stats, reload, functions
/// concurrency = "concurrency " 1*DIGIT
/// add, remove = ("add" / "remove") " " function
/// cancel      = "cancel " handle
/// own         = any other word, and the rest of the line: the application's own
/// ```
///
/// A function or handle runs to the end of the line and may hold blanks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// Finish the running jobs, take no new ones, leave. Answered when the last job has ended.
    Terminate {
        /// Only this incarnation is meant; `None`: whoever reads it.
        incarnation: Option<Incarnation>,
    },
    /// Take no jobs until told to resume.
    Quiet,
    /// Take jobs again.
    Resume,
    /// Answer at once.
    Ping,
    /// Tell what runs and what was done.
    Stats,
    /// Do what SIGHUP does.
    Reload,
    /// Let so many jobs run at once.
    Concurrency(usize),
    /// Tell the functions whose jobs are taken, and those that could be.
    Functions,
    /// Take jobs of this function, which the program declared.
    Add(FunctionName),
    /// Take no more jobs of this function. Answered when no server sends any.
    Remove(FunctionName),
    /// Take this job away from its handler and fail it. The handle is that of the server through which the
    /// command comes.
    Cancel(JobHandle),
    /// A word of the application's own, and the rest of the line.
    Own {
        /// The word.
        word: String,
        /// What follows it.
        rest: String,
    },
}

/// The words that every worker knows; an application can't replace them.
pub const WORDS: [&str; 11] = [
    "terminate",
    "quiet",
    "resume",
    "ping",
    "stats",
    "reload",
    "concurrency",
    "functions",
    "add",
    "remove",
    "cancel",
];

/// A line that is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCommand {
    /// There is no word.
    #[error("no command; known are: {}", WORDS.join(", "))]
    Empty,
    /// The line is no text.
    #[error("{0:?} is no UTF-8")]
    NoText(String),
    /// The word does not take this argument.
    #[error("{word} does not take {argument:?}")]
    Argument {
        /// The command.
        word: String,
        /// What followed it; empty where something should have.
        argument: String,
    },
    /// The name of a function or the handle of a job is none.
    #[error("{word}: {flaw}")]
    Name {
        /// The command.
        word: String,
        /// What is wrong.
        flaw: InvalidName,
    },
    /// The incarnation is none.
    #[error(transparent)]
    Incarnation(#[from] InvalidIncarnation),
}

impl Command {
    /// Reads a line; blanks around it do not matter.
    ///
    /// # Errors
    ///
    /// [`InvalidCommand`], which says what would be right.
    pub fn parse(line: &[u8]) -> Result<Self, InvalidCommand> {
        let line = str::from_utf8(line)
            .map_err(|_| InvalidCommand::NoText(Escaped(line).to_string()))?
            .trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        let name = |flaw| InvalidCommand::Name {
            word: word.to_owned(),
            flaw,
        };
        let argument = || InvalidCommand::Argument {
            word: word.to_owned(),
            argument: rest.to_owned(),
        };
        let alone = |command| {
            if rest.is_empty() {
                Ok(command)
            } else {
                Err(argument())
            }
        };
        match word {
            "" => Err(InvalidCommand::Empty),
            "terminate" if rest.is_empty() => Ok(Self::Terminate { incarnation: None }),
            "terminate" => {
                let text = rest.strip_prefix("incarnation=").ok_or_else(argument)?;
                Ok(Self::Terminate {
                    incarnation: Some(Incarnation::parse(text)?),
                })
            }
            "quiet" => alone(Self::Quiet),
            "resume" => alone(Self::Resume),
            "ping" => alone(Self::Ping),
            "stats" => alone(Self::Stats),
            "reload" => alone(Self::Reload),
            "functions" => alone(Self::Functions),
            "concurrency" => Ok(Self::Concurrency(rest.parse().map_err(|_| argument())?)),
            "add" => Ok(Self::Add(FunctionName::new(rest).map_err(name)?)),
            "remove" => Ok(Self::Remove(FunctionName::new(rest).map_err(name)?)),
            "cancel" => Ok(Self::Cancel(JobHandle::new(rest).map_err(name)?)),
            word => Ok(Self::Own {
                word: word.to_owned(),
                rest: rest.to_owned(),
            }),
        }
    }

    /// The word that begins the line.
    pub fn word(&self) -> &str {
        match self {
            Self::Terminate { .. } => "terminate",
            Self::Quiet => "quiet",
            Self::Resume => "resume",
            Self::Ping => "ping",
            Self::Stats => "stats",
            Self::Reload => "reload",
            Self::Concurrency(_) => "concurrency",
            Self::Functions => "functions",
            Self::Add(_) => "add",
            Self::Remove(_) => "remove",
            Self::Cancel(_) => "cancel",
            Self::Own { word, .. } => word,
        }
    }
}

/// The line. A function or handle that is no text is shown escaped, and can't be sent this way.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Terminate {
                incarnation: Some(incarnation),
            } => {
                write!(f, " incarnation={incarnation}")
            }
            Self::Concurrency(jobs) => write!(f, " {jobs}"),
            Self::Add(function) | Self::Remove(function) => write!(f, " {function}"),
            Self::Cancel(handle) => write!(f, " {handle}"),
            Self::Own { rest, .. } if !rest.is_empty() => write!(f, " {rest}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        let function = FunctionName::new("resize a picture").unwrap();
        for command in [
            Command::Terminate { incarnation: None },
            Command::Terminate {
                incarnation: Some(Incarnation::random()),
            },
            Command::Quiet,
            Command::Resume,
            Command::Ping,
            Command::Stats,
            Command::Reload,
            Command::Functions,
            Command::Concurrency(8),
            Command::Add(function.clone()),
            Command::Remove(function),
            Command::Cancel(JobHandle::new("H:vm:1").unwrap()),
            Command::Own {
                word: "update".to_owned(),
                rest: "to 2.0  now".to_owned(),
            },
        ] {
            assert_eq!(Command::parse(command.to_string().as_bytes()), Ok(command));
        }
    }

    #[test]
    fn every_word_of_the_list_is_no_word_of_the_application() {
        for word in WORDS {
            let parsed = Command::parse(word.as_bytes());
            assert!(!matches!(parsed, Ok(Command::Own { .. })), "{word}");
        }
    }

    #[test]
    fn an_argument_that_is_not_understood_is_no_order() {
        for line in [
            "terminate now",
            "terminate incarnation=1",
            "terminate incarnation",
            "ping me",
            "concurrency",
            "concurrency -1",
            "concurrency many",
            "add",
            "remove",
            "cancel",
        ] {
            assert!(Command::parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn an_empty_line_is_answered_with_the_known_words() {
        let error = Command::parse(b"  \n").unwrap_err();
        assert!(
            error.to_string().contains("terminate, quiet, resume"),
            "{error}"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_no_command() {
        assert!(matches!(
            Command::parse(b"\xff"),
            Err(InvalidCommand::NoText(_))
        ));
    }
}
