//! A reply that is a list.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use memchr::memchr;

use crate::line::without_line_end;
use crate::reply::ReplyError;
use crate::row::{self, MalformedRow, Row};
use crate::server_error::ServerError;

/// A list of rows, as bytes that are parsed while you walk over them.
///
/// Not to parse ahead keeps memory at the size of the reply: a row takes many times the bytes of
/// its line. It also keeps rows that make no sense, so what was parsed encodes to what it was (but
/// for CRLF at the very end).
///
/// A server collects its rows into `Rows`:
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use gearman_admin::{Rows, StatusRow};
///
/// let row = StatusRow { function: Bytes::from("resize"), total: 3, running: 1, workers: 2 };
/// let rows = Rows::from_iter([row]);
/// let mut out = BytesMut::new();
/// rows.encode(&mut out);
/// assert_eq!(out, "resize\t3\t1\t2\n.\n");
/// ```
///
/// Names in a row share the memory of the whole reply. Copy those that you keep for long.
#[derive(Clone, Eq, PartialEq)]
pub struct Rows<R> {
    /// Complete lines, without the dot.
    lines: Bytes,
    row: PhantomData<fn() -> R>,
}

impl<R: Row> Rows<R> {
    /// Reads one complete reply, as a [`ReplyFramer`](crate::ReplyFramer) cuts it.
    ///
    /// # Errors
    ///
    /// [`ReplyError::Server`] if the reply is a refusal, [`ReplyError::Malformed`] if it does not
    /// end with a dot. A malformed *row* is no error here.
    pub fn parse(reply: &Bytes) -> Result<Self, ReplyError> {
        let lines = without_line_end(reply)
            .strip_suffix(b".")
            .filter(|lines| matches!(lines, [] | [.., b'\n']));
        match lines {
            Some(lines) if reply.ends_with(b"\n") => Ok(Self::of(reply.slice_ref(lines))),
            _ => Err(ServerError::parse(reply).map_or_else(
                || ReplyError::malformed(reply, "a list that ends with a dot"),
                ReplyError::Server,
            )),
        }
    }

    /// The rows, each as good as it is.
    pub fn iter(&self) -> RowsIter<R> {
        RowsIter {
            rest: self.lines.clone(),
            row: PhantomData,
        }
    }

    /// The rows that make sense.
    pub fn good(&self) -> impl Iterator<Item = R> + use<R> {
        self.iter().filter_map(Result::ok)
    }

    /// The rows that make no sense.
    pub fn malformed(&self) -> impl Iterator<Item = MalformedRow> + use<R> {
        self.iter().filter_map(Result::err)
    }

    /// Is there no row at all, not even a malformed one?
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Appends the rows and the dot.
    pub fn encode(&self, out: &mut BytesMut) {
        out.reserve(self.lines.len().saturating_add(2));
        out.put_slice(&self.lines);
        out.put_slice(b".\n");
    }

    fn of(lines: Bytes) -> Self {
        Self {
            lines,
            row: PhantomData,
        }
    }
}

impl<R: Row> Default for Rows<R> {
    fn default() -> Self {
        Self::of(Bytes::new())
    }
}

impl<R: Row> FromIterator<R> for Rows<R> {
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        let mut lines = BytesMut::new();
        for row in rows {
            row.encode(&mut lines);
        }
        Self::of(lines.freeze())
    }
}

impl<R: Row> IntoIterator for Rows<R> {
    type Item = Result<R, MalformedRow>;
    type IntoIter = RowsIter<R>;

    fn into_iter(self) -> RowsIter<R> {
        RowsIter {
            rest: self.lines,
            row: PhantomData,
        }
    }
}

impl<R: Row> IntoIterator for &Rows<R> {
    type Item = Result<R, MalformedRow>;
    type IntoIter = RowsIter<R>;

    fn into_iter(self) -> RowsIter<R> {
        self.iter()
    }
}

impl<R: Row + fmt::Debug> fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Parses a list row by row; see [`Rows::iter`].
#[derive(Clone, Debug)]
pub struct RowsIter<R> {
    rest: Bytes,
    row: PhantomData<fn() -> R>,
}

impl<R: Row> Iterator for RowsIter<R> {
    type Item = Result<R, MalformedRow>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', &self.rest).map_or(self.rest.len(), |at| at.saturating_add(1));
        let line = without_line_end(self.rest.get(..end).unwrap_or_default());
        let row = row::read(line, &self.rest);
        self.rest.advance(end);
        Some(row)
    }
}

impl<R: Row> FusedIterator for RowsIter<R> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{StatusRow, UniqueJobRow};

    fn status(reply: &'static str) -> Result<Rows<StatusRow>, ReplyError> {
        Rows::parse(&Bytes::from(reply))
    }

    #[test]
    fn a_malformed_row_does_not_hide_the_others() {
        let rows = status("a\t1\t0\t0\nnonsense\nb\t1\t0\t0\n.\n").unwrap();
        assert_eq!(
            rows.good().map(|row| row.function).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(
            rows.malformed().map(|row| row.line).collect::<Vec<_>>(),
            ["nonsense"]
        );
    }

    #[test]
    fn lines_may_end_with_crlf() {
        let rows = status("a\t1\t0\t0\r\n.\r\n").unwrap();
        assert_eq!(rows.good().count(), 1);
    }

    #[test]
    fn the_dot_must_stand_alone_at_the_end() {
        for reply in ["", ".", "x.\n", "a\t1\t0\t0\n", "\n", "..\n"] {
            assert!(
                matches!(status(reply), Err(ReplyError::Malformed { .. })),
                "{reply:?}"
            );
        }
        assert!(status(".\n").unwrap().is_empty());
    }

    #[test]
    fn a_refusal_is_an_error_and_not_a_row() {
        assert_eq!(
            status("ERR UNKNOWN_ERROR\r\n"),
            Err(ReplyError::Server(ServerError::UnknownError))
        );
    }

    #[test]
    fn an_empty_line_is_a_row() {
        let rows = Rows::<UniqueJobRow>::parse(&Bytes::from("\n\n.\n")).unwrap();
        assert_eq!(rows.good().count(), 2);
    }
}
