//! How many jobs of a function may exist before the server refuses more.

use std::num::NonZeroU32;

use bytes::{BufMut as _, Bytes, BytesMut};
use nom::bytes::complete::take_while;
use nom::character::complete::{digit1, one_of};
use nom::combinator::opt;
use nom::sequence::preceded;
use nom::{IResult, Parser as _};

/// The limits that `maxqueue` sets for one function; `None` is no limit.
///
/// Each limit belongs to *submissions* of its priority, but is compared with *all* jobs of the
/// function, queued and running, whatever their priority. gearmand keeps limits up to 2147483647; a
/// larger one is sent as that.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct QueueLimits {
    /// For submissions of high priority.
    pub high: Option<NonZeroU32>,
    /// For submissions of normal priority.
    pub normal: Option<NonZeroU32>,
    /// For submissions of low priority.
    pub low: Option<NonZeroU32>,
}

impl QueueLimits {
    /// No limit at all.
    pub const UNLIMITED: Self = Self {
        high: None,
        normal: None,
        low: None,
    };

    /// The same limit for every priority.
    pub const fn same(limit: NonZeroU32) -> Self {
        Self {
            high: Some(limit),
            normal: Some(limit),
            low: Some(limit),
        }
    }

    /// The words after the function's name: one number for all priorities, no number for no limit,
    /// two numbers leave low priority unlimited.
    pub(crate) fn parse(words: &[Bytes]) -> Self {
        let limit = |word: &Bytes| NonZeroU32::new(number_as_c_reads_it(word));
        match words {
            [] => Self::UNLIMITED,
            [all] => Self {
                high: limit(all),
                normal: limit(all),
                low: limit(all),
            },
            [high, normal] => Self {
                high: limit(high),
                normal: limit(normal),
                low: None,
            },
            [high, normal, low, ..] => Self {
                high: limit(high),
                normal: limit(normal),
                low: limit(low),
            },
        }
    }

    /// The same words, each with a blank before it.
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        let same = self.high == self.normal && self.normal == self.low;
        let numbers = if same {
            &[self.high][..]
        } else {
            &[self.high, self.normal, self.low]
        };
        for limit in numbers {
            let number = limit.map_or(0, NonZeroU32::get).min(LARGEST);
            out.put_slice(format!(" {number}").as_bytes());
        }
    }
}

/// gearmand keeps limits in a signed integer of 32 bits; anything larger turns negative there,
/// which is no limit.
const LARGEST: u32 = i32::MAX.unsigned_abs();

/// What C's `atoi` makes of a word: leading digits count, anything else is zero. Negative is zero
/// as well, for both mean "no limit". Where a number is too large for `atoi` we take the largest
/// instead of wrapping around.
fn number_as_c_reads_it(word: &[u8]) -> u32 {
    match leading_number(word) {
        Ok((_, (Some('-'), _))) | Err(_) => 0,
        Ok((_, (_, digits))) => digits.iter().fold(0, |number: u32, digit| {
            let digit = u32::from(digit.saturating_sub(b'0'));
            number.saturating_mul(10).saturating_add(digit).min(LARGEST)
        }),
    }
}

/// `*SPACE [ "+" / "-" ] 1*DIGIT`, with C's idea of a space.
fn leading_number(input: &[u8]) -> IResult<&[u8], (Option<char>, &[u8])> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
    preceded(take_while(is_space), (opt(one_of("+-")), digit1)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(high: u32, normal: u32, low: u32) -> QueueLimits {
        QueueLimits {
            high: NonZeroU32::new(high),
            normal: NonZeroU32::new(normal),
            low: NonZeroU32::new(low),
        }
    }

    fn parse(words: &[&'static str]) -> QueueLimits {
        QueueLimits::parse(&words.iter().map(|&word| word.into()).collect::<Vec<_>>())
    }

    #[test]
    fn one_number_is_for_all_and_two_leave_low_unlimited() {
        assert_eq!(parse(&[]), QueueLimits::UNLIMITED);
        assert_eq!(parse(&["7"]), limits(7, 7, 7));
        assert_eq!(parse(&["7", "8"]), limits(7, 8, 0));
        assert_eq!(parse(&["7", "8", "9"]), limits(7, 8, 9));
    }

    #[test]
    fn numbers_are_read_as_gearmand_reads_them() {
        // Each was sent to gearmand 1.1.20, and two jobs after it.
        for one in ["1x", "+1", "\t1", "01"] {
            assert_eq!(parse(&[one]), limits(1, 1, 1), "{one:?}");
        }
        for unlimited in ["", "0", "0x1", "-1", "abc", "+", "--1"] {
            assert_eq!(parse(&[unlimited]), QueueLimits::UNLIMITED, "{unlimited:?}");
        }
    }

    #[test]
    fn a_huge_limit_stays_huge() {
        let largest = limits(LARGEST, LARGEST, LARGEST);
        assert_eq!(parse(&["4294967297"]), largest);
        assert_eq!(parse(&["99999999999999999999999999"]), largest);
        let mut out = BytesMut::new();
        limits(u32::MAX, u32::MAX, u32::MAX).encode(&mut out);
        assert_eq!(out, " 2147483647");
    }

    #[test]
    fn equal_limits_are_one_number() {
        for (limits, text) in [
            (QueueLimits::UNLIMITED, " 0"),
            (limits(5, 5, 5), " 5"),
            (limits(3, 0, 1), " 3 0 1"),
            (limits(0, 2, 2), " 0 2 2"),
        ] {
            let mut out = BytesMut::new();
            limits.encode(&mut out);
            assert_eq!(out, text);
        }
    }
}
