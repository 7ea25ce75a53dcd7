use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which process a worker is, among those that bear its id one after the other: random, 16 hex digits.
///
/// An order to stop that was meant for a process that died must not stop its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Incarnation(u64);

/// A text that is no incarnation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an incarnation is 16 hexadecimal digits, found {0:?}")]
pub struct InvalidIncarnation(String);

impl Incarnation {
    /// A new one.
    pub fn random() -> Self {
        Self(fastrand::u64(..))
    }

    /// Reads 16 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`InvalidIncarnation`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidIncarnation> {
        let hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u64::from_str_radix(text, 16) {
            Ok(number) if hex => Ok(Self(number)),
            _ => Err(InvalidIncarnation(text.to_owned())),
        }
    }
}

impl FromStr for Incarnation {
    type Err = InvalidIncarnation;

    fn from_str(text: &str) -> Result<Self, InvalidIncarnation> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Incarnation {
    type Error = InvalidIncarnation;

    fn try_from(text: String) -> Result<Self, InvalidIncarnation> {
        Self::parse(&text)
    }
}

impl From<Incarnation> for String {
    fn from(incarnation: Incarnation) -> Self {
        incarnation.to_string()
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        let incarnation = Incarnation::random();
        assert_eq!(incarnation.to_string().parse(), Ok(incarnation));
    }

    #[test]
    fn signs_and_other_lengths_are_refused() {
        for text in [
            "",
            "1",
            "+00000000000000f",
            "00000000000000000",
            "000000000000000g",
        ] {
            assert!(Incarnation::parse(text).is_err(), "{text}");
        }
    }
}
