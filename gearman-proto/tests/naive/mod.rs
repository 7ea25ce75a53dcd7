//! A second reader of packets, written to be obvious: it has the whole stream in hand, copies whatever it
//! touches, and follows a table that was typed from the protocol's description, not from the crate.
//!
//! Two readers that agree on everything are either both right or wrong in the same way. The fuzz targets
//! use this file too.

use bytes::BytesMut;
use gearman_proto::{
    AssignmentForm, Direction, FrameDecoder, FrameError, Outcome, Packet, PacketError, Progress,
    Request, Response, SubmissionMode, Update, Work, WorkEvent,
};

/// What has to hold for one argument.
#[derive(Clone, Copy)]
enum Rule {
    /// 1 to so many bytes.
    Name(usize),
    /// A name of up to 63 bytes, or nothing.
    Unique,
    /// A name of up to 127 bytes, each printable and no blank.
    ClientId,
    /// A name of up to 63 bytes; where it is the last argument, it ends at the first NUL.
    Handle,
    /// Digits, of a value up to this.
    Number(u64),
    /// "0" is no, all else is yes.
    Flag,
    /// Anything.
    Text,
    /// Anything, and it is not kept.
    Unused,
    /// Anything, NULs too; always the last.
    Payload,
}

use Rule::{ClientId, Flag, Handle, Name, Number, Payload, Text, Unique, Unused};

const FUNCTION: (&str, Rule) = ("function", Name(512));
const UNIQUE: (&str, Rule) = ("unique", Unique);
const REDUCER: (&str, Rule) = ("reducer", Name(63));
const HANDLE: (&str, Rule) = ("handle", Handle);
const WORKLOAD: (&str, Rule) = ("workload", Payload);
const DATA: (&str, Rule) = ("data", Payload);

