//! Cutting a server's bytes into replies.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use crate::command::Command;
use crate::shape::Shape;

/// Cuts the stream of a server into replies.
///
/// A reply carries neither length nor name; only the command tells where it ends. Servers answer in
/// order, so tell the framer every command that you send, in order, and then ask it for replies as
/// bytes arrive. Any number of commands may be on the way.
///
/// It remembers how far it has looked: a reply that comes one byte at a time is still searched
/// once. Keep one per connection, and between two calls only append to the buffer.
///
/// No framing can be certain: a function's name may hold line feeds, and a unique may be a single
/// dot. A worker that wants to can make a list end early, and then replies and commands no longer
/// match. When a reply is [malformed](crate::ReplyError::Malformed), or
/// [unsolicited](FramingError::Unsolicited), close the connection.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use gearman_admin::{Command, ReplyFramer};
///
/// let mut framer = ReplyFramer::new();
/// framer.expect(&Command::Workers);
/// framer.expect(&Command::Pid);
///
/// let mut buffer = BytesMut::from("36 127.0.0.1 - :\n");
/// assert_eq!(framer.next_reply(&mut buffer)?, None);
/// buffer.extend_from_slice(b".\nOK 1234\n");
/// assert_eq!(framer.next_reply(&mut buffer)?.unwrap(), "36 127.0.0.1 - :\n.\n");
/// assert_eq!(framer.next_reply(&mut buffer)?.unwrap(), "OK 1234\n");
/// # Ok::<(), gearman_admin::FramingError>(())
/// ```
#[derive(Debug)]
pub struct ReplyFramer {
    expected: VecDeque<Shape>,
    limit: usize,
    /// The front of the buffer, up to here, is complete lines of an incomplete reply.
    line_start: usize,
    /// From `line_start` up to here there is no line feed.
    searched: usize,
}

impl ReplyFramer {
    /// The limit that [`new`](Self::new) sets, in bytes: ten thousand connections with two hundred
    /// functions each fit.
    pub const DEFAULT_LIMIT: usize = 64 << 20;

    /// A framer for a fresh connection, which takes replies up to
    /// [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT).
    pub fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// A framer for a fresh connection, which takes replies up to so many bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            expected: VecDeque::new(),
            limit,
            line_start: 0,
            searched: 0,
        }
    }

    /// Notes that this command is sent now. Its reply comes after those of all commands before it.
    ///
    /// The framer keeps a byte per command; how many may be on the way is for the caller to limit.
    pub fn expect(&mut self, command: &Command) {
        self.expected.push_back(Shape::of_reply_to(command));
    }

    /// How many replies are still to come.
    pub fn outstanding(&self) -> usize {
        self.expected.len()
    }

    /// Takes the next reply off the buffer, line ends and all; `None` until it is complete.
    ///
    /// # Errors
    ///
    /// [`FramingError`]. After that the place in the stream is lost: close the connection. Asking
    /// again gives the same error.
    pub fn next_reply(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FramingError> {
        let Some(&shape) = self.expected.front() else {
            return if buffer.is_empty() {
                Ok(None)
            } else {
                Err(FramingError::Unsolicited)
            };
        };
        while let Some(line_end) = self.line_end(buffer) {
            if line_end > self.limit {
                return Err(FramingError::TooLong { limit: self.limit });
            }
            let line = buffer.get(self.line_start..line_end).unwrap_or_default();
            if shape.ends_with(line, self.line_start == 0) {
                self.expected.pop_front();
                self.line_start = 0;
                self.searched = 0;
                return Ok(Some(buffer.split_to(line_end).freeze()));
            }
            self.line_start = line_end;
            self.searched = line_end;
        }
        // The reply will be longer than what is there by at least a line feed.
        if buffer.len() >= self.limit {
            return Err(FramingError::TooLong { limit: self.limit });
        }
        self.searched = buffer.len();
        Ok(None)
    }

    /// The end of the line that begins at `line_start`, behind its line feed.
    fn line_end(&self, buffer: &[u8]) -> Option<usize> {
        let offset = memchr(b'\n', buffer.get(self.searched..)?)?;
        Some(self.searched.saturating_add(offset).saturating_add(1))
    }
}

impl Default for ReplyFramer {
    fn default() -> Self {
        Self::new()
    }
}

/// Why the stream of a server cannot be cut any further.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// A reply is over the limit.
    #[error("reply is over the limit of {limit} bytes")]
    TooLong {
        /// The limit of this framer.
        limit: usize,
    },
    /// There are bytes, but no command waits for a reply.
    #[error("the server sent a reply that no command asked for")]
    Unsolicited,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framer(limit: usize, commands: &[Command]) -> ReplyFramer {
        let mut framer = ReplyFramer::with_limit(limit);
        commands.iter().for_each(|command| framer.expect(command));
        framer
    }

    #[test]
    fn replies_are_cut_by_what_was_asked() {
        let mut framer = framer(
            100,
            &[
                Command::Status,
                Command::Version,
                Command::ShowUniqueJobs,
                Command::Status,
            ],
        );
        let mut buffer = BytesMut::from("a\t1\t0\t0\n.\nOK .\n\n.\nERR no\r\n");
        for reply in ["a\t1\t0\t0\n.\n", "OK .\n", "\n.\n", "ERR no\r\n"] {
            assert_eq!(framer.next_reply(&mut buffer).unwrap().unwrap(), reply);
        }
        assert_eq!(framer.outstanding(), 0);
        assert_eq!(framer.next_reply(&mut buffer), Ok(None));
    }

    #[test]
    fn a_reply_of_exactly_the_limit_passes() {
        let mut buffer = BytesMut::from("a\t1\t0\t0\n.\n");
        let whole = buffer.clone().freeze();
        assert_eq!(
            framer(10, &[Command::Status]).next_reply(&mut buffer.clone()),
            Ok(Some(whole))
        );
        let too_long = Err(FramingError::TooLong { limit: 9 });
        let mut framer = framer(9, &[Command::Status]);
        assert_eq!(framer.next_reply(&mut buffer), too_long);
        assert_eq!(framer.next_reply(&mut buffer), too_long);
    }

    #[test]
    fn a_line_without_end_stops_at_the_limit() {
        let mut framer = framer(8, &[Command::Version]);
        let mut buffer = BytesMut::from("OK 1.1.");
        assert_eq!(framer.next_reply(&mut buffer), Ok(None));
        buffer.extend_from_slice(b"2");
        assert_eq!(
            framer.next_reply(&mut buffer),
            Err(FramingError::TooLong { limit: 8 })
        );
    }

    #[test]
    fn the_limit_is_for_one_reply_and_not_for_what_follows_it() {
        let mut framer = framer(9, &[Command::Pid, Command::Pid, Command::Pid]);
        let mut buffer = BytesMut::from("OK 12345\nOK 12345\nOK 12345\n");
        for _ in 0..3 {
            assert_eq!(
                framer.next_reply(&mut buffer).unwrap().unwrap(),
                "OK 12345\n"
            );
        }
    }

    #[test]
    fn a_reply_to_nothing_is_an_error() {
        let mut framer = framer(9, &[]);
        assert_eq!(framer.next_reply(&mut BytesMut::new()), Ok(None));
        assert_eq!(
            framer.next_reply(&mut BytesMut::from("O")),
            Err(FramingError::Unsolicited)
        );
    }
}
