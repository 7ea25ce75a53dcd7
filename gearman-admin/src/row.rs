//! One line of a list, of which there are five kinds.

use bytes::{Bytes, BytesMut};
use nom::combinator::all_consuming;
use nom::error::Error;
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

/// A line of a list that can be read and written.
///
/// Names are written as they are, for gearmand does so. A row whose names hold no TAB, blank, colon
/// or line end is read back as it was written; otherwise each row type says what it makes of it.
pub trait Row: Sized + sealed::Sealed {
    /// What the line looks like.
    const GRAMMAR: &'static str;

    /// Reads a line, given without its line end.
    ///
    /// # Errors
    ///
    /// [`MalformedRow`] if it does not look like [`GRAMMAR`](Self::GRAMMAR).
    fn parse(line: &Bytes) -> Result<Self, MalformedRow>;

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
    #[allow(unnameable_types)] // That is how it keeps others from implementing `Row`.
    pub trait Sealed {}
    impl Sealed for super::JobRow {}
    impl Sealed for super::PriorityStatusRow {}
    impl Sealed for super::StatusRow {}
    impl Sealed for super::UniqueJobRow {}
    impl Sealed for super::WorkerRow {}
}

/// What is left of the input, and what a parser made of the rest.
type Parsed<'a, T> = IResult<&'a [u8], T>;

/// Runs the parser of a row over the whole line.
fn whole<'a, R: Row, T>(
    line: &'a Bytes,
    parser: impl Fn(&'a [u8]) -> Parsed<'a, T>,
) -> Result<T, MalformedRow> {
    match all_consuming(parser).parse(line) {
        Ok((_, parts)) => Ok(parts),
        Err::<_, nom::Err<Error<_>>>(_) => Err(MalformedRow {
            line: line.clone(),
            expected: R::GRAMMAR,
        }),
    }
}
