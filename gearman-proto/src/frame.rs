use bytes::{Buf, Bytes, BytesMut};

use crate::{Direction, HEADER_LENGTH, Header, Kind, Packet, PacketError};

/// The largest body that a [`FrameDecoder`] accepts unless told otherwise: 64 MiB.
pub const DEFAULT_BODY_LIMIT: u32 = 64 << 20;

/// The most that is reserved for bytes that were announced but have not come.
const RESERVE_STEP: usize = 64 << 10;

/// Bytes of an over-limit body that are kept, so that its first arguments can be read. gearmand's own
/// limit for all arguments but the payload is the same.
const KEPT: usize = 8 << 10;

/// The stream can't be followed any longer: close it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// No packet begins like this.
    #[error("a packet begins with \\0REQ or \\0RES, found {}", found.escape_ascii())]
    BadMagic {
        /// Where the magic should be.
        found: [u8; 4],
    },
}

/// A body longer than the limit. It was dropped as it arrived, all but its beginning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} with a body of {length} bytes is over the limit of {limit}")]
#[non_exhaustive]
pub struct Oversized {
    /// Which way the packet travelled.
    pub direction: Direction,
    /// What it was.
    pub kind: Kind,
    /// Bytes of the body as announced.
    pub length: u32,
    /// Bytes that are accepted.
    pub limit: u32,
    /// The first bytes of the body, at most 8 KiB: whose packet it was can be read from them.
    pub beginning: Bytes,
}

/// Cuts packets from a stream of bytes. It can be resumed at every byte.
///
/// A length is compared with the limit before anything is reserved, and 64 KiB at most are asked for
/// beyond what has arrived, however much was announced. The buffer doubles when it grows, so it may have
/// room for twice what has arrived and 128 KiB more.
///
/// # Errors and recovery
///
/// The outer error, [`FrameError`], is the stream's: what follows means nothing. The bytes that broke it are
/// left in the buffer, and asked again the decoder says the same.
///
/// The inner one, [`PacketError`], is that packet's: it has been passed over, go on. The decoder finds two
/// of them, [`UnknownKind`](PacketError::UnknownKind) and [`Oversized`]; the others are found where the
/// packet is understood, by [`Request::decode`](crate::Request::decode) and
/// [`Response::decode`](crate::Response::decode).
#[derive(Clone, Debug)]
pub struct FrameDecoder {
    limit: u32,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    AtHeader,
    /// An over-limit or unknown body passes by.
    Discarding(Discarded),
}

#[derive(Clone, Debug)]
struct Discarded {
    header: Header,
    /// The beginning of the body.
    kept: BytesMut,
    /// Bytes that have not passed yet.
    remaining: usize,
}

impl Default for FrameDecoder {
    fn default() -> Self {
        Self::new(DEFAULT_BODY_LIMIT)
    }
}

impl FrameDecoder {
    /// A decoder that accepts bodies of up to `limit` bytes.
    pub const fn new(limit: u32) -> Self {
        Self {
            limit,
            state: State::AtHeader,
        }
    }

    /// Whether the next byte opens a packet. Servers look at that byte: anything but NUL opens a line of
    /// the text protocol.
    pub const fn at_boundary(&self) -> bool {
        matches!(self.state, State::AtHeader)
    }

    /// Takes the next packet from `src`; `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// See the type's documentation.
    // Where it is not inlined, the packet is moved through memory once more, which takes longer than
    // finding it.
    #[inline(always)]
    pub fn decode(
        &mut self,
        src: &mut BytesMut,
    ) -> Result<Option<Result<Packet, PacketError>>, FrameError> {
        if let State::Discarding(_) = self.state {
            return Ok(self.discard(src));
        }
        let Some(raw) = src.first_chunk::<HEADER_LENGTH>() else {
            return Ok(None);
        };
        let header = Header::from_bytes(*raw).map_err(|found| FrameError::BadMagic { found })?;
        let length = header.length as usize;
        let kind = match Kind::from_number(header.number) {
            Some(kind) if header.length <= self.limit => kind,
            _ => {
                src.advance(HEADER_LENGTH);
                self.state = State::Discarding(Discarded {
                    header,
                    kept: BytesMut::new(),
                    remaining: length,
                });
                return Ok(self.discard(src));
            }
        };
        let missing = HEADER_LENGTH
            .saturating_add(length)
            .saturating_sub(src.len());
        if missing > 0 {
            src.reserve(missing.min(RESERVE_STEP));
            return Ok(None);
        }
        // A body of no bytes would keep the read buffer alive like any other.
        let body = if length == 0 {
            src.advance(HEADER_LENGTH);
            Bytes::new()
        } else {
            let mut packet = src.split_to(HEADER_LENGTH.saturating_add(length)).freeze();
            packet.advance(HEADER_LENGTH);
            packet
        };
        Ok(Some(Ok(Packet {
            direction: header.direction,
            kind,
            body,
        })))
    }

