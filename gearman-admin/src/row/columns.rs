//! Columns with a TAB between them, the first of which is a name that may hold TABs itself.

use bytes::{BufMut as _, BytesMut};
use nom::Parser as _;
use nom::bytes::complete::take;
use nom::character::complete::{char, u64};
use nom::sequence::preceded;

use super::Parsed;

/// `name`, which is everything before the last so many TABs of the input.
///
/// The columns behind a name are numbers, so the last TABs are the ones that count, and a name may
/// hold the others.
pub(super) fn name_before_columns(columns: usize) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| {
        // Numbers are short: looking at each byte is faster than calling memrchr.
        let last_tab = |input: &[u8]| input.iter().rposition(|&byte| byte == b'\t');
        let name = (0..columns).try_fold(input, |name, _| name.get(..last_tab(name)?));
        let name = name.ok_or(nom::Err::Error(()))?;
        take(name.len()).parse(input)
    }
}

/// `TAB number`
pub(super) fn number_column(input: &[u8]) -> Parsed<'_, u64> {
    preceded(char('\t'), u64).parse(input)
}

/// Appends the name, the numbers and the line end.
pub(super) fn put_columns(out: &mut BytesMut, name: &[u8], numbers: &[u64]) {
    out.put_slice(name);
    for number in numbers {
        out.put_slice(format!("\t{number}").as_bytes());
    }
    out.put_u8(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tabs_count() {
        let input: &[u8] = b"a\tb\t1\t2";
        assert_eq!(
            name_before_columns(2)(input),
            Ok((&b"\t1\t2"[..], &b"a\tb"[..]))
        );
        assert_eq!(
            name_before_columns(3)(input),
            Ok((&b"\tb\t1\t2"[..], &b"a"[..]))
        );
        assert!(name_before_columns(4)(input).is_err());
    }
}
