//! Bytes from the network, made fit for an error text.

use std::fmt;

/// Shows bytes in quotes, escaped and shortened: a name must not move the cursor of the terminal
/// that prints the error, nor fill its screen.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

/// More than a common function name or client id needs, and still one line.
const SHOWN: usize = 80;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_at_checked(SHOWN) {
            Some((shown, hidden)) if !hidden.is_empty() => {
                write!(
                    f,
                    "\"{}\" and {} more bytes",
                    shown.escape_ascii(),
                    hidden.len()
                )
            }
            _ => write!(f, "\"{}\"", self.0.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Quoted(b"a\x1b[2J\n").to_string(), r#""a\x1b[2J\n""#);
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(
            Quoted(&[b'x'; 80]).to_string(),
            format!("\"{}\"", "x".repeat(80))
        );
        assert_eq!(
            Quoted(&[b'x'; 83]).to_string(),
            format!("\"{}\" and 3 more bytes", "x".repeat(80))
        );
    }
}