    /// Lets a body pass by, and tells what it was when all of it has passed.
    #[cold]
    fn discard(&mut self, src: &mut BytesMut) -> Option<Result<Packet, PacketError>> {
        let State::Discarding(Discarded {
            header,
            kept,
            remaining,
        }) = &mut self.state
        else {
            return None;
        };
        let wanted = KEPT
            .saturating_sub(kept.len())
            .min(*remaining)
            .min(src.len());
        kept.extend_from_slice(src.get(..wanted).unwrap_or_default());
        let passed = src.len().min(*remaining);
        src.advance(passed);
        *remaining = remaining.saturating_sub(passed);
        if *remaining > 0 {
            return None;
        }
        let error = over(*header, self.limit, kept.split().freeze());
        self.state = State::AtHeader;
        Some(Err(error))
    }
}

fn over(header: Header, limit: u32, beginning: Bytes) -> PacketError {
    let Header {
        direction,
        number,
        length,
    } = header;
    match Kind::from_number(number) {
        Some(kind) => Oversized {
            direction,
            kind,
            length,
            limit,
            beginning,
        }
        .into(),
        None => PacketError::UnknownKind { header },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: Kind, body: &'static [u8]) -> Packet {
        Packet {
            direction: Direction::Request,
            kind,
            body: Bytes::from_static(body),
        }
    }

    fn bytes_of(packet: &Packet) -> Vec<u8> {
        let length = u32::try_from(packet.body.len()).unwrap();
        let header = Header {
            direction: packet.direction,
            number: packet.kind.number(),
            length,
        };
        [&header.to_bytes()[..], &packet.body].concat()
    }

    /// Feeds the stream in pieces and collects what comes out.
    fn decode_pieces(
        decoder: &mut FrameDecoder,
        pieces: &[&[u8]],
    ) -> Result<Vec<Result<Packet, PacketError>>, FrameError> {
        let mut buffer = BytesMut::new();
        let mut found = Vec::new();
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Some(item) = decoder.decode(&mut buffer)? {
                found.push(item);
            }
        }
        Ok(found)
    }

    #[test]
    fn a_stream_cut_at_any_byte_gives_the_same_packets() {
        let packets = [packet(Kind::EchoReq, b"a\0b"), packet(Kind::GrabJob, b"")];
        let stream = packets.iter().flat_map(bytes_of).collect::<Vec<u8>>();
        for cut in 0..=stream.len() {
            let (a, b) = stream.split_at(cut);
            let found = decode_pieces(&mut FrameDecoder::default(), &[a, b]).unwrap();
            assert_eq!(found, packets.clone().map(Ok));
        }
    }

    #[test]
    fn a_body_over_the_limit_is_the_error_of_its_packet_and_the_stream_goes_on() {
        let next = packet(Kind::GrabJob, b"");
        let mut stream = bytes_of(&packet(Kind::EchoReq, b"too long"));
        stream.extend(bytes_of(&next));
        let found = decode_pieces(&mut FrameDecoder::new(7), &[&stream]).unwrap();
        let Err(PacketError::Oversized(oversized)) = &found[0] else {
            panic!("{found:?}")
        };
        assert_eq!((oversized.length, oversized.limit), (8, 7));
        assert_eq!(oversized.beginning, "too long");
        assert_eq!(found[1], Ok(next));
    }

    #[test]
    fn only_the_beginning_of_an_oversized_body_is_kept() {
        let mut decoder = FrameDecoder::new(0);
        let header = Header {
            direction: Direction::Request,
            number: 16,
            length: 20_000,
        }
        .to_bytes();
        let body = vec![b'x'; 20_000];
        let found = decode_pieces(&mut decoder, &[&header, &body]).unwrap();
        let Err(PacketError::Oversized(oversized)) = &found[0] else {
            panic!("{found:?}")
        };
        assert_eq!(oversized.beginning.len(), KEPT);
    }

    #[test]
    fn an_announced_length_reserves_one_step_at_most() {
        let mut buffer = BytesMut::new();
        let header = Header {
            direction: Direction::Request,
            number: 16,
            length: u32::MAX,
        };
        buffer.extend_from_slice(&header.to_bytes());
        assert_eq!(FrameDecoder::new(u32::MAX).decode(&mut buffer), Ok(None));
        assert!(
            buffer.capacity() <= 2 * RESERVE_STEP,
            "{}",
            buffer.capacity()
        );
    }

    #[test]
    fn an_unknown_kind_carries_its_header_and_is_passed_over() {
        let header = Header {
            direction: Direction::Request,
            number: 0x8000_0007,
            length: 3,
        };
        let stream = [
            &header.to_bytes()[..],
            b"abc",
            &bytes_of(&packet(Kind::GrabJob, b"")),
        ];
        let found = decode_pieces(&mut FrameDecoder::default(), &[&stream.concat()]).unwrap();
        assert_eq!(found[0], Err(PacketError::UnknownKind { header }));
        assert!(found[1].is_ok());
    }

    #[test]
    fn a_bad_magic_poisons_the_stream() {
        let error = decode_pieces(&mut FrameDecoder::default(), &[b"\0REX01234567"]).unwrap_err();
        assert_eq!(error, FrameError::BadMagic { found: *b"\0REX" });
    }
}
