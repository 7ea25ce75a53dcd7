//! A row of `show unique jobs`.

use bytes::{BufMut as _, Bytes, BytesMut};
use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::take_till;
use nom::character::complete::char;
use nom::combinator::{map, rest, verify};
use nom::sequence::terminated;

use super::{Parsed, Read, Row, whole};

/// A job's unique, which may be empty, and with some servers its handle.
///
/// A line with a TAB is read as handle and unique if what stands before the first TAB looks like a
/// handle: it ends with a colon and a number. Any line is a row, so none is ever malformed.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UniqueJobRow {
    /// The job's handle. gearmand 1.1 does not say.
    pub handle: Option<Bytes>,
    /// The job's unique.
    pub unique: Bytes,
}

impl Read for UniqueJobRow {
    fn read(line: &[u8], reply: &Bytes) -> Option<Self> {
        let (handle, unique) = whole(line, unique_job_row)?;
        Some(Self {
            handle: handle.map(|handle| reply.slice_ref(handle)),
            unique: reply.slice_ref(unique),
        })
    }
}

impl Row for UniqueJobRow {
    const GRAMMAR: &'static str = "[ handle TAB ] unique";

    fn encode(&self, out: &mut BytesMut) {
        if let Some(handle) = &self.handle {
            out.put_slice(handle);
            out.put_u8(b'\t');
        }
        out.put_slice(&self.unique);
        out.put_u8(b'\n');
    }
}

/// `[ handle TAB ] unique`
fn unique_job_row(input: &[u8]) -> Parsed<'_, (Option<&[u8]>, &[u8])> {
    alt((
        (map(terminated(handle, char('\t')), Some), rest),
        map(rest, |unique| (None, unique)),
    ))
    .parse(input)
}

/// `*( any but TAB ) ":" 1*DIGIT`
fn handle(input: &[u8]) -> Parsed<'_, &[u8]> {
    verify(take_till(|byte| byte == b'\t'), looks_like_handle).parse(input)
}

fn looks_like_handle(word: &[u8]) -> bool {
    let digits = word
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    digits > 0 && word.iter().rev().nth(digits) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &'static str) -> (Option<Bytes>, Bytes) {
        let row = UniqueJobRow::parse(&Bytes::from(line)).unwrap();
        (row.handle, row.unique)
    }

    #[test]
    fn both_forms_are_read() {
        assert_eq!(parse("order-5"), (None, "order-5".into()));
        assert_eq!(
            parse("H:vm:12\torder-5"),
            (Some("H:vm:12".into()), "order-5".into())
        );
    }

    #[test]
    fn a_unique_may_be_empty() {
        assert_eq!(parse(""), (None, "".into()));
        assert_eq!(parse("H:vm:12\t"), (Some("H:vm:12".into()), "".into()));
    }

    #[test]
    fn a_tab_alone_makes_no_handle() {
        for unique in ["a\tb", "\t", "a:\tb", "12\tb", "a:1x\tb"] {
            assert_eq!(parse(unique), (None, unique.into()));
        }
    }
}
