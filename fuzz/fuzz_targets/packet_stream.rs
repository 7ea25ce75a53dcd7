//! A stream in pieces gives what it gives in one, and holds no more memory than its length allows.
#![no_main]

mod pieces;

use bytes::BytesMut;
use gearman_proto::{FrameDecoder, FrameError, HEADER_LENGTH, Packet, PacketError};
use libfuzzer_sys::fuzz_target;

use crate::pieces::Arrival;

/// What the decoder reserves at a time for bytes that have not come.
const STEP: usize = 64 << 10;

type Found = (Vec<Result<Packet, PacketError>>, Option<FrameError>);

fuzz_target!(|input: &[u8]| {
    let Some(Arrival { limit, pieces }) = Arrival::new(input) else {
        return;
    };
    let stream = pieces.concat();
    let whole = decode(limit, &[&stream]);
    assert_eq!(decode(limit, &pieces), whole);
    assert!(whole.0.len() <= stream.len() / HEADER_LENGTH);
});

fn decode(limit: u32, pieces: &[&[u8]]) -> Found {
    let mut decoder = FrameDecoder::new(limit);
    let mut buffer = BytesMut::new();
    let mut found = Vec::new();
    let mut arrived = 0;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        arrived += piece.len();
        loop {
            let next = decoder.decode(&mut buffer);
            // Vectors grow by doubling: hence twice.
            assert!(
                buffer.capacity() <= 2 * (arrived + STEP),
                "{} bytes for {arrived}",
                buffer.capacity()
            );
            match next {
                Ok(Some(item)) => found.push(check(item, limit)),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
        // All that may wait for more is a header in parts, or a body within the limit.
        assert!(buffer.len() < HEADER_LENGTH + (limit as usize).max(1));
    }
    (found, None)
}

fn check(item: Result<Packet, PacketError>, limit: u32) -> Result<Packet, PacketError> {
    match &item {
        Ok(packet) => assert!(packet.body.len() <= limit as usize),
        Err(PacketError::Oversized(oversized)) => assert!(oversized.length > limit),
        Err(PacketError::UnknownKind { .. }) => {}
        Err(error) => panic!("a frame can't be {error}"),
    }
    item
}