/// Number, whether requests and responses have it, arguments.
type Row = (u32, &'static str, &'static [(&'static str, Rule)]);

const TABLE: &[Row] = &[
    (1, "REQ", &[FUNCTION]),
    (2, "REQ", &[FUNCTION]),
    (3, "REQ", &[]),
    (4, "REQ", &[]),
    (6, "RES", &[]),
    (7, "REQ", &[FUNCTION, UNIQUE, WORKLOAD]),
    (8, "RES", &[HANDLE]),
    (9, "REQ", &[]),
    (10, "RES", &[]),
    (11, "RES", &[HANDLE, FUNCTION, WORKLOAD]),
    (
        12,
        "REQ RES",
        &[HANDLE, ("numerator", Text), ("denominator", Text)],
    ),
    (13, "REQ RES", &[HANDLE, ("result", Payload)]),
    (14, "REQ RES", &[HANDLE]),
    (15, "REQ", &[HANDLE]),
    (16, "REQ", &[DATA]),
    (17, "RES", &[DATA]),
    (18, "REQ", &[FUNCTION, UNIQUE, WORKLOAD]),
    (19, "RES", &[("code", Text), ("text", Payload)]),
    (
        20,
        "RES",
        &[
            HANDLE,
            ("known", Flag),
            ("running", Flag),
            ("numerator", Text),
            ("denominator", Text),
        ],
    ),
    (21, "REQ", &[FUNCTION, UNIQUE, WORKLOAD]),
    (22, "REQ", &[("id", ClientId)]),
    (
        23,
        "REQ",
        &[FUNCTION, ("milliseconds", Number(0xffff_ffff))],
    ),
    (24, "REQ", &[]),
    (25, "REQ RES", &[HANDLE, ("exception", Payload)]),
    (26, "REQ", &[("option", Name(63))]),
    (27, "RES", &[("option", Name(63))]),
    (28, "REQ RES", &[HANDLE, DATA]),
    (29, "REQ RES", &[HANDLE, ("warning", Payload)]),
    (30, "REQ", &[]),
    (31, "RES", &[HANDLE, FUNCTION, UNIQUE, WORKLOAD]),
    (32, "REQ", &[FUNCTION, UNIQUE, WORKLOAD]),
    (33, "REQ", &[FUNCTION, UNIQUE, WORKLOAD]),
    (34, "REQ", &[FUNCTION, UNIQUE, WORKLOAD]),
    (
        35,
        "REQ",
        &[
            FUNCTION,
            UNIQUE,
            ("minute", Text),
            ("hour", Text),
            ("day of month", Text),
            ("month", Text),
            ("day of week", Text),
            WORKLOAD,
        ],
    ),
    (
        36,
        "REQ",
        &[
            FUNCTION,
            UNIQUE,
            ("epoch seconds", Number(u64::MAX)),
            WORKLOAD,
        ],
    ),
    (
        37,
        "REQ",
        &[FUNCTION, UNIQUE, REDUCER, ("unused", Unused), WORKLOAD],
    ),
    (
        38,
        "REQ",
        &[FUNCTION, UNIQUE, REDUCER, ("unused", Unused), WORKLOAD],
    ),
    (39, "REQ", &[]),
    (40, "RES", &[HANDLE, FUNCTION, UNIQUE, REDUCER, WORKLOAD]),
    (41, "REQ", &[("unique", Name(63))]),
    (
        42,
        "RES",
        &[
            ("unique", Name(63)),
            ("known", Flag),
            ("running", Flag),
            ("numerator", Text),
            ("denominator", Text),
            ("client count", Number(0xffff_ffff)),
        ],
    ),
];

/// What a packet says, with nothing left of how it was written; or the first argument that is wrong.
type Meaning = Result<Vec<Vec<u8>>, &'static str>;

fn read(direction: &str, number: u32, body: &[u8]) -> Meaning {
    let row = TABLE.iter().find(|(row, ..)| *row == number);
    let Some((_, directions, arguments)) = row else {
        return Err("no such number");
    };
    if !directions.contains(direction) {
        return Err("wrong direction");
    }
    let Some(((last_name, last_rule), heads)) = arguments.split_last() else {
        return Ok(Vec::new());
    };
    let mut pieces = body
        .splitn(arguments.len(), |byte| *byte == 0)
        .collect::<Vec<_>>();
    let mut said = Vec::new();
    for (position, (name, rule)) in heads.iter().enumerate() {
        // The last piece is not followed by NUL.
        if position + 1 >= pieces.len() {
            return Err(name);
        }
        said.extend(argument(*rule, pieces[position]).ok_or(*name)?);
    }
    let mut last = pieces.remove(heads.len());
    if matches!(last_rule, Handle) {
        last = last.split(|byte| *byte == 0).next().unwrap_or_default();
    }
    said.extend(argument(*last_rule, last).ok_or(*last_name)?);
    Ok(said)
}

/// The argument as it is kept, if it is a good one.
fn argument(rule: Rule, raw: &[u8]) -> Option<Option<Vec<u8>>> {
    let nul = raw.contains(&0);
    let name = |limit| (1..=limit).contains(&raw.len()) && !nul;
    let good = match rule {
        Name(limit) => name(limit),
        Unique => raw.is_empty() || name(63),
        ClientId => name(127) && raw.iter().all(|byte| (b'!'..=b'~').contains(byte)),
        Handle => name(63),
        Text => !nul,
        Flag | Unused | Payload => true,
        Number(limit) => return number(raw, limit).map(|digits| Some(digits.into_bytes())),
    };
    let kept = match rule {
        Unused => None,
        Flag if raw == b"0" => Some(b"0".to_vec()),
        Flag => Some(b"1".to_vec()),
        _ => Some(raw.to_vec()),
    };
    good.then_some(kept)
}

fn number(raw: &[u8], limit: u64) -> Option<String> {
    if raw.is_empty() {
        return None;
    }
    let mut value: u128 = 0;
    for digit in raw {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u128::from(digit - b'0');
        if value > u128::from(limit) {
            return None;
        }
    }
    Some(value.to_string())
}

/// A whole packet, or what came in its place.
#[derive(Debug, PartialEq)]
enum Frame {
    Packet {
        direction: &'static str,
        number: u32,
        body: Vec<u8>,
    },
    TooLong {
        direction: &'static str,
        number: u32,
        length: u32,
        beginning: Vec<u8>,
    },
    Unknown {
        direction: &'static str,
        number: u32,
        length: u32,
    },
}

/// The frames of a stream, and whether it broke after them.
fn frames(stream: &[u8], limit: u32) -> (Vec<Frame>, bool) {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 12 <= stream.len() {
        let direction = match &stream[at..at + 4] {
            b"\0REQ" => "REQ",
            b"\0RES" => "RES",
            _ => return (found, true),
        };
        let word = |at: usize| {
            stream[at..at + 4]
                .iter()
                .fold(0, |word, byte| word * 256 + u32::from(*byte))
        };
        let (number, length) = (word(at + 4), word(at + 8));
        let end = at + 12 + length as usize;
        if end > stream.len() {
            break;
        }
        let body = &stream[at + 12..end];
        found.push(if TABLE.iter().all(|(row, ..)| *row != number) {
            Frame::Unknown {
                direction,
                number,
                length,
            }
        } else if length > limit {
            Frame::TooLong {
                direction,
                number,
                length,
                beginning: body[..body.len().min(8192)].to_vec(),
            }
        } else {
            Frame::Packet {
                direction,
                number,
                body: body.to_vec(),
            }
        });
        at = end;
    }
    (found, false)
}

/// What the crate's decoder finds in a stream that arrives in pieces, and whether it broke then.
///
/// # Panics
///
/// Where the decoder takes the bytes that broke the stream, or says anything else when it is asked again.
pub(crate) fn decode_pieces<'a>(
    decoder: &mut FrameDecoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Result<Packet, PacketError>>, bool) {
    let mut buffer = BytesMut::new();
    let mut found = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(item)) => found.push(item),
                Ok(None) => break,
                Err(FrameError::BadMagic { found: magic }) => {
                    assert!(buffer.starts_with(&magic), "the bad magic is left in place");
                    let again = decoder.decode(&mut buffer);
                    assert_eq!(again, Err(FrameError::BadMagic { found: magic }));
                    return (found, true);
                }
                Err(error) => panic!("what is {error}?"),
            }
        }
    }
    (found, false)
}

const fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "REQ",
        Direction::Response => "RES",
    }
}

fn frame(item: &Result<Packet, PacketError>) -> Frame {
    match item {
        Ok(packet) => Frame::Packet {
            direction: word(packet.direction),
            number: packet.kind.number(),
            body: packet.body.to_vec(),
        },
        Err(PacketError::Oversized(oversized)) => Frame::TooLong {
            direction: word(oversized.direction),
            number: oversized.kind.number(),
            length: oversized.length,
            beginning: oversized.beginning.to_vec(),
        },
        Err(PacketError::UnknownKind { header }) => Frame::Unknown {
            direction: word(header.direction),
            number: header.number,
            length: header.length,
        },
        Err(error) => panic!("a frame can't be {error}"),
    }
}

/// Holds the crate's decoder, fed in pieces, against the naive one, which has the whole stream.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn assert_same_frames(pieces: &[&[u8]], limit: u32) {
    let (found, broken) = decode_pieces(&mut FrameDecoder::new(limit), pieces.iter().copied());
    let found = found.iter().map(frame).collect::<Vec<_>>();
    assert_eq!((found, broken), frames(&pieces.concat(), limit));
}

/// Holds what the crate makes of a packet, as a request and as a response, against the naive reading.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn assert_same_meaning(packet: &Packet) {
    let (number, direction) = (packet.kind.number(), word(packet.direction));
    let as_one_of = |wanted: &'static str| {
        if direction == wanted {
            read(direction, number, &packet.body)
        } else {
            Err("wrong direction")
        }
    };
    let request = Request::decode(packet.clone());
    if let Ok(request) = &request {
        assert_eq!(request.kind(), packet.kind);
    }
    let request = request
        .map(|request| said_by_request(&request))
        .map_err(wrong_part);
    assert_eq!(request, as_one_of("REQ"), "{packet:?}");
    let response = Response::decode(packet.clone());
    if let Ok(response) = &response {
        assert_eq!(response.kind(), packet.kind);
    }
    let response = response
        .map(|response| said_by_response(&response))
        .map_err(wrong_part);
    assert_eq!(response, as_one_of("RES"), "{packet:?}");
}

fn wrong_part(error: PacketError) -> &'static str {
    match error {
        PacketError::WrongDirection { .. } => "wrong direction",
        PacketError::Malformed { argument, .. } => argument,
        error => panic!("a packet of a known kind can't be {error}"),
    }
}

