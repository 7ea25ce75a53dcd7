//! Lines as a server reads them.

use bytes::{Bytes, BytesMut};
use memchr::memchr;

/// The longest line that gearmand takes, its line feed included.
pub const MAX_LINE: usize = 8192;

/// Cuts complete lines off the front of what a connection has received.
///
/// It remembers how far it has looked, so a line that comes one byte at a time is still searched
/// once. Keep one per connection, and between two calls only append to the buffer.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use gearman_admin::LineSplitter;
///
/// let mut lines = LineSplitter::new();
/// let mut buffer = BytesMut::from("version\r\nsta");
/// assert_eq!(lines.next_line(&mut buffer)?.unwrap(), "version");
/// assert_eq!(lines.next_line(&mut buffer)?, None);
/// buffer.extend_from_slice(b"tus\n");
/// assert_eq!(lines.next_line(&mut buffer)?.unwrap(), "status");
/// # Ok::<(), gearman_admin::LineTooLong>(())
/// ```
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// So many bytes at the front of the buffer are known to hold no line feed.
    searched: usize,
}

impl LineSplitter {
    /// A splitter for a fresh connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line without its line end, which is LF or CRLF; `None` until a whole line is
    /// there.
    ///
    /// # Errors
    ///
    /// [`LineTooLong`] when the first [`MAX_LINE`] bytes hold no line feed. gearmand then closes
    /// the connection, and there is nothing else to do: asking again gives the same error.
    pub fn next_line(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, LineTooLong> {
        let window = buffer.get(..MAX_LINE).unwrap_or(buffer);
        let unsearched = window.get(self.searched..).unwrap_or_default();
        if let Some(offset) = memchr(b'\n', unsearched) {
            let end = self.searched.saturating_add(offset).saturating_add(1);
            self.searched = 0;
            let line = buffer.split_to(end).freeze();
            return Ok(Some(line.slice_ref(without_line_end(&line))));
        }
        if window.len() == MAX_LINE {
            return Err(LineTooLong);
        }
        self.searched = window.len();
        Ok(None)
    }
}

/// A peer has sent [`MAX_LINE`] bytes and no line feed among them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line is longer than {MAX_LINE} bytes")]
pub struct LineTooLong;

/// Takes off one LF and, before it, one CR: gearmand ends some lines with LF, some with CRLF.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(input: &[u8]) -> Result<Option<Bytes>, LineTooLong> {
        LineSplitter::new().next_line(&mut BytesMut::from(input))
    }

    #[test]
    fn only_one_carriage_return_belongs_to_the_line_end() {
        assert_eq!(split(b"version\r\r\n").unwrap().unwrap(), "version\r");
        assert_eq!(split(b"a\rb\n").unwrap().unwrap(), "a\rb");
        assert_eq!(split(b"\r\n").unwrap().unwrap(), "");
    }

    #[test]
    fn a_carriage_return_alone_ends_nothing() {
        assert_eq!(split(b"version\r").unwrap(), None);
    }

    #[test]
    fn a_line_of_8192_bytes_with_its_line_feed_is_the_longest() {
        let mut longest = vec![b'x'; MAX_LINE - 1];
        longest.push(b'\n');
        assert_eq!(split(&longest).unwrap().unwrap().len(), MAX_LINE - 1);
        longest.insert(0, b'x');
        assert_eq!(split(&longest), Err(LineTooLong));
    }

    #[test]
    fn the_limit_strikes_without_waiting_for_the_line_feed() {
        assert_eq!(split(&[b'x'; MAX_LINE - 1]).unwrap(), None);
        assert_eq!(split(&[b'x'; MAX_LINE]), Err(LineTooLong));
    }

    #[test]
    fn too_long_stays_too_long() {
        let mut lines = LineSplitter::new();
        let mut buffer = BytesMut::zeroed(MAX_LINE);
        assert_eq!(lines.next_line(&mut buffer), Err(LineTooLong));
        buffer.extend_from_slice(b"\n");
        assert_eq!(lines.next_line(&mut buffer), Err(LineTooLong));
    }
}
