//! How a server reads a command: gearmand's grammar, its oddities included.

use bytes::Bytes;
use memchr::memchr;

use crate::argument::Argument;
use crate::command::Command;
use crate::line::without_line_end;
use crate::queue_limits::QueueLimits;
use crate::server_error::ServerError;

/// The most words that gearmand takes in one line.
pub const MAX_WORDS: usize = 5;

impl Command {
    /// Reads a line as gearmand would, with or without its line end. What stands behind a line feed
    /// is not looked at: it is another command.
    ///
    /// Words are split at blanks only, and a run of blanks counts as one; a blank at the front
    /// makes an empty first word, one at the end an empty last word. A NUL ends its word early.
    /// Keywords are compared without regard to ASCII case. In one respect we are better: gearmand
    /// loses the last byte of the name in `create function` when the line ends with a bare LF.
    ///
    /// # Errors
    ///
    /// [`CommandError`], which says whether to answer or to hang up.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Bytes, BytesMut};
    /// use gearman_admin::{Command, CommandError};
    ///
    /// assert_eq!(Command::parse(&Bytes::from("SHOW   jobs")), Ok(Command::ShowJobs));
    ///
    /// let mut answer = BytesMut::new();
    /// match Command::parse(&Bytes::from("stats")) {
    ///     Ok(command) => println!("{command:?}"),
    ///     Err(CommandError::Refused(error)) => error.encode(&mut answer),
    ///     Err(CommandError::TooManyWords) => println!("close the connection"),
    /// }
    /// assert_eq!(answer, "ERR UNKNOWN_COMMAND Unknown+server+commandstats\r\n");
    /// ```
    pub fn parse(line: &Bytes) -> Result<Self, CommandError> {
        // One word more than allowed is enough to know, however many there are.
        let words: Vec<Bytes> = Words::of(line, first_line(line))
            .take(MAX_WORDS.saturating_add(1))
            .collect();
        if words.len() > MAX_WORDS {
            return Err(CommandError::TooManyWords);
        }
        let Some((first, arguments)) = words.split_first() else {
            return Err(unknown_command(&Bytes::new()).into());
        };
        command(first, arguments).map_err(CommandError::from)
    }
}

/// What a server does about a line that is no command.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "answer or hang up: gearmand knows no third way"
)]
pub enum CommandError {
    /// Answer with this error; the connection lives on.
    #[error(transparent)]
    Refused(#[from] ServerError),
    /// Close the connection without an answer.
    #[error("more than {MAX_WORDS} words in a command")]
    TooManyWords,
}

fn command(first: &Bytes, arguments: &[Bytes]) -> Result<Command, ServerError> {
    let invalid_arguments = || ServerError::InvalidArguments {
        keyword: first.clone(),
    };
    let argument = |word: &Bytes| Argument::from_word(word.clone());
    Ok(match (first.to_ascii_lowercase().as_slice(), arguments) {
        (b"status", _) => Command::Status,
        (b"prioritystatus", _) => Command::PriorityStatus,
        (b"workers", _) => Command::Workers,
        (b"version", _) => Command::Version,
        (b"verbose", _) => Command::LogLevel,
        (b"getpid", _) => Command::Pid,

        (b"maxqueue", [function, limits @ ..]) => Command::MaxQueue {
            function: argument(function),
            limits: QueueLimits::parse(limits),
        },
        (b"maxqueue", []) => return Err(invalid_arguments()),

        (b"create", [what, name]) if is(what, "function") => {
            Command::CreateFunction(argument(name))
        }
        (b"drop", [what, name]) if is(what, "function") => Command::DropFunction(argument(name)),
        (b"create" | b"drop", _) => return Err(invalid_arguments()),

        (b"cancel", [what, handle]) if is(what, "job") => Command::CancelJob(argument(handle)),
        (b"cancel", [_, _, ..]) => return Err(ServerError::UnknownError),

        (b"show", [what]) if is(what, "jobs") => Command::ShowJobs,
        (b"show", [which, what]) if is(which, "unique") && is(what, "jobs") => {
            Command::ShowUniqueJobs
        }
        (b"show", [_, ..]) => return Err(ServerError::UnknownShowArguments),

        // A bare `show` ends up here, and `cancel` with less than two words after it.
        _ => return Err(unknown_command(first)),
    })
}

/// A line that still has its line feed loses its line end; one that has none keeps a CR, which then
/// belongs to its last word.
fn first_line(line: &[u8]) -> &[u8] {
    let end = memchr(b'\n', line).and_then(|at| line.get(..=at));
    end.map_or(line, without_line_end)
}

fn is(word: &[u8], keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword.as_bytes())
}

fn unknown_command(word: &Bytes) -> ServerError {
    ServerError::UnknownCommand { word: word.clone() }
}