fn said_by_request(request: &Request) -> Vec<Vec<u8>> {
    let said: Vec<&[u8]> = match request {
        Request::ResetAbilities | Request::PreSleep | Request::GrabJob(_) | Request::AllYours => {
            vec![]
        }
        Request::CanDo(function) | Request::CantDo(function) => vec![function.as_bytes()],
        Request::CanDoTimeout(function, milliseconds) => {
            return vec![
                function.as_bytes().to_vec(),
                milliseconds.to_string().into_bytes(),
            ];
        }
        Request::Work(work) => said_by_work(work),
        Request::SetClientId(id) => vec![id.as_bytes()],
        Request::GetStatus(handle) => vec![handle.as_bytes()],
        Request::GetStatusUnique(unique) => vec![unique.as_bytes()],
        Request::Echo(data) => vec![data],
        Request::SetOption(option) => vec![option.as_bytes()],
        Request::Submit(job) => {
            let unique = job
                .unique
                .as_ref()
                .map_or(&b""[..], |unique| unique.as_bytes());
            let mut said = vec![job.function.as_bytes().to_vec(), unique.to_vec()];
            match &job.mode {
                SubmissionMode::Foreground(_) | SubmissionMode::Background(_) => {}
                SubmissionMode::Epoch(seconds) => said.push(seconds.to_string().into_bytes()),
                SubmissionMode::Reduce { reducer, .. } => said.push(reducer.as_bytes().to_vec()),
                SubmissionMode::Cron(cron) => {
                    said.extend(cron.fields().iter().map(|field| field.to_vec()));
                }
            }
            said.push(job.workload.to_vec());
            return said;
        }
    };
    said.into_iter().map(<[u8]>::to_vec).collect()
}

fn said_by_response(response: &Response) -> Vec<Vec<u8>> {
    let clients;
    let digit = |flag| if flag { &b"1"[..] } else { b"0" };
    let said: Vec<&[u8]> = match response {
        Response::Noop | Response::NoJob => vec![],
        Response::JobAssign(job) => {
            let mut said = vec![
                job.handle().as_bytes().to_vec(),
                job.function_bytes().to_vec(),
            ];
            let form = job.form();
            if let AssignmentForm::Unique(unique) | AssignmentForm::All(unique, _) = &form {
                said.push(unique.map_or(vec![], |unique| unique.as_bytes().to_vec()));
            }
            if let AssignmentForm::All(_, reducer) = &form {
                said.push(reducer.as_bytes().to_vec());
            }
            said.push(job.workload().to_vec());
            return said;
        }
        Response::JobCreated(handle) => vec![handle.as_bytes()],
        Response::Work(work) => said_by_work(work),
        Response::Status(status) => {
            let mut said = vec![
                status.handle.as_bytes(),
                digit(status.known),
                digit(status.running),
            ];
            said.extend(said_by_progress(&status.progress));
            said
        }
        Response::UniqueStatus(status) => {
            clients = status.clients.to_string();
            let mut said = vec![
                status.unique.as_bytes(),
                digit(status.known),
                digit(status.running),
            ];
            said.extend(said_by_progress(&status.progress));
            said.push(clients.as_bytes());
            said
        }
        Response::Echo(data) => vec![data],
        Response::OptionSet(option) => vec![option.as_bytes()],
        // The error's parts are private: its wire form is taken apart, NUL by NUL.
        Response::Error(_) => {
            let mut wire = BytesMut::new();
            response
                .encode(&mut wire)
                .expect("it was decoded from a shorter packet");
            let parts = wire[12..].splitn(2, |byte| *byte == 0);
            return parts.map(<[u8]>::to_vec).collect();
        }
    };
    said.into_iter().map(<[u8]>::to_vec).collect()
}

fn said_by_work(work: &Work) -> Vec<&[u8]> {
    let mut said = vec![work.handle.as_bytes()];
    match &work.event {
        WorkEvent::Update(Update::Data(data) | Update::Warning(data))
        | WorkEvent::End(Outcome::Complete(data) | Outcome::Exception(data)) => said.push(data),
        WorkEvent::Update(Update::Status(progress)) => said.extend(said_by_progress(progress)),
        WorkEvent::End(Outcome::Fail) => {}
    }
    said
}

fn said_by_progress(progress: &Progress) -> [&[u8]; 2] {
    [
        progress.numerator.as_bytes(),
        progress.denominator.as_bytes(),
    ]
}
