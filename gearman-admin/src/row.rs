//! One line of a list, of which there are five kinds.

use bytes::{Bytes, BytesMut};
use nom::combinator::all_consuming;
use nom::{IResult, Parser as _};

use crate::quoted::Quoted;

mod columns;
mod functions;
mod job;
mod priority_status;
mod status;
mod unique_job;
mod worker;

pub use functions::Functions;
pub use job::JobRow;
pub use priority_status::PriorityStatusRow;
pub use status::StatusRow;
pub use unique_job::UniqueJobRow;
pub use worker::WorkerRow;

use sealed::Read;

/// A line of a list that can be read and written.
///
/// Names are written as they are, for gearmand does so. A row whose names hold no TAB, blank, colon
/// or line end is read back as it was written; otherwise each row type says what it makes of it.
pub trait Row: Read {
    /// What the line looks like.
    const GRAMMAR: &'static str;

    /// Reads a line, given without its line end.
    ///
    /// # Errors
    ///
    /// [`MalformedRow`] if it does not look like [`GRAMMAR`](Self::GRAMMAR).
    fn parse(line: &Bytes) -> Result<Self, MalformedRow> {
        read(line, line)
    }

    /// Appends the row and its line end.
    fn encode(&self, out: &mut BytesMut);
}

/// A line of a list that makes no sense: another server's idea of a row, or the second half of a
/// row whose name holds a line feed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("row {} does not look like `{expected}`", Quoted(.line))]
pub struct MalformedRow {
    /// The line, without its line end.
    pub line: Bytes,
    /// What a row of this list looks like.
    pub expected: &'static str,
}

/// Only this crate knows what gearmand's rows look like.
mod sealed {
    use bytes::Bytes;

    #[allow(unnameable_types)] // That is how it keeps others from implementing `Row`.
    pub trait Read: Sized {
        /// Reads a line of a reply, whose memory the names of the row then share.
        fn read(line: &[u8], reply: &Bytes) -> Option<Self>;
    }
}

/// Reads a line of a reply, given without its line end.
pub(crate) fn read<R: Row>(line: &[u8], reply: &Bytes) -> Result<R, MalformedRow> {
    R::read(line, reply).ok_or_else(|| MalformedRow {
        line: reply.slice_ref(line),
        expected: R::GRAMMAR,
    })
}

/// What is left of the input, and what a parser made of the rest. Nobody asks what is wrong with a
/// line, and to carry an answer would cost a sixth of the time.
type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// Runs the parser of a row over the whole line.
fn whole<'a, T>(line: &'a [u8], parser: impl Fn(&'a [u8]) -> Parsed<'a, T>) -> Option<T> {
    let (_, parts) = all_consuming(parser).parse(line).ok()?;
    Some(parts)
}
