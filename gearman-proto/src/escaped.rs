use std::fmt::{self, Write as _};

/// Bytes for human eyes: valid UTF-8 as it is, control characters and stray bytes as `\n` or `\x1b`.
///
/// What a stranger named his job can't move the cursor of the person who reads the log, end the line, or
/// turn the direction in which it is read. Each byte becomes four characters at most, and the text can be
/// read back: a backslash is doubled.
///
/// ```
/// use gearman_proto::Escaped;
///
/// assert_eq!(Escaped(b"gr\xc3\xb6\xc3\x9fe\0\xff\x1b[2J").to_string(), r"größe\0\xff\x1b[2J");
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a view of bytes and nothing else"
)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\0' => f.write_str("\\0")?,
                    '\\' => f.write_str("\\\\")?,
                    '\x01'..='\x1f' | '\x7f' => {
                        write!(f, "{}", u8::try_from(c).unwrap_or_default().escape_ascii())?;
                    }
                    c if c.is_control() || turns_the_line(c) => {
                        write!(f, "{}", c.escape_unicode())?;
                    }
                    c => f.write_char(c)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Marks that change the direction of the text around them, and Unicode's own line ends.
const fn turns_the_line(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_not_turn_the_line_around() {
        let name = "safe\u{202e}fdp.exe".as_bytes();
        assert_eq!(Escaped(name).to_string(), r"safe\u{202e}fdp.exe");
    }
}
