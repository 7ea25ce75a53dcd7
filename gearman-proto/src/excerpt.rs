use std::fmt;

use crate::Escaped;

/// The beginning of a text, written so that its end can't be mistaken: in quotes where the text is empty,
/// holds a blank, `=` or `"`, or goes on; with dots behind the quotes where it goes on.
pub(crate) struct Excerpt<'a> {
    shown: &'a [u8],
    goes_on: bool,
}

impl<'a> Excerpt<'a> {
    /// At most `limit` bytes of a text of `length` bytes that begins with `text`, cut between characters.
    pub(crate) fn new(text: &'a [u8], length: usize, limit: usize) -> Self {
        let continues = |end: &usize| matches!(text.get(*end), Some(0x80..=0xbf));
        let mut ends = (limit.saturating_sub(3)..=limit).rev();
        let end = ends.find(|end| !continues(end)).unwrap_or(limit);
        let shown = text.get(..end).unwrap_or(text);
        Self {
            shown,
            goes_on: shown.len() < length,
        }
    }

    /// Whether the text has more bytes than are shown.
    pub(crate) const fn goes_on(&self) -> bool {
        self.goes_on
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.goes_on && is_plain(self.shown) {
            return write!(f, "{}", Escaped(self.shown));
        }
        f.write_str("\"")?;
        for (index, part) in self.shown.split(|byte| *byte == b'"').enumerate() {
            f.write_str(if index == 0 { "" } else { "\\\"" })?;
            write!(f, "{}", Escaped(part))?;
        }
        f.write_str(if self.goes_on { "\"..." } else { "\"" })
    }
}

/// Whether a text can stand without quotes.
fn is_plain(text: &[u8]) -> bool {
    let splits = |c: char| c.is_whitespace() || matches!(c, '=' | '"');
    let mut chunks = text.utf8_chunks();
    !text.is_empty() && chunks.all(|chunk| !chunk.valid().contains(splits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, limit: usize) -> String {
        Excerpt::new(text.as_bytes(), text.len(), limit).to_string()
    }

    #[test]
    fn a_word_stands_as_it_is() {
        assert_eq!(excerpt("größe/2", 100), "größe/2");
    }

    #[test]
    fn what_could_be_taken_for_two_values_or_none_is_quoted() {
        for text in ["", "a b", "a=b", "a\u{a0}b", "a\u{3000}b"] {
            assert_eq!(excerpt(text, 100), format!("\"{text}\""));
        }
    }

    #[test]
    fn a_quote_and_a_backslash_are_escaped_in_quotes() {
        assert_eq!(excerpt(r#"say "\n""#, 100), r#""say \"\\n\"""#);
    }

    #[test]
    fn a_text_as_long_as_the_limit_is_shown_whole() {
        assert_eq!(excerpt("abc", 3), "abc");
        assert_eq!(excerpt("abcd", 3), "\"abc\"...");
    }

    #[test]
    fn a_character_is_not_cut() {
        assert_eq!(excerpt("aé", 2), "\"a\"...");
        assert_eq!(excerpt("a🦀", 4), "\"a\"...");
    }

    #[test]
    fn bytes_that_are_no_characters_are_cut_anywhere() {
        let bytes = [0x80; 9];
        let excerpt = Excerpt::new(&bytes, bytes.len(), 5).to_string();
        assert_eq!(excerpt, r#""\x80\x80\x80\x80\x80"..."#);
    }
}
