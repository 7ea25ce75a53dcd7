use std::fmt;

use bytes::Bytes;

use crate::{Escaped, Flaw};

/// A number of a status packet, kept as the text that was sent.
///
/// The server passes on whatever a worker wrote: fractions, negative numbers, nothing at all. The text
/// is preserved, and [`value`](Self::value) reads it where it is a number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StatusNumber(Bytes);

impl StatusNumber {
    /// Keeps a text that came over the wire. It holds no NUL, as it was cut at one.
    pub(crate) fn from_wire(text: Bytes) -> Self {
        Self(text)
    }

    /// The text as sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The number, where the text is a decimal number without sign or fraction that fits.
    pub fn value(&self) -> Option<u64> {
        parse(&self.0).ok()
    }
}

impl From<u32> for StatusNumber {
    fn from(number: u32) -> Self {
        Self(Bytes::from(number.to_string()))
    }
}

impl fmt::Display for StatusNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

impl fmt::Debug for StatusNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A decimal number that we must understand ourselves: a time, a limit.
pub(crate) fn parse<T: std::str::FromStr>(text: &[u8]) -> Result<T, Flaw> {
    // `FromStr` would take a plus sign too.
    let digits = text.iter().all(u8::is_ascii_digit).then_some(text);
    digits
        .and_then(|digits| str::from_utf8(digits).ok()?.parse().ok())
        .ok_or(Flaw::NotANumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &'static str) -> StatusNumber {
        StatusNumber::from_wire(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn a_text_that_is_no_number_is_kept_but_has_no_value() {
        for text in ["", "-1", "+1", "2.5", "many", "99999999999999999999"] {
            assert_eq!(number(text).value(), None);
            assert_eq!(number(text).as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn a_decimal_number_has_a_value() {
        assert_eq!(number("4294967295").value(), Some(u64::from(u32::MAX)));
        assert_eq!(StatusNumber::from(7), number("7"));
    }
}
