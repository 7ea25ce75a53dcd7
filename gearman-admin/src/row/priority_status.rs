//! A row of `prioritystatus`.

use bytes::{Bytes, BytesMut};
use nom::Parser as _;

use super::columns::{name_before_columns, number_column, put_columns};
use super::{Parsed, Read, Row, whole};

/// A function, its queued jobs by priority and its workers. Running jobs are not counted.
///
/// A function's name may hold TABs; the last four TABs of the line separate the numbers.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PriorityStatusRow {
    /// The function's name.
    pub function: Bytes,
    /// Queued jobs of high priority.
    pub high: u64,
    /// Queued jobs of normal priority.
    pub normal: u64,
    /// Queued jobs of low priority.
    pub low: u64,
    /// Registrations by workers; a connection that registers twice counts twice.
    pub workers: u64,
}

impl Read for PriorityStatusRow {
    fn read(line: &[u8], reply: &Bytes) -> Option<Self> {
        let (name, high, normal, low, workers) = whole(line, priority_status_row)?;
        Some(Self {
            function: reply.slice_ref(name),
            high,
            normal,
            low,
            workers,
        })
    }
}

impl Row for PriorityStatusRow {
    const GRAMMAR: &'static str = "name TAB high TAB normal TAB low TAB workers";

    fn encode(&self, out: &mut BytesMut) {
        put_columns(
            out,
            &self.function,
            &[self.high, self.normal, self.low, self.workers],
        );
    }
}

/// `name TAB high TAB normal TAB low TAB workers`
fn priority_status_row(input: &[u8]) -> Parsed<'_, (&[u8], u64, u64, u64, u64)> {
    (
        name_before_columns(4),
        number_column,
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
    fn a_name_is_whatever_stands_before_the_last_four_tabs() {
        let row = PriorityStatusRow::parse(&Bytes::from("ta\tb\t1\t2\t3\t4")).unwrap();
        let expected = PriorityStatusRow {
            function: Bytes::from("ta\tb"),
            high: 1,
            normal: 2,
            low: 3,
            workers: 4,
        };
        assert_eq!(row, expected);
    }

    #[test]
    fn a_row_of_plain_status_is_malformed() {
        assert!(PriorityStatusRow::parse(&Bytes::from("f\t1\t2\t3")).is_err());
    }
}
