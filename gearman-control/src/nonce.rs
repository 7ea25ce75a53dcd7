use std::fmt;

/// A number that is used once: it makes each signed line another, so that none is obeyed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(u128);

impl Nonce {
    /// A new one. It need not be secret nor hard to guess, only never seen before.
    pub fn random() -> Self {
        Self(fastrand::u128(..))
    }

    /// This one; for tests, and for sources of one's own.
    pub const fn from_number(number: u128) -> Self {
        Self(number)
    }

    /// Reads 32 hexadecimal digits, lower case.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        read_hex(text, &mut bytes)?;
        Some(Self(u128::from_be_bytes(bytes)))
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Reads exactly so many bytes, two digits each. There is one way to write them: upper case is none.
pub(crate) fn read_hex(text: &[u8], bytes: &mut [u8]) -> Option<()> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_to_write_it() {
        let nonce = Nonce::random();
        assert_eq!(Nonce::parse(nonce.to_string().as_bytes()), Some(nonce));
        for text in ["", "0", "000102030405060708090A0B0C0D0E0F", "+0", "0g"] {
            assert_eq!(Nonce::parse(text.as_bytes()), None, "{text}");
            assert_eq!(Nonce::parse(format!("{text:0>33}").as_bytes()), None);
        }
    }
}
