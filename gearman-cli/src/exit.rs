//! How a command ends: the exit codes, and the sentence on stderr that goes with a bad one.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::output;

/// What a process that looks at exit codes can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything was done.
    Done,
    /// A job failed, or a worker that was named is not there.
    JobFailed,
    /// The command line makes no sense; nothing was sent.
    Usage,
    /// No server can be reached, or the connection was lost and nobody knows what became of the jobs.
    NoServer,
    /// The time limit passed.
    TimeLimit,
    /// The server refused.
    Refused,
    /// Stopped in the middle of the task by SIGINT.
    Interrupted,
    /// Nobody reads our output any longer: what the shell sees of a tool that dies of SIGPIPE.
    BrokenPipe,
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::JobFailed => 1,
            Self::Usage => 2,
            Self::NoServer => 3,
            Self::TimeLimit => 4,
            Self::Refused => 5,
            Self::Interrupted => 130,
            Self::BrokenPipe => 141,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A command that ended badly, and what the user is told.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        Self { exit, message }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Tells the user. Whoever closed the pipe knows it already.
    pub(crate) fn tell(&self) {
        if self.exit != Exit::BrokenPipe {
            output::tell(&self.message);
        }
    }
}

/// Results that can't be written are of no use to anybody.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::BrokenPipe,
            _ => Exit::JobFailed,
        };
        Self::new(exit, format_args!("the results can't be written: {error}"))
    }
}
