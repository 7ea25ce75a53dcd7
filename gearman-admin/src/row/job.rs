//! A row of `show jobs`.

use bytes::{Bytes, BytesMut};
use nom::Parser as _;

use super::columns::{name_before_columns, number_column, put_columns};
use super::{Parsed, Read, Row, whole};

/// A job, queued or running.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct JobRow {
    /// The job's handle.
    pub handle: Bytes,
    /// How often a worker has lost it.
    pub retries: u64,
    /// It was cancelled, or nobody waits for it any more; it disappears when a worker would get it.
    pub ignored: bool,
    /// It is a background job.
    pub queued: bool,
}

impl Read for JobRow {
    fn read(line: &[u8], reply: &Bytes) -> Option<Self> {
        let (handle, retries, ignored, queued) = whole(line, job_row)?;
        Some(Self {
            handle: reply.slice_ref(handle),
            retries,
            ignored: ignored != 0,
            queued: queued != 0,
        })
    }
}

impl Row for JobRow {
    const GRAMMAR: &'static str = "handle TAB retries TAB ignored TAB queued";

    fn encode(&self, out: &mut BytesMut) {
        put_columns(
            out,
            &self.handle,
            &[self.retries, self.ignored.into(), self.queued.into()],
        );
    }
}

/// `handle TAB retries TAB ignored TAB queued`
fn job_row(input: &[u8]) -> Parsed<'_, (&[u8], u64, u64, u64)> {
    (
        name_before_columns(3),
        number_column,
        number_column,
        number_column,
    )
        .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_anything_but_zero() {
        let row = JobRow::parse(&Bytes::from("H:vm:1\t2\t0\t7")).unwrap();
        assert_eq!(
            row,
            JobRow {
                handle: Bytes::from("H:vm:1"),
                retries: 2,
                ignored: false,
                queued: true
            }
        );
    }

    #[test]
    fn a_handle_alone_is_malformed() {
        assert!(JobRow::parse(&Bytes::from("H:vm:1")).is_err());
    }
}
