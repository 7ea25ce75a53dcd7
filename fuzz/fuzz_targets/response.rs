//! What was read as a response is written with the same meaning, in one part or two.
#![no_main]

use bytes::{Bytes, BytesMut};
use gearman_proto::{Direction, FrameDecoder, Kind, Packet, Response};
use libfuzzer_sys::fuzz_target;

// The input is the kind's number and the body.
fuzz_target!(|input: &[u8]| {
    let Some((number, body)) = input.split_first() else {
        return;
    };
    let Some(kind) = Kind::from_number(u32::from(*number)) else {
        return;
    };
    let packet = Packet {
        direction: Direction::Response,
        kind,
        body: Bytes::copy_from_slice(body),
    };
    let Ok(response) = Response::decode(packet) else {
        return;
    };
    assert_eq!(response.kind(), kind);

    let mut wire = BytesMut::new();
    response
        .encode(&mut wire)
        .expect("it was decoded from a short body");

    let mut parts = BytesMut::new();
    let payload = response.encode_head(&mut parts).expect("as above");
    parts.extend_from_slice(payload.map_or(&[], |payload| payload));
    assert_eq!(parts, wire);

    let again = FrameDecoder::default()
        .decode(&mut wire)
        .expect("in step")
        .expect("whole");
    assert!(wire.is_empty());
    assert_eq!(Response::decode(again.expect("known")), Ok(response));
});
