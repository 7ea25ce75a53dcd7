//! Everything that can be sent, and much that should not be.
//!
//! The larger strategies are boxed: the trees of values that they make would not fit on a test's stack.

use bytes::{Bytes, BytesMut};
use gearman_proto::{
    Assignment, AssignmentForm, ClientId, CronFields, Direction, FunctionName, GrabForm,
    HEADER_LENGTH, Header, JobHandle, JobStatus, Kind, OptionName, Outcome, Packet, Priority,
    Progress, ReducerName, Request, Response, StatusNumber, Submission, SubmissionMode, UniqueId,
    UniqueStatus, Update, Work, WorkEvent,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

/// Text of `least` to `most` bytes without NUL: mostly short, at times as long as it may be.
fn text(least: usize, most: usize) -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![
        8 => vec(1..=u8::MAX, least..=most.min(least.max(12))),
        1 => vec(1..=u8::MAX, most),
    ]
}

/// Any bytes, at times more than fit in one read.
pub(crate) fn payload() -> BoxedStrategy<Bytes> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..32),
        4 => vec(prop_oneof![Just(0), Just(b'0'), any::<u8>()], 0..8),
        1 => vec(any::<u8>(), 8_000..10_000),
    ]
    .prop_map(Bytes::from)
    .boxed()
}

pub(crate) fn function() -> impl Strategy<Value = FunctionName> {
    text(1, FunctionName::LIMIT).prop_map(|raw| FunctionName::new(raw).expect("good"))
}

pub(crate) fn unique() -> impl Strategy<Value = UniqueId> {
    text(1, UniqueId::LIMIT).prop_map(|raw| UniqueId::new(raw).expect("good"))
}

pub(crate) fn handle() -> impl Strategy<Value = JobHandle> {
    text(1, JobHandle::LIMIT).prop_map(|raw| JobHandle::new(raw).expect("good"))
}

fn reducer() -> impl Strategy<Value = ReducerName> {
    text(1, ReducerName::LIMIT).prop_map(|raw| ReducerName::new(raw).expect("good"))
}

fn option_name() -> impl Strategy<Value = OptionName> {
    text(1, OptionName::LIMIT).prop_map(|raw| OptionName::new(raw).expect("good"))
}

fn client_id() -> impl Strategy<Value = ClientId> {
    vec(b'!'..=b'~', 1..=ClientId::LIMIT).prop_map(|raw| ClientId::new(raw).expect("good"))
}

/// What a worker wrote, be it a number or not. Such texts come over the wire only.
fn status_number() -> BoxedStrategy<StatusNumber> {
    let sent = text(0, 24).prop_map(|text| {
        let body = [b"H:vm:1\0", text.as_slice(), b"\x001"].concat();
        match Request::decode(packet_of(Direction::Request, Kind::WorkStatus, body)) {
            Ok(Request::Work(Work {
                event: WorkEvent::Update(Update::Status(progress)),
                ..
            })) => progress.numerator,
            other => panic!("{other:?} from a good WORK_STATUS"),
        }
    });
    prop_oneof![any::<u32>().prop_map(StatusNumber::from), sent].boxed()
}

fn progress() -> impl Strategy<Value = Progress> {
    (status_number(), status_number()).prop_map(|(numerator, denominator)| Progress {
        numerator,
        denominator,
    })
}

fn priority() -> impl Strategy<Value = Priority> {
    prop_oneof![
        Just(Priority::Low),
        Just(Priority::Normal),
        Just(Priority::High)
    ]
}

fn mode() -> BoxedStrategy<SubmissionMode> {
    let field = || text(0, 12).prop_map(Bytes::from);
    let fields = [field(), field(), field(), field(), field()];
    prop_oneof![
        3 => priority().prop_map(SubmissionMode::Foreground),
        3 => priority().prop_map(SubmissionMode::Background),
        1 => any::<u64>().prop_map(SubmissionMode::Epoch),
        2 => (reducer(), any::<bool>()).prop_map(|(reducer, background)| SubmissionMode::Reduce {
            reducer,
            background,
        }),
        1 => fields.prop_map(|fields| SubmissionMode::Cron(CronFields::new(fields).expect("good"))),
    ]
    .boxed()
}

