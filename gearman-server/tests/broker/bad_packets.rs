//! Packets that are wrong: built from bytes, as a peer would send them.

use bytes::{BufMut, Bytes, BytesMut};
use gearman_proto::{FrameDecoder, Kind, PacketError, Request, Response};
use gearman_server::{ConnectionId, Output};

use crate::world::{World, error, failed};

const REQUEST: &[u8; 4] = b"\0REQ";
const RESPONSE: &[u8; 4] = b"\0RES";

/// What the decoder says of these bytes, with bodies of up to 1 KiB.
fn packet_error(magic: &[u8; 4], number: u32, body: &[u8]) -> PacketError {
    let mut wire = BytesMut::new();
    wire.put_slice(magic);
    wire.put_u32(number);
    wire.put_u32(body.len().try_into().expect("short"));
    wire.put_slice(body);
    let frame = FrameDecoder::new(1_024).decode(&mut wire);
    let packet = frame.expect("a good magic").expect("a whole packet");
    packet.and_then(Request::decode).expect_err("a bad packet")
}

fn send(world: &mut World, from: ConnectionId, magic: &[u8; 4], number: u32, body: &[u8]) {
    let error = packet_error(magic, number, body);
    world.broker.handle_bad_packet(from, error);
    world.collect();
}

fn answer(magic: &[u8; 4], number: u32, body: &[u8]) -> Response {
    let mut world = World::new();
    let connection = world.connect();
    send(&mut world, connection, magic, number, body);
    let answer = world.next(connection);
    world.nothing(connection);
    answer
}

fn answer_to(kind: Kind, body: impl Into<Bytes>) -> Response {
    answer(REQUEST, kind.number(), &body.into())
}

#[test]
fn what_a_server_sends_is_not_expected() {
    for number in [5, 6, 8, 10, 11, 17, 19, 20, 27, 31, 40, 42] {
        assert_eq!(
            answer(REQUEST, number, b""),
            error("INVALID_COMMAND", "Command not expected"),
            "{number}"
        );
    }
}

#[test]
fn the_magic_of_a_response_is_refused_whatever_the_packet() {
    for number in [1, 5, 10, 16] {
        assert_eq!(
            answer(RESPONSE, number, b""),
            error("INVALID_MAGIC", "Request magic expected"),
            "{number}"
        );
    }
}

#[test]
fn a_number_that_does_not_exist_closes_the_connection() {
    for number in [0, 43, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let mut world = World::new();
        let connection = world.worker(&["f"]);
        send(&mut world, connection, REQUEST, number, b"");
        assert_eq!(world.next_output(connection), Some(Output::Close));
        world.send(connection, Request::Echo("x".into()));
        world.nothing(connection);
        assert!(world.broker.snapshot().connections.is_empty());
    }
}

#[test]
fn a_long_unique_or_reducer_is_too_large() {
    let long = "u".repeat(64);
    let expected = error("ARGUMENT_TOO_LARGE", "Unique value too large");
    for (kind, body) in [
        (Kind::SubmitJob, format!("f\0{long}\0w")),
        (Kind::SubmitJobLowBg, format!("f\0{long}\0w")),
        (Kind::SubmitJobEpoch, format!("f\0{long}\x001\0w")),
        (Kind::SubmitReduceJob, format!("f\0u\0{long}\0\0w")),
    ] {
        assert_eq!(answer_to(kind, body), expected, "{kind}");
    }
}

#[test]
fn work_fail_with_a_long_handle_has_words_of_its_own() {
    let text = "Error occurred due to GEARMAND_JOB_HANDLE_SIZE being too small from snprintf";
    assert_eq!(
        answer_to(Kind::WorkFail, "h".repeat(64)),
        error("ARGUMENT_TOO_LARGE", text)
    );
}

#[test]
fn other_news_with_a_long_handle_are_about_a_job_that_does_not_exist() {
    let body = format!("{}\0x", "h".repeat(64));
    assert_eq!(
        answer_to(Kind::WorkData, body),
        error("JOB_NOT_FOUND", "Job does not exist on server")
    );
}

#[test]
fn every_question_has_an_answer() {
    for (kind, body) in [
        (Kind::GetStatus, "h".repeat(64)),
        (Kind::GetStatus, String::new()),
        (Kind::GetStatusUnique, "u".repeat(64)),
        (Kind::SubmitJobEpoch, "f\0u\0soon\0w".to_owned()),
        (Kind::SubmitJob, "f\0u".to_owned()),
        (Kind::SubmitJob, "\0u\0w".to_owned()),
        (Kind::SubmitReduceJob, "f\0u\0r\0".to_owned()),
        (Kind::SubmitJobSched, "f\0u\0*".to_owned()),
        (Kind::CanDo, "f\0".to_owned()),
        (Kind::CanDoTimeout, "f\0soon".to_owned()),
        (Kind::OptionReq, String::new()),
    ] {
        assert!(
            matches!(answer_to(kind, body), Response::Error(_)),
            "{kind}"
        );
    }
}

#[test]
fn a_bad_client_id_is_ignored() {
    let mut world = World::new();
    let connection = world.connect();
    send(&mut world, connection, REQUEST, 22, b"two words");
    world.nothing(connection);
    assert_eq!(world.command(connection, "workers"), "1 127.0.0.1 - :\n.\n");
}

#[test]
fn a_body_over_the_limit_is_an_error_and_the_connection_lives() {
    let mut world = World::new();
    let connection = world.connect();
    send(&mut world, connection, REQUEST, 16, &[b'x'; 2_000]);
    assert!(matches!(world.next(connection), Response::Error(_)));
    world.send(connection, Request::Echo("x".into()));
    assert_eq!(world.next(connection), Response::Echo("x".into()));
}

#[test]
fn a_result_over_the_limit_fails_its_job() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    let mut body = handle.as_bytes().to_vec();
    body.push(0);
    body.resize(2_000, b'x');
    for kind in [Kind::WorkData, Kind::WorkComplete] {
        world.nothing(client);
        send(&mut world, worker, REQUEST, kind.number(), &body);
        assert!(matches!(world.next(worker), Response::Error(_)));
    }
    assert_eq!(world.next(client), failed(handle));
    assert_eq!(world.running("f"), 0);
}

#[test]
fn a_strangers_result_over_the_limit_fails_nothing() {
    let mut world = World::new();
    let (worker, client, stranger) = (world.worker(&["f"]), world.connect(), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    let mut body = handle.as_bytes().to_vec();
    body.push(0);
    body.resize(2_000, b'x');
    send(
        &mut world,
        stranger,
        REQUEST,
        Kind::WorkComplete.number(),
        &body,
    );
    world.nothing(client);
    assert_eq!(world.running("f"), 1);
}
