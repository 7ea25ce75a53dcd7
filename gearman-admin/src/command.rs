//! What a client may ask of a server.

use bytes::{BufMut as _, BytesMut};

use crate::argument::Argument;
use crate::queue_limits::QueueLimits;

/// A command of the text protocol.
///
/// There is no `shutdown`: gearmand has taken it out in 2016 and is stopped by a signal.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use gearman_admin::{Argument, Command};
///
/// let mut out = BytesMut::new();
/// Command::CreateFunction(Argument::new("resize")?).encode(&mut out);
/// assert_eq!(out, "create function resize\r\n");
/// assert!(Argument::new("resize\r\nstatus").is_err());
/// # Ok::<(), gearman_admin::ArgumentError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Jobs and workers of every function.
    Status,
    /// Queued jobs of every function by priority, and its workers.
    PriorityStatus,
    /// Every connection, with the functions it offers to work on.
    Workers,
    /// The server's version.
    Version,
    /// How much the server logs. On the wire it is called `verbose`.
    LogLevel,
    /// The process id of the server.
    Pid,
    /// Limits how many jobs of a function may exist. gearmand says OK for a function it does not
    /// know, and forgets the limits: create the function first.
    MaxQueue {
        /// The function.
        function: Argument,
        /// Its new limits.
        limits: QueueLimits,
    },
    /// Makes a function known before its first worker or job.
    CreateFunction(Argument),
    /// Forgets a function. gearmand compares this name without regard to ASCII case, refuses while
    /// there are workers or running jobs, and *does not* refuse while jobs are queued: they can
    /// never run after that.
    DropFunction(Argument),
    /// Cancels the queued job with this handle; a running one goes on.
    CancelJob(Argument),
    /// Every job.
    ShowJobs,
    /// The unique of every job.
    ShowUniqueJobs,
}

impl Command {
    /// The words that name the command.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::PriorityStatus => "prioritystatus",
            Self::Workers => "workers",
            Self::Version => "version",
            Self::LogLevel => "verbose",
            Self::Pid => "getpid",
            Self::MaxQueue { .. } => "maxqueue",
            Self::CreateFunction(_) => "create function",
            Self::DropFunction(_) => "drop function",
            Self::CancelJob(_) => "cancel job",
            Self::ShowJobs => "show jobs",
            Self::ShowUniqueJobs => "show unique jobs",
        }
    }

    /// Appends the command as one line.
    ///
    /// It fits into [`MAX_LINE`](crate::MAX_LINE), unless its argument was parsed and is longer than
    /// [`Argument::MAX_LEN`].
    pub fn encode(&self, out: &mut BytesMut) {
        out.put_slice(self.keyword().as_bytes());
        match self {
            Self::MaxQueue { function, limits } => {
                // Blanks are squeezed, so behind an empty name the server would take a limit for the
                // name. A NUL ends its word and is a word.
                match function.as_bytes() {
                    b"" => put_word(out, b"\0"),
                    name => put_word(out, name),
                }
                limits.encode(out);
            }
            Self::CreateFunction(argument)
            | Self::DropFunction(argument)
            | Self::CancelJob(argument) => {
                put_word(out, argument.as_bytes());
            }
            Self::Status
            | Self::PriorityStatus
            | Self::Workers
            | Self::Version
            | Self::LogLevel
            | Self::Pid
            | Self::ShowJobs
            | Self::ShowUniqueJobs => {}
        }
        // CRLF, because gearmand cuts one byte too many off the name in `create function` when only
        // LF comes.
        out.put_slice(b"\r\n");
    }
}

fn put_word(out: &mut BytesMut, word: &[u8]) {
    out.put_u8(b' ');
    out.put_slice(word);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn encoded(command: &Command) -> BytesMut {
        let mut out = BytesMut::new();
        command.encode(&mut out);
        out
    }

    #[test]
    fn every_command_ends_with_crlf() {
        assert_eq!(encoded(&Command::LogLevel), "verbose\r\n");
        assert_eq!(encoded(&Command::ShowUniqueJobs), "show unique jobs\r\n");
        assert_eq!(
            encoded(&Command::CancelJob("H:vm:1".try_into().unwrap())),
            "cancel job H:vm:1\r\n"
        );
    }

    #[test]
    fn an_empty_name_does_not_make_a_name_of_the_limit() {
        for line in ["maxqueue \0 5", "maxqueue \0 0"] {
            let command = Command::parse(&Bytes::from(line)).unwrap();
            assert_eq!(encoded(&command), format!("{line}\r\n"));
        }
        let command = Command::parse(&Bytes::from("maxqueue ")).unwrap();
        assert_eq!(encoded(&command), "maxqueue \0 0\r\n");
    }

    #[test]
    fn the_longest_command_fits_into_a_line() {
        let function = Argument::new([b'x'; Argument::MAX_LEN]).unwrap();
        let limits = QueueLimits {
            high: None,
            ..QueueLimits::same(u32::MAX.try_into().unwrap())
        };
        assert!(encoded(&Command::MaxQueue { function, limits }).len() <= crate::MAX_LINE);
    }
}
