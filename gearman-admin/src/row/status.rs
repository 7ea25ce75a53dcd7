//! A row of `status`.

use bytes::{Bytes, BytesMut};
use nom::Parser as _;

use super::columns::{name_before_columns, number_column, put_columns};
use super::{Parsed, Read, Row, whole};

/// A function, its jobs and its workers.
///
/// A function's name may hold TABs; the last three TABs of the line separate the numbers. gearmand
/// lists every function that it has ever seen, until it is dropped.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct StatusRow {
    /// The function's name.
    pub function: Bytes,
    /// Jobs, queued or running.
    pub total: u64,
    /// Jobs that a worker has.
    pub running: u64,
    /// Registrations by workers; a connection that registers twice counts twice.
    pub workers: u64,
}

impl StatusRow {
    /// Jobs that wait for a worker.
    pub fn queued(&self) -> u64 {
        self.total.saturating_sub(self.running)
    }
}

impl Read for StatusRow {
    fn read(line: &[u8], reply: &Bytes) -> Option<Self> {
        let (name, total, running, workers) = whole(line, status_row)?;
        Some(Self {
            function: reply.slice_ref(name),
            total,
            running,
            workers,
        })
    }
}

impl Row for StatusRow {
    const GRAMMAR: &'static str = "name TAB total TAB running TAB workers";

    fn encode(&self, out: &mut BytesMut) {
        put_columns(
            out,
            &self.function,
            &[self.total, self.running, self.workers],
        );
    }
}

/// `name TAB total TAB running TAB workers`
fn status_row(input: &[u8]) -> Parsed<'_, (&[u8], u64, u64, u64)> {
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
    use super::super::MalformedRow;
    use super::*;

    fn parse(line: &'static [u8]) -> Result<StatusRow, MalformedRow> {
        StatusRow::parse(&Bytes::from_static(line))
    }

    #[test]
    fn a_name_is_whatever_stands_before_the_last_three_tabs() {
        for name in [
            &b""[..],
            b".",
            b"ta\tb",
            b"\t\t\t",
            b"sp ace",
            b"co:lon",
            b"\xff\xfe\x80",
            b"ERR x",
            b"a\t1\t2\t3",
        ] {
            let line = [name, b"\t3\t1\t2"].concat();
            let row = StatusRow::parse(&line.into()).unwrap();
            assert_eq!(
                (row.function.as_ref(), row.total, row.running, row.workers),
                (name, 3, 1, 2)
            );
        }
    }

    #[test]
    fn what_is_left_of_a_broken_name_is_malformed() {
        // A function called "nl\nx": its second half looks like a row of its own.
        let error = parse(b"nl").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"row "nl" does not look like `name TAB total TAB running TAB workers`"#
        );
        assert_eq!(parse(b"x\t0\t0\t1").unwrap().function, "x");
    }

    #[test]
    fn columns_must_be_numbers() {
        for line in [
            &b"f\t1\t2"[..],
            b"f\t1\t\t3",
            b"f\t1\t2\t",
            b"f\t1\t2\tx",
            b"f\t-1\t2\t3",
            b"f\t1\t2\t3 ",
        ] {
            assert!(parse(line).is_err(), "{}", line.escape_ascii());
        }
        assert!(parse(b"f\t1\t2\t18446744073709551616").is_err());
    }
}
