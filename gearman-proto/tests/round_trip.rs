//! What holds for every packet and for every stream of bytes.

mod naive;
mod strategies;

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use gearman_proto::{
    Direction, EncodeError, FrameDecoder, HEADER_LENGTH, Header, Kind, Packet, PacketError,
    Request, Response,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::naive::decode_pieces;
use crate::strategies::{bytes_of, packet, pieces, request, response, stream};

/// The only packet of a wire.
fn one_packet(mut wire: BytesMut) -> Packet {
    let packet = FrameDecoder::default().decode(&mut wire);
    assert!(wire.is_empty(), "bytes after the packet");
    packet.expect("in step").expect("whole").expect("known")
}

fn request_wire(request: &Request) -> BytesMut {
    let mut wire = BytesMut::new();
    request.encode(&mut wire).expect("short enough");
    wire
}

fn response_wire(response: &Response) -> BytesMut {
    let mut wire = BytesMut::new();
    response.encode(&mut wire).expect("short enough");
    wire
}

fn slices(pieces: &[Vec<u8>]) -> Vec<&[u8]> {
    pieces.iter().map(Vec::as_slice).collect()
}

/// A stream, whole and in pieces.
fn cut_stream() -> impl Strategy<Value = Vec<Vec<u8>>> {
    stream().prop_flat_map(pieces)
}

/// Packets around one whose body is over 200 bytes: those before it, it, those after it, all in pieces.
fn oversized_between_good()
-> impl Strategy<Value = (Vec<Packet>, Packet, Vec<Packet>, Vec<Vec<u8>>)> {
    let good = || packet().prop_filter("a short body", |packet| packet.body.len() <= 200);
    let oversized = (packet(), vec(any::<u8>(), 201..20_000)).prop_map(|(mut packet, body)| {
        packet.body = Bytes::from(body);
        packet
    });
    (vec(good(), 0..4), oversized, vec(good(), 1..4)).prop_flat_map(|(before, oversized, after)| {
        let all = before.iter().chain([&oversized]).chain(&after);
        let stream = all.flat_map(bytes_of).collect::<Vec<u8>>();
        (Just(before), Just(oversized), Just(after), pieces(stream))
    })
}

proptest! {
    #[test]
    fn a_request_survives_the_wire(request in request()) {
        prop_assert_eq!(Request::decode(one_packet(request_wire(&request))), Ok(request));
    }

    #[test]
    fn a_response_survives_the_wire(response in response()) {
        prop_assert_eq!(Response::decode(one_packet(response_wire(&response))), Ok(response));
    }

    #[test]
    fn head_and_payload_of_a_request_are_the_whole_of_it(request in request()) {
        let mut parts = BytesMut::new();
        let payload = request.encode_head(&mut parts)?;
        parts.extend_from_slice(payload.map_or(&[], |payload| payload));
        prop_assert_eq!(parts, request_wire(&request));
    }

    #[test]
    fn head_and_payload_of_a_response_are_the_whole_of_it(response in response()) {
        let mut parts = BytesMut::new();
        let payload = response.encode_head(&mut parts)?;
        parts.extend_from_slice(payload.map_or(&[], |payload| payload));
        prop_assert_eq!(parts, response_wire(&response));
    }

    #[test]
    fn requests_are_written_after_what_is_there(requests in vec(request(), 0..4)) {
        let mut wire = BytesMut::new();
        for request in &requests {
            request.encode(&mut wire)?;
        }
        let each = requests.iter().map(request_wire).collect::<Vec<_>>();
        prop_assert_eq!(wire, each.concat());
    }

    #[test]
    fn a_stream_gives_the_same_however_it_is_cut(pieces in cut_stream(), limit in 0..600_u32) {
        let cut = decode_pieces(&mut FrameDecoder::new(limit), slices(&pieces));
        let whole = decode_pieces(&mut FrameDecoder::new(limit), [&*pieces.concat()]);
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn packets_come_out_of_a_stream_as_they_went_in(packets in vec(packet(), 0..6)) {
        let stream = packets.iter().flat_map(bytes_of).collect::<Vec<u8>>();
        let (found, _) = decode_pieces(&mut FrameDecoder::default(), [&*stream]);
        prop_assert_eq!(found, packets.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn junk_is_an_error_or_a_wait_and_never_a_panic(junk in vec(any::<u8>(), 0..200)) {
        let (found, _) = decode_pieces(&mut FrameDecoder::default(), [&*junk]);
        prop_assert!(found.len() <= junk.len() / HEADER_LENGTH);
    }

    #[test]
    fn a_request_that_was_read_is_written_with_the_same_meaning(packet in packet()) {
        if let Ok(request) = Request::decode(packet) {
            prop_assert_eq!(Request::decode(one_packet(request_wire(&request))), Ok(request));
        }
    }

    #[test]
    fn a_response_that_was_read_is_written_with_the_same_meaning(packet in packet()) {
        if let Ok(response) = Response::decode(packet) {
            prop_assert_eq!(Response::decode(one_packet(response_wire(&response))), Ok(response));
        }
    }

    #[test]
    fn an_oversized_packet_takes_none_of_its_neighbours_with_it(
        (before, _, after, pieces) in oversized_between_good()
    ) {
        let (found, _) = decode_pieces(&mut FrameDecoder::new(200), slices(&pieces));
        let good = found.into_iter().filter_map(Result::ok).collect::<Vec<_>>();
        prop_assert_eq!(good, [before, after].concat());
    }

    #[test]
    fn a_body_as_long_as_the_limit_is_not_over_it(packet in packet()) {
        let limit = u32::try_from(packet.body.len()).expect("a short body");
        let (found, _) = decode_pieces(&mut FrameDecoder::new(limit), [&*bytes_of(&packet)]);
        prop_assert_eq!(found, [Ok(packet)]);
    }

    #[test]
    fn an_oversized_packet_tells_how_its_body_began(
        (_, packet, _, pieces) in oversized_between_good()
    ) {
        let (found, _) = decode_pieces(&mut FrameDecoder::new(200), slices(&pieces));
        let errors = found.into_iter().filter_map(Result::err).collect::<Vec<_>>();
        let [PacketError::Oversized(oversized)] = errors.as_slice() else {
            panic!("{errors:?}")
        };
        prop_assert_eq!(&oversized.beginning, &packet.body[..packet.body.len().min(8 << 10)]);
    }

    #[test]
    fn the_decoder_is_at_a_boundary_after_each_whole_packet(packet in packet(), limit in 0..600_u32) {
        let stream = bytes_of(&packet);
        for end in HEADER_LENGTH..=stream.len() {
            let mut decoder = FrameDecoder::new(limit);
            let mut buffer = BytesMut::from(&stream[..end]);
            let found = decoder.decode(&mut buffer)?;
            let all_taken = decoder.at_boundary() && buffer.is_empty();
            prop_assert_eq!(all_taken, found.is_some(), "after {} bytes", end);
        }
    }

    #[test]
    fn a_naive_decoder_cuts_a_stream_alike(pieces in cut_stream(), limit in 0..600_u32) {
        naive::assert_same_frames(&slices(&pieces), limit);
    }

    #[test]
    fn a_naive_decoder_understands_a_good_request_alike(request in request()) {
        naive::assert_same_meaning(&one_packet(request_wire(&request)));
    }

    #[test]
    fn a_naive_decoder_understands_a_good_response_alike(response in response()) {
        naive::assert_same_meaning(&one_packet(response_wire(&response)));
    }
}

// Bad arguments come in so many ways that the usual number of cases would miss some.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases * 16))]

    #[test]
    fn a_naive_decoder_understands_a_packet_alike(packet in packet()) {
        naive::assert_same_meaning(&packet);
    }
}

/// The kinds among two thousand values.
fn kinds_of<T>(values: impl Strategy<Value = T>, kind: fn(&T) -> Kind) -> BTreeSet<Kind> {
    let mut runner = TestRunner::deterministic();
    let mut value = || values.new_tree(&mut runner).expect("a value").current();
    (0..2_000).map(|_| kind(&value())).collect()
}

fn kinds_that_travel(direction: Direction) -> BTreeSet<Kind> {
    let kinds = Kind::ALL.iter().copied();
    kinds.filter(|kind| kind.travels(direction)).collect()
}

#[test]
fn the_requests_tried_here_are_of_every_kind() {
    let tried = kinds_of(request(), Request::kind);
    assert_eq!(tried, kinds_that_travel(Direction::Request));
}

#[test]
fn the_responses_tried_here_are_of_every_kind() {
    let tried = kinds_of(response(), Response::kind);
    assert_eq!(tried, kinds_that_travel(Direction::Response));
}

/// The buffer grows by doubling, as vectors do; what was merely announced adds two steps at most.
#[test]
fn the_buffer_grows_with_what_has_arrived_and_not_with_what_was_announced() {
    const STEP: usize = 64 << 10;
    let header = Header {
        direction: Direction::Request,
        number: Kind::EchoReq.number(),
        length: u32::MAX,
    };
    let mut decoder = FrameDecoder::new(u32::MAX);
    let mut buffer = BytesMut::from(&header.to_bytes()[..]);
    while buffer.len() < 2 << 20 {
        assert_eq!(decoder.decode(&mut buffer), Ok(None));
        let (arrived, capacity) = (buffer.len(), buffer.capacity());
        assert!(
            capacity <= 2 * (arrived + STEP),
            "{capacity} bytes for {arrived}"
        );
        buffer.extend_from_slice(&[b'x'; 1_000]);
    }
}

#[test]
fn the_body_of_an_oversized_packet_does_not_pile_up() {
    let header = Header {
        direction: Direction::Request,
        number: Kind::EchoReq.number(),
        length: u32::MAX,
    };
    let mut decoder = FrameDecoder::new(1_000);
    let mut buffer = BytesMut::from(&header.to_bytes()[..]);
    for _ in 0..1_000 {
        assert_eq!(decoder.decode(&mut buffer), Ok(None));
        assert!(buffer.is_empty());
        buffer.extend_from_slice(&[b'x'; 1_000]);
    }
    assert!(buffer.capacity() <= 64 << 10, "{}", buffer.capacity());
}

/// The memory is asked for and never touched.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_body_that_the_length_field_can_not_hold_is_refused_and_nothing_is_written() {
    let workload = Bytes::from(vec![0; u32::MAX as usize]);
    let function = gearman_proto::FunctionName::new("f").expect("a good name");
    let request = Request::Submit(gearman_proto::Submission::foreground(function, workload));
    let mut wire = BytesMut::new();
    let error = EncodeError::BodyTooLong {
        kind: Kind::SubmitJob,
        length: u64::from(u32::MAX) + 3,
    };
    assert_eq!((request.encode(&mut wire), wire.len()), (Err(error), 0));
}
