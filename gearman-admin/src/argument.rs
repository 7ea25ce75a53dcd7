//! The word that goes into a command: a function's name or a job's handle.

use std::fmt;

use bytes::Bytes;

use crate::line::MAX_LINE;
use crate::quoted::Quoted;

/// A function's name or a job's handle, as one word of a command line.
///
/// The protocol has no quoting: a blank in a name makes two words of it, a line feed makes two
/// commands. So an `Argument` never holds a blank, a line feed or a NUL, and encoding a command
/// always gives exactly that command.
///
/// One that you make with [`new`](Self::new) is stricter still: not empty, no control characters,
/// short enough for any command. One that [`Command::parse`](crate::Command::parse) found in a
/// peer's line is what gearmand would have found there; it may be empty, hold a TAB, or be a little
/// longer.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Argument(Bytes);

impl Argument {
    /// The longest argument: with it, the longest command around it still fits into a line.
    // `maxqueue` with three numbers of at most ten digits is the longest.
    pub const MAX_LEN: usize = MAX_LINE - b"maxqueue  4294967295 4294967295 4294967295\r\n".len();

    /// Checks a name before it may become part of a command. Bytes beyond ASCII are welcome.
    ///
    /// # Errors
    ///
    /// [`ArgumentError`] for names that a server would misread. A worker may well have registered
    /// such a name, for binary packets allow it; the text protocol cannot say it.
    pub fn new(raw: impl AsRef<[u8]>) -> Result<Self, ArgumentError> {
        let raw = raw.as_ref();
        if raw.is_empty() {
            return Err(ArgumentError::Empty);
        }
        if raw.len() > Self::MAX_LEN {
            return Err(ArgumentError::TooLong { length: raw.len() });
        }
        if let Some((position, &byte)) = raw
            .iter()
            .enumerate()
            .find(|(_, byte)| is_forbidden(**byte))
        {
            return Err(ArgumentError::Forbidden { byte, position });
        }
        Ok(Self(Bytes::copy_from_slice(raw)))
    }

    /// A word that was cut out of a line, and therefore holds neither blank nor line feed nor NUL.
    pub(crate) fn from_word(word: Bytes) -> Self {
        debug_assert!(!word.iter().any(|byte| matches!(byte, b' ' | b'\n' | 0)));
        Self(word)
    }

    /// The bytes of the word.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes of the word, to keep.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl AsRef<[u8]> for Argument {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&str> for Argument {
    type Error = ArgumentError;

    fn try_from(raw: &str) -> Result<Self, ArgumentError> {
        Self::new(raw)
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Argument({})", Quoted(&self.0))
    }
}

/// Why bytes cannot be an [`Argument`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// There is nothing; the server would take the next word, or none, for the name.
    #[error("argument is empty")]
    Empty,
    /// The command would not fit into a line, and the server would close the connection.
    #[error(
        "argument of {length} bytes is over the limit of {} bytes",
        Argument::MAX_LEN
    )]
    TooLong {
        /// How long it is.
        length: usize,
    },
    /// A blank, a line end, a NUL or another control character.
    #[error(
        "argument holds byte 0x{byte:02x} at position {position}; blanks and control characters are not allowed"
    )]
    Forbidden {
        /// The first such byte.
        byte: u8,
        /// Where it stands, counted from 0.
        position: usize,
    },
}

/// NUL, LF and blank would change the meaning of the line; the other control characters are for
/// servers that split words at any white space or take a lone CR for a line end.
fn is_forbidden(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_that_could_end_a_word_or_a_line_gets_in() {
        for byte in (0..=b' ').chain([0x7f]) {
            let error = Argument::new([b'a', b'b', byte, b'c']).unwrap_err();
            assert_eq!(error, ArgumentError::Forbidden { byte, position: 2 });
        }
    }

    #[test]
    fn every_other_byte_gets_in() {
        let raw: Vec<u8> = (b'!'..0x7f).chain(0x80..=0xff).collect();
        assert_eq!(Argument::new(&raw).unwrap().as_bytes(), raw);
    }

    #[test]
    fn an_empty_argument_is_refused() {
        assert_eq!(Argument::new(""), Err(ArgumentError::Empty));
    }

    #[test]
    fn the_length_is_limited() {
        assert!(Argument::new([b'x'; Argument::MAX_LEN]).is_ok());
        let error = Argument::new([b'x'; Argument::MAX_LEN + 1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "argument of 8149 bytes is over the limit of 8148 bytes"
        );
    }

    #[test]
    fn the_error_says_what_was_found_and_what_is_allowed() {
        assert_eq!(
            Argument::new("a\nshutdown").unwrap_err().to_string(),
            "argument holds byte 0x0a at position 1; blanks and control characters are not allowed"
        );
    }
}
