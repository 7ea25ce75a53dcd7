//! Where a reply ends, which depends on what was asked.

use memchr::memmem;

use crate::command::Command;
use crate::line::without_line_end;
use crate::server_error::refusal;

/// What the reply to a command looks like from outside.
///
/// A list may be refused with one line `ERR ...`, and its first row may *look* like that, since
/// nothing keeps a worker from offering a function called "ERR x". So the lists differ in what
/// gives a row away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// One line.
    Line,
    /// Rows of columns with a TAB between them.
    TabbedRows,
    /// Rows of `workers`: a blank and a colon stand before the functions.
    WorkerRows,
    /// Rows of `show unique jobs`, which are any text.
    PlainRows,
}

impl Shape {
    /// The shape of the reply to this command.
    pub(crate) fn of_reply_to(command: &Command) -> Self {
        match command {
            Command::Status | Command::PriorityStatus | Command::ShowJobs => Self::TabbedRows,
            Command::Workers => Self::WorkerRows,
            Command::ShowUniqueJobs => Self::PlainRows,
            Command::Version
            | Command::LogLevel
            | Command::Pid
            | Command::MaxQueue { .. }
            | Command::CreateFunction(_)
            | Command::DropFunction(_)
            | Command::CancelJob(_) => Self::Line,
        }
    }

    /// Does this line, given with its line end, complete the reply?
    pub(crate) fn ends_with(self, line: &[u8], is_first: bool) -> bool {
        match self {
            Self::Line => true,
            _ => without_line_end(line) == b"." || (is_first && self.is_refused_by(line)),
        }
    }

    fn is_refused_by(self, line: &[u8]) -> bool {
        refusal(line).is_some()
            && match self {
                Self::Line => true,
                Self::TabbedRows => !line.contains(&b'\t'),
                Self::WorkerRows => memmem::find(line, b" :").is_none(),
                // gearmand ends a refusal with CRLF and a row with LF. Servers that end everything
                // with LF do not know the command.
                Self::PlainRows => line.ends_with(b"\r\n") || is_unknown_command(line),
            }
    }
}

/// Each server writes the code in its own case.
fn is_unknown_command(line: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"ERR UNKNOWN_COMMAND ";
    line.get(..BEGINNING.len())
        .is_some_and(|beginning| beginning.eq_ignore_ascii_case(BEGINNING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_begins_with_err_is_a_row() {
        assert!(!Shape::TabbedRows.ends_with(b"ERR x\t0\t0\t1\n", true));
        assert!(!Shape::WorkerRows.ends_with(b"ERR 127.0.0.1 - :\n", true));
        assert!(!Shape::PlainRows.ends_with(b"ERR x\n", true));
    }

    #[test]
    fn a_refusal_ends_a_list() {
        for shape in [Shape::TabbedRows, Shape::WorkerRows, Shape::PlainRows] {
            assert!(shape.ends_with(b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n", true));
        }
    }

    #[test]
    fn a_server_without_the_command_may_end_its_refusal_with_lf() {
        let line = b"ERR unknown_command Unknown+server+command\n";
        assert!(Shape::PlainRows.ends_with(line, true));
    }

    #[test]
    fn a_refusal_after_the_first_line_is_a_row() {
        assert!(!Shape::TabbedRows.ends_with(b"ERR x\r\n", false));
    }

    #[test]
    fn a_function_called_dot_ends_nothing() {
        assert!(!Shape::TabbedRows.ends_with(b".\t0\t0\t1\n", false));
        assert!(Shape::TabbedRows.ends_with(b".\r\n", false));
    }
}
