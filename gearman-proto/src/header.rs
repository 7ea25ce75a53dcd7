use std::fmt;

/// Bytes of every packet's header.
pub const HEADER_LENGTH: usize = 12;

/// Which way a packet travels; its magic says nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a wire has two ends")]
pub enum Direction {
    /// To the job server: magic `\0REQ`.
    Request,
    /// From the job server: magic `\0RES`.
    Response,
}

impl Direction {
    /// The four bytes that open a packet of this direction.
    pub const fn magic(self) -> [u8; 4] {
        match self {
            Self::Request => *b"\0REQ",
            Self::Response => *b"\0RES",
        }
    }

    const fn from_magic(magic: [u8; 4]) -> Option<Self> {
        match &magic {
            b"\0REQ" => Some(Self::Request),
            b"\0RES" => Some(Self::Response),
            _ => None,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "REQ",
            Self::Response => "RES",
        })
    }
}

/// The twelve bytes before each body, read but not yet judged: the number may be of no known kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the header is fixed by the wire")]
pub struct Header {
    /// From the magic.
    pub direction: Direction,
    /// The command number as it stands on the wire.
    pub number: u32,
    /// Bytes of the body as announced.
    pub length: u32,
}

impl Header {
    /// The wire form.
    pub fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let [a, b, c, d] = self.direction.magic();
        let [e, f, g, h] = self.number.to_be_bytes();
        let [i, j, k, l] = self.length.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// Reads a header.
    ///
    /// # Errors
    ///
    /// The first four bytes where they are no magic: the stream is out of step, or not Gearman.
    pub fn from_bytes(bytes: [u8; HEADER_LENGTH]) -> Result<Self, [u8; 4]> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        let magic = [a, b, c, d];
        Ok(Self {
            direction: Direction::from_magic(magic).ok_or(magic)?,
            number: u32::from_be_bytes([e, f, g, h]),
            length: u32::from_be_bytes([i, j, k, l]),
        })
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            direction,
            number,
            length,
        } = self;
        write!(f, "{direction} number={number} length={length}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_the_round_trip() {
        let header = Header {
            direction: Direction::Response,
            number: 11,
            length: 0x0102_0304,
        };
        assert_eq!(header.to_bytes(), *b"\0RES\0\0\0\x0b\x01\x02\x03\x04");
        assert_eq!(Header::from_bytes(header.to_bytes()), Ok(header));
    }

    #[test]
    fn another_magic_is_reported_as_found() {
        assert_eq!(Header::from_bytes(*b"GET / HTTP/1"), Err(*b"GET "));
    }
}
