//! What was read as a request is written with the same meaning, in one part or two.
#![no_main]

use bytes::{Bytes, BytesMut};
use gearman_proto::{Direction, FrameDecoder, Kind, Packet, Request};
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
        direction: Direction::Request,
        kind,
        body: Bytes::copy_from_slice(body),
    };
    let Ok(request) = Request::decode(packet) else {
        return;
    };
    assert_eq!(request.kind(), kind);

    let mut wire = BytesMut::new();
    request
        .encode(&mut wire)
        .expect("it was decoded from a short body");

    let mut parts = BytesMut::new();
    let payload = request.encode_head(&mut parts).expect("as above");
    parts.extend_from_slice(payload.map_or(&[], |payload| payload));
    assert_eq!(parts, wire);

    let again = FrameDecoder::default()
        .decode(&mut wire)
        .expect("in step")
        .expect("whole");
    assert!(wire.is_empty());
    assert_eq!(Request::decode(again.expect("known")), Ok(request));
});