fn submission() -> BoxedStrategy<Submission> {
    (function(), option::of(unique()), payload(), mode())
        .prop_map(|(function, unique, workload, mode)| Submission {
            function,
            unique,
            workload,
            mode,
        })
        .boxed()
}

fn work() -> BoxedStrategy<Work> {
    let event = prop_oneof![
        payload().prop_map(|data| WorkEvent::Update(Update::Data(data))),
        payload().prop_map(|data| WorkEvent::Update(Update::Warning(data))),
        progress().prop_map(|progress| WorkEvent::Update(Update::Status(progress))),
        payload().prop_map(|data| WorkEvent::End(Outcome::Complete(data))),
        payload().prop_map(|data| WorkEvent::End(Outcome::Exception(data))),
        Just(WorkEvent::End(Outcome::Fail)),
    ];
    (handle(), event)
        .prop_map(|(handle, event)| Work { handle, event })
        .boxed()
}

/// Every request.
pub(crate) fn request() -> BoxedStrategy<Request> {
    prop_oneof![
        2 => function().prop_map(Request::CanDo),
        1 => (function(), any::<u32>()).prop_map(|(function, milliseconds)| {
            Request::CanDoTimeout(function, milliseconds)
        }),
        1 => function().prop_map(Request::CantDo),
        1 => Just(Request::ResetAbilities),
        1 => Just(Request::PreSleep),
        1 => Just(Request::AllYours),
        3 => prop_oneof![Just(GrabForm::Plain), Just(GrabForm::Unique), Just(GrabForm::All)]
            .prop_map(Request::GrabJob),
        6 => work().prop_map(Request::Work),
        1 => client_id().prop_map(Request::SetClientId),
        10 => submission().prop_map(Request::Submit),
        1 => handle().prop_map(Request::GetStatus),
        1 => unique().prop_map(Request::GetStatusUnique),
        1 => payload().prop_map(Request::Echo),
        1 => option_name().prop_map(Request::SetOption),
    ]
    .boxed()
}

fn assignment() -> BoxedStrategy<Assignment> {
    let form = prop_oneof![
        Just(AssignmentForm::Plain),
        option::of(unique()).prop_map(AssignmentForm::Unique),
        (option::of(unique()), reducer())
            .prop_map(|(unique, reducer)| AssignmentForm::All(unique, reducer)),
    ];
    (handle(), function(), payload(), form)
        .prop_map(|(handle, function, workload, form)| {
            Assignment::new(handle, &function, form, workload)
        })
        .boxed()
}

fn job_status() -> impl Strategy<Value = JobStatus> {
    (handle(), any::<bool>(), any::<bool>(), progress()).prop_map(
        |(handle, known, running, progress)| JobStatus {
            handle,
            known,
            running,
            progress,
        },
    )
}

fn unique_status() -> impl Strategy<Value = UniqueStatus> {
    (
        unique(),
        any::<bool>(),
        any::<bool>(),
        progress(),
        any::<u32>(),
    )
        .prop_map(|(unique, known, running, progress, clients)| UniqueStatus {
            unique,
            known,
            running,
            progress,
            clients,
        })
}

/// Errors of servers that we have not met. They come over the wire only.
fn error() -> impl Strategy<Value = Response> {
    (text(0, 20), payload()).prop_map(|(code, text)| {
        let body = [&code, &b"\0"[..], &text].concat();
        Response::decode(packet_of(Direction::Response, Kind::Error, body)).expect("a good ERROR")
    })
}

/// Every response.
pub(crate) fn response() -> BoxedStrategy<Response> {
    prop_oneof![
        1 => Just(Response::Noop),
        1 => Just(Response::NoJob),
        3 => assignment().prop_map(Response::JobAssign),
        1 => handle().prop_map(Response::JobCreated),
        6 => work().prop_map(Response::Work),
        1 => job_status().prop_map(Response::Status),
        1 => unique_status().prop_map(Response::UniqueStatus),
        1 => payload().prop_map(Response::Echo),
        1 => option_name().prop_map(Response::OptionSet),
        1 => error(),
    ]
    .boxed()
}

fn packet_of(direction: Direction, kind: Kind, body: impl Into<Bytes>) -> Packet {
    Packet {
        direction,
        kind,
        body: body.into(),
    }
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Request), Just(Direction::Response)]
}

