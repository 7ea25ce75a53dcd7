//! What decoding asks of the allocator, counted. A binary of its own: the counting allocator is for all of it.

use std::alloc::System;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use gearman_proto::{
    Assignment, AssignmentForm, Direction, FrameDecoder, FunctionName, HEADER_LENGTH, Header,
    JobHandle, Kind, Outcome, PacketError, Progress, Request, Response, UniqueId, Update, Work,
    WorkEvent,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Calls to the allocator, and the bytes that they asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    calls: usize,
    bytes: usize,
}

/// All threads are counted: only one test at a time may measure.
static TURN: Mutex<()> = Mutex::new(());

/// What `run` asks for, each time with a new `input`. What the test runner does meanwhile is counted too, so
/// the least of several runs is the one that counts; `run` itself asks for the same each time.
fn asked<I, O>(input: impl Fn() -> I, run: impl Fn(I) -> O) -> Asked {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let one_run = || {
        let input = input();
        let region = Region::new(ALLOCATOR);
        let output = run(input);
        let change = region.change();
        drop(output);
        Asked {
            calls: change.allocations + change.reallocations,
            bytes: change.bytes_allocated,
        }
    };
    (0..20).map(|_| one_run()).min().expect("twenty runs")
}

fn header(kind: Kind, length: u32) -> [u8; HEADER_LENGTH] {
    let header = Header {
        direction: Direction::Response,
        number: kind.number(),
        length,
    };
    header.to_bytes()
}

/// Decodes all that is there, and throws it away.
fn decode_all(mut stream: BytesMut) -> usize {
    let mut decoder = FrameDecoder::default();
    let mut count = 0;
    while let Some(packet) = decoder.decode(&mut stream).expect("in step") {
        let response = Response::decode(packet.expect("a good packet"));
        count += usize::from(response.is_ok());
    }
    count
}

/// So many copies of a packet in one buffer.
fn stream_of(response: &Response, count: usize) -> BytesMut {
    let mut stream = BytesMut::new();
    for _ in 0..count {
        response.encode(&mut stream).expect("short enough");
    }
    stream
}

fn handle() -> JobHandle {
    JobHandle::new("H:a-host.example:4711").expect("a good name")
}

fn assignment(function: &str) -> Response {
    Response::JobAssign(Assignment::new(
        handle(),
        &FunctionName::new(function).expect("a good name"),
        AssignmentForm::Unique(UniqueId::new("some-unique-id").ok()),
        Bytes::from_static(&[b'x'; 100]),
    ))
}

#[test]
fn an_announcement_of_4_gib_asks_for_the_documented_128_kib_at_most() {
    let input = || BytesMut::from(&header(Kind::JobAssign, u32::MAX)[..]);
    let asked = asked(input, |mut stream| {
        let mut decoder = FrameDecoder::new(u32::MAX);
        assert_eq!(decoder.decode(&mut stream), Ok(None));
        stream
    });
    assert!(asked.bytes <= 128 << 10, "{asked:?}");
}

#[test]
fn a_body_over_the_limit_asks_for_what_is_kept_of_it_and_no_more() {
    // 8 KiB are kept; the vector that keeps them grows by doubling.
    const KEPT: usize = 8 << 10;
    let input = || BytesMut::with_capacity(64 << 10);
    let asked = asked(input, |mut stream| {
        let mut decoder = FrameDecoder::new(1_000);
        stream.extend_from_slice(&header(Kind::JobAssign, 10_000_000));
        let mut found = decoder.decode(&mut stream);
        for _ in 0..10_000 {
            assert_eq!(found, Ok(None));
            stream.extend_from_slice(&[b'x'; 1_000]);
            found = decoder.decode(&mut stream);
        }
        assert!(matches!(found, Ok(Some(Err(PacketError::Oversized(_))))));
        found
    });
    assert!(asked.bytes <= 2 * KEPT, "{asked:?}");
}

#[test]
fn assignments_ask_for_nothing_however_long_their_names() {
    for function in ["resize", &"f".repeat(512)] {
        let input = || stream_of(&assignment(function), 1_000);
        assert_eq!(decode_all(input()), 1_000);
        // Once for the buffer, which is shared from the first payload on.
        assert_eq!(asked(input, decode_all).calls, 1);
    }
}

#[test]
fn packets_without_a_body_ask_for_nothing() {
    let input = || stream_of(&Response::NoJob, 1_000);
    assert_eq!(asked(input, decode_all).calls, 0);
}

#[test]
fn news_ask_for_nothing_but_the_two_numbers_of_a_status() {
    let news = |event| {
        let response = Response::Work(Work {
            handle: handle(),
            event,
        });
        let input = move || stream_of(&response, 1_000);
        asked(input, decode_all).calls
    };
    let data = Bytes::from_static(b"a part");
    let complete = Outcome::Complete(data.clone());
    assert_eq!(news(WorkEvent::Update(Update::Data(data))), 1);
    assert_eq!(news(WorkEvent::End(complete)), 1);
    assert_eq!(news(WorkEvent::End(Outcome::Fail)), 1);
    let status = Update::Status(Progress::new(1, 2));
    assert_eq!(news(WorkEvent::Update(status)), 1 + 2_000);
}

#[test]
fn a_payload_of_1_mib_is_not_copied() {
    const MIB: usize = 1 << 20;
    let input = || {
        let data = Bytes::from(vec![b'x'; MIB]);
        stream_of(&Response::Echo(data), 1)
    };
    let decode = |mut stream: BytesMut| {
        let range = stream.as_ptr_range();
        let packet = FrameDecoder::default().decode(&mut stream);
        let packet = packet.expect("in step").expect("whole").expect("known");
        let Ok(Response::Echo(data)) = Response::decode(packet) else {
            panic!("an echo is an echo");
        };
        assert_eq!(data.len(), MIB);
        assert!(range.contains(&data.as_ptr()), "in the read buffer");
        data
    };
    let asked = asked(input, decode);
    assert!(asked.bytes < 100, "{asked:?}");
}

#[test]
fn encoding_into_a_buffer_with_room_asks_for_nothing() {
    let outcome = Outcome::Complete(Bytes::from_static(&[b'x'; 100]));
    let request = Request::Work(Work::end(handle(), outcome));
    let input = || BytesMut::with_capacity(200_000);
    let asked = asked(input, |mut wire| {
        for _ in 0..1_000 {
            request.encode(&mut wire).expect("short enough");
        }
        wire
    });
    assert_eq!(asked.calls, 0);
}