/// The words of a line; there is always a first one, if only an empty one.
struct Words<'a> {
    /// Where the words come from, to share its memory.
    line: &'a Bytes,
    /// What is not split yet; nothing after the last word.
    rest: Option<&'a [u8]>,
}

impl<'a> Words<'a> {
    fn of(line: &'a Bytes, text: &'a [u8]) -> Self {
        Self {
            line,
            rest: Some(text),
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let rest = self.rest?;
        let end = memchr(b' ', rest).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end)?;
        let next = behind
            .iter()
            .position(|&byte| byte != b' ')
            .unwrap_or(behind.len());
        self.rest = if behind.is_empty() {
            None
        } else {
            behind.get(next..)
        };
        let cut = word.split(|&byte| byte == 0).next().unwrap_or_default();
        Some(self.line.slice_ref(cut))
    }
}

#[cfg(test)]
mod tests {
    // Every line here that has no line feed was sent to gearmand 1.1.20.

    use super::*;

    fn parse(line: &'static [u8]) -> Result<Command, CommandError> {
        Command::parse(&Bytes::from_static(line))
    }

    fn argument(word: &'static [u8]) -> Argument {
        Argument::from_word(Bytes::from_static(word))
    }

    fn unknown(word: &'static [u8]) -> Result<Command, CommandError> {
        Err(CommandError::Refused(unknown_command(&Bytes::from_static(
            word,
        ))))
    }

    #[test]
    fn a_nul_ends_its_word_and_not_the_line() {
        assert_eq!(parse(b"show\0 jobs\0zz"), Ok(Command::ShowJobs));
        assert_eq!(
            parse(b"show \0jobs"),
            Err(ServerError::UnknownShowArguments.into())
        );
        assert_eq!(
            parse(b"create function a\0b"),
            Ok(Command::CreateFunction(argument(b"a")))
        );
        assert_eq!(parse(b"ver\0sion"), unknown(b"ver"));
        assert_eq!(
            parse(b"version\0 a b c d e"),
            Err(CommandError::TooManyWords)
        );
    }

    #[test]
    fn nothing_behind_a_line_feed_gets_into_an_argument() {
        assert_eq!(
            parse(b"create function a\r\n"),
            Ok(Command::CreateFunction(argument(b"a")))
        );
        assert_eq!(
            parse(b"drop function \n"),
            Ok(Command::DropFunction(argument(b"")))
        );
        assert_eq!(
            parse(b"cancel job a\nb c d"),
            Ok(Command::CancelJob(argument(b"a")))
        );
    }

    #[test]
    fn a_blank_at_the_end_is_one_more_word() {
        assert_eq!(parse(b"a b c d "), unknown(b"a"));
        assert_eq!(parse(b"a b c d e "), Err(CommandError::TooManyWords));
        assert_eq!(parse(b"version "), Ok(Command::Version));
        assert_eq!(
            parse(b"show jobs "),
            Err(ServerError::UnknownShowArguments.into())
        );
        assert_eq!(
            parse(b"cancel job h "),
            Err(ServerError::UnknownError.into())
        );
        assert_eq!(
            parse(b"create function "),
            Ok(Command::CreateFunction(argument(b"")))
        );
        assert_eq!(parse(b"cancel job "), Ok(Command::CancelJob(argument(b""))));
    }

    #[test]
    fn a_blank_at_the_front_is_an_empty_command() {
        assert_eq!(parse(b" status"), unknown(b""));
        assert_eq!(parse(b"  "), unknown(b""));
        assert_eq!(parse(b""), unknown(b""));
    }

    #[test]
    fn a_tab_or_a_carriage_return_separates_nothing() {
        assert_eq!(parse(b"\tstatus"), unknown(b"\tstatus"));
        assert_eq!(parse(b"version\r"), unknown(b"version\r"));
    }

    #[test]
    fn keywords_have_no_case_and_arguments_do() {
        assert_eq!(parse(b"Show UNIQUE jobs"), Ok(Command::ShowUniqueJobs));
        assert_eq!(
            parse(b"DROP Function Up"),
            Ok(Command::DropFunction(argument(b"Up")))
        );
        assert_eq!(parse(b"BoGus"), unknown(b"BoGus"));
    }

    #[test]
    fn an_error_names_the_command_as_it_was_typed() {
        let error = ServerError::InvalidArguments {
            keyword: Bytes::from("MaxQueue"),
        };
        assert_eq!(parse(b"MaxQueue"), Err(error.into()));
    }

    #[test]
    fn maxqueue_takes_up_to_three_numbers() {
        let function = argument(b"f");
        let limits = QueueLimits {
            low: None,
            ..QueueLimits::same(5.try_into().unwrap())
        };
        assert_eq!(
            parse(b"maxqueue f 5 5"),
            Ok(Command::MaxQueue { function, limits })
        );
        assert_eq!(
            parse(b"maxqueue f 1 2 3 4"),
            Err(CommandError::TooManyWords)
        );
    }
}