/// What could stand where an argument is: good for most of them more often than not.
fn piece() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        6 => text(1, 12),
        2 => Just(Vec::new()),
        1 => text(60, 66),
        1 => text(510, 514),
        2 => "[0-9]{1,21}".prop_map(String::into_bytes),
        2 => "[+ -]?[01]".prop_map(String::into_bytes),
    ]
    .boxed()
}

/// As many arguments as the kind has, or any bytes.
fn body_for(kind: Kind) -> impl Strategy<Value = Bytes> {
    let arguments = kind.heads().len() + 1;
    prop_oneof![
        6 => vec(piece(), arguments).prop_map(|pieces| Bytes::from(pieces.join(&0))),
        2 => vec(piece(), 0..10).prop_map(|pieces| Bytes::from(pieces.join(&0))),
        1 => payload(),
    ]
}

/// A packet that can be sent, in one piece.
fn good_packet() -> BoxedStrategy<Packet> {
    prop_oneof![
        request().prop_map(|request| {
            let mut wire = BytesMut::new();
            request.encode(&mut wire).expect("short enough");
            (Direction::Request, request.kind(), wire)
        }),
        response().prop_map(|response| {
            let mut wire = BytesMut::new();
            response.encode(&mut wire).expect("short enough");
            (Direction::Response, response.kind(), wire)
        }),
    ]
    .prop_map(|(direction, kind, mut wire)| {
        packet_of(direction, kind, wire.split_off(HEADER_LENGTH))
    })
    .boxed()
}

/// A good packet with one byte taken out, put in or changed.
fn nearly_good_packet() -> BoxedStrategy<Packet> {
    let byte = prop_oneof![proptest::sample::select(&b"\0+- 09"[..]), any::<u8>()];
    (good_packet(), any::<Index>(), 0..=1_usize, option::of(byte))
        .prop_map(|(mut packet, at, taken, put)| {
            let mut body = packet.body.to_vec();
            let at = at.index(body.len() + 1);
            body.splice(at..(at + taken).min(body.len()), put);
            packet.body = Bytes::from(body);
            packet
        })
        .boxed()
}

/// A packet of any kind in any direction, with a body that may or may not fit it.
pub(crate) fn packet() -> BoxedStrategy<Packet> {
    let made_up = proptest::sample::select(Kind::ALL).prop_flat_map(|kind| {
        (direction(), body_for(kind))
            .prop_map(move |(direction, body)| packet_of(direction, kind, body))
    });
    prop_oneof![2 => made_up, 1 => nearly_good_packet()].boxed()
}

/// The wire form of a packet.
pub(crate) fn bytes_of(packet: &Packet) -> Vec<u8> {
    let header = Header {
        direction: packet.direction,
        number: packet.kind.number(),
        length: u32::try_from(packet.body.len()).expect("a short body"),
    };
    [&header.to_bytes()[..], &packet.body].concat()
}

/// Packets, packets of no known kind, and at times something that is no packet at all.
pub(crate) fn stream() -> BoxedStrategy<Vec<u8>> {
    let number = prop_oneof![0..50_u32, any::<u32>()];
    let unknown =
        (direction(), number, vec(any::<u8>(), 0..20)).prop_map(|(direction, number, body)| {
            let length = u32::try_from(body.len()).expect("a short body");
            let header = Header {
                direction,
                number,
                length,
            };
            [&header.to_bytes()[..], &body].concat()
        });
    let broken = (direction(), any::<[u8; 8]>(), vec(any::<u8>(), 0..20))
        .prop_map(|(direction, numbers, rest)| [&direction.magic()[..], &numbers, &rest].concat());
    let item = prop_oneof![
        8 => packet().prop_map(|packet| bytes_of(&packet)),
        3 => unknown,
        1 => broken,
        1 => vec(any::<u8>(), 0..30),
    ];
    vec(item, 0..6).prop_map(|items| items.concat()).boxed()
}

/// A stream cut anywhere, at times into single bytes.
pub(crate) fn pieces(stream: Vec<u8>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let lengths = prop_oneof![
        3 => vec(0..40_usize, 0..40),
        1 => Just(vec![1; 200]),
        1 => vec(0..4_000_usize, 0..6),
    ];
    lengths.prop_map(move |lengths| {
        let mut rest = stream.as_slice();
        let mut pieces = Vec::new();
        for length in lengths {
            let (piece, after) = rest.split_at(length.min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        pieces.push(rest.to_vec());
        pieces
    })
}
