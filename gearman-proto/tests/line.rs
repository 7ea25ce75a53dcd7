//! What a packet looks like on a line, and what holds for every line.

#[expect(dead_code, reason = "other tests use the rest")]
mod strategies;

use bytes::{Bytes, BytesMut};
use gearman_proto::{
    Direction, FrameDecoder, FunctionName, HEADER_LENGTH, Header, JobHandle, Kind, Outcome, Packet,
    PacketError, Request, Response, Submission, Tail, UniqueId, Work,
};
use proptest::prelude::*;

use crate::strategies::{packet, request, response, stream};

fn packet_of(direction: Direction, kind: Kind, body: impl Into<Bytes>) -> Packet {
    Packet {
        direction,
        kind,
        body: body.into(),
    }
}

fn line(direction: Direction, kind: Kind, body: impl Into<Bytes>) -> String {
    packet_of(direction, kind, body).to_string()
}

use Direction::{Request as Req, Response as Res};

#[test]
fn a_submission_shows_its_names_and_the_size_of_its_workload() {
    let function = FunctionName::new("resize").unwrap();
    let submission = Submission::foreground(function, vec![0; 100]);
    let request = Request::Submit(submission.with_unique(UniqueId::new("42").unwrap()));
    let line = "REQ SUBMIT_JOB function=resize unique=42 workload=100B";
    assert_eq!(request.to_string(), line);
}

#[test]
fn a_kind_without_arguments_is_a_line_of_two_words() {
    assert_eq!(line(Req, Kind::GrabJob, ""), "REQ GRAB_JOB");
    assert_eq!(Response::NoJob.to_string(), "RES NO_JOB");
}

#[test]
fn a_body_that_means_nothing_is_counted() {
    assert_eq!(line(Req, Kind::GrabJob, "junk"), "REQ GRAB_JOB ignored=4B");
}

#[test]
fn a_response_shows_what_it_tells() {
    let handle = JobHandle::new("H:vm:1").unwrap();
    let failed = Response::Work(Work::end(handle, Outcome::Fail));
    assert_eq!(failed.to_string(), "RES WORK_FAIL handle=H:vm:1");
}

#[test]
fn a_sentence_is_in_quotes() {
    let body = "QUEUE_ERROR\0Job queue is full";
    let expected = r#"RES ERROR code=QUEUE_ERROR text="Job queue is full""#;
    assert_eq!(line(Res, Kind::Error, body), expected);
}

#[test]
fn a_value_can_not_pretend_to_be_two_arguments() {
    let expected = r#"REQ CAN_DO function="f workload=1B""#;
    assert_eq!(line(Req, Kind::CanDo, "f workload=1B"), expected);
}

#[test]
fn a_name_can_not_break_the_line() {
    let expected = r#"REQ CAN_DO function="\n\x1b[2J\r\0""#;
    assert_eq!(line(Req, Kind::CanDo, "\n\x1b[2J\r\0"), expected);
}

#[test]
fn a_nul_after_a_handle_is_seen() {
    let expected = r"RES WORK_FAIL handle=H:vm:1\0";
    assert_eq!(line(Res, Kind::WorkFail, "H:vm:1\0"), expected);
}

#[test]
fn arguments_that_no_nul_leads_to_are_missing() {
    let submit = |body: &'static str| line(Req, Kind::SubmitJob, body);
    let missing = r#"REQ SUBMIT_JOB function="" missing=unique,workload"#;
    assert_eq!(submit(""), missing);
    assert_eq!(
        submit("f"),
        "REQ SUBMIT_JOB function=f missing=unique,workload"
    );
    assert_eq!(
        submit("f\0u"),
        "REQ SUBMIT_JOB function=f unique=u missing=workload"
    );
    assert_eq!(
        submit("f\0u\0"),
        "REQ SUBMIT_JOB function=f unique=u workload=0B"
    );
}

#[test]
fn the_blanks_in_the_names_of_arguments_are_underscores() {
    let expected = r#"REQ SUBMIT_JOB_EPOCH function=f unique="" epoch_seconds=9 workload=0B"#;
    assert_eq!(line(Req, Kind::SubmitJobEpoch, "f\0\x009\0"), expected);
}

#[test]
fn a_long_text_is_cut_and_its_length_told() {
    let expected = format!(r#"REQ CAN_DO function="{}"...8192B"#, "f".repeat(128));
    assert_eq!(line(Req, Kind::CanDo, "f".repeat(8192)), expected);
}

#[test]
fn the_beginning_of_a_payload_is_shown_when_asked_for() {
    let echo = packet_of(Req, Kind::EchoReq, "hello world");
    let with_payload = |bytes| echo.display().with_payload(bytes).to_string();
    assert_eq!(with_payload(0), "REQ ECHO_REQ data=11B");
    assert_eq!(with_payload(5), r#"REQ ECHO_REQ data=11B:"hello"..."#);
    assert_eq!(with_payload(11), r#"REQ ECHO_REQ data=11B:"hello world""#);
    let empty = packet_of(Req, Kind::EchoReq, "");
    assert_eq!(
        empty.display().with_payload(5).to_string(),
        "REQ ECHO_REQ data=0B"
    );
}

#[test]
fn the_line_of_an_unknown_kind_is_its_header() {
    let header = Header {
        direction: Req,
        number: 255,
        length: 7,
    };
    let line = "REQ number=255 length=7 (no kind has this number)";
    assert_eq!(
        PacketError::UnknownKind { header }.display().to_string(),
        line
    );
}

#[test]
fn the_line_of_a_packet_that_goes_the_wrong_way_says_so() {
    let error = Request::decode(packet_of(Res, Kind::EchoReq, "x")).unwrap_err();
    let line = "RES ECHO_REQ (does not travel this way)";
    assert_eq!(error.display().to_string(), line);
}

#[test]
fn the_line_of_a_malformed_packet_shows_it_and_says_what_is_wrong() {
    let error = Request::decode(packet_of(Req, Kind::WorkStatus, "H:vm:1\x003")).unwrap_err();
    let line = "REQ WORK_STATUS handle=H:vm:1 numerator=3 missing=denominator \
                (numerator is not ended by NUL)";
    assert_eq!(error.display().to_string(), line);
}

fn oversized(body: &[u8]) -> PacketError {
    let header = Header {
        direction: Res,
        number: Kind::JobAssign.number(),
        length: u32::try_from(body.len()).expect("a short body"),
    };
    let mut wire = BytesMut::from([&header.to_bytes(), body].concat().as_slice());
    let packet = FrameDecoder::new(10).decode(&mut wire);
    let packet = packet.expect("in step").expect("whole");
    packet.expect_err("over the limit")
}

#[test]
fn the_line_of_an_oversized_packet_shows_whose_it_was() {
    let line = "RES JOB_ASSIGN handle=H:vm:1 function=f workload=20000B \
                (body of 20009 bytes is over the limit of 10)";
    let body = [b"H:vm:1\0f\0", &[b'x'; 20_000][..]].concat();
    assert_eq!(oversized(&body).display().to_string(), line);
}

#[test]
fn arguments_that_were_not_kept_are_unread_and_not_missing() {
    let line = format!(
        "RES JOB_ASSIGN handle=\"{}\"...9000B unread=function,workload \
         (body of 9000 bytes is over the limit of 10)",
        "h".repeat(128)
    );
    assert_eq!(oversized(&[b'h'; 9000]).display().to_string(), line);
}

/// Reads a line's arguments back, as its documentation says that they are written.
fn read_back(line: &str, kind: Kind) -> Vec<(String, Vec<u8>)> {
    let mut rest = line.splitn(3, ' ').nth(2).unwrap_or_default();
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let is_payload = kind.tail() == Tail::Payload && name == kind.tail_name();
        let (value, after) = read_value(after, is_payload);
        found.push((name.to_owned(), value));
        rest = after.strip_prefix(' ').unwrap_or_else(|| {
            assert_eq!(after, "", "something follows a value");
            after
        });
    }
    assert_eq!(rest, "");
    found
}

fn read_value(text: &str, is_payload: bool) -> (Vec<u8>, &str) {
    let (size, text) = match text.split_once("B:") {
        Some((size, text)) if is_payload => (Some(size), text),
        _ => (None, text),
    };
    let quoted = text.strip_prefix('"');
    let mut rest = quoted.unwrap_or(text);
    let mut value = Vec::new();
    loop {
        let Some(c) = rest.chars().next() else {
            assert!(quoted.is_none(), "no quote at the end");
            break;
        };
        if c == ' ' && quoted.is_none() {
            break;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => {
                assert!(quoted.is_some(), "a quote in a bare value");
                break;
            }
            '\\' => rest = read_escape(rest, &mut value),
            c => value.extend(c.to_string().bytes()),
        }
    }
    if let Some(size) = size {
        assert_eq!(size.parse(), Ok(value.len()));
    }
    (value, rest)
}

fn read_escape<'a>(text: &'a str, value: &mut Vec<u8>) -> &'a str {
    let (letter, rest) = text.split_at(1);
    match letter {
        "0" => value.push(0),
        "n" => value.push(b'\n'),
        "r" => value.push(b'\r'),
        "t" => value.push(b'\t'),
        "\\" => value.push(b'\\'),
        "\"" => value.push(b'"'),
        "x" => {
            let (digits, rest) = rest.split_at(2);
            value.push(u8::from_str_radix(digits, 16).expect("digits"));
            return rest;
        }
        "u" => {
            let (digits, rest) = rest.split_once('}').expect("a brace");
            let number = u32::from_str_radix(&digits[1..], 16).expect("digits");
            value.extend(
                char::from_u32(number)
                    .expect("a character")
                    .to_string()
                    .bytes(),
            );
            return rest;
        }
        other => panic!("what is \\{other}?"),
    }
    rest
}

/// Whether all texts of a packet are short enough to be shown whole, and all of its arguments there.
fn is_shown_whole(packet: &Packet) -> bool {
    let heads = packet.kind.heads().len();
    let parts = packet.body.splitn(heads + 1, |byte| *byte == 0);
    let parts = parts.map(<[u8]>::len).collect::<Vec<_>>();
    let texts = match packet.kind.tail() {
        Tail::Payload => &parts[..heads.min(parts.len())],
        Tail::Text => &parts[..],
        Tail::Nothing => return packet.body.is_empty(),
    };
    parts.len() == heads + 1 && texts.iter().all(|length| *length <= 128)
}

/// Lines of everything, from text that people might send too.
fn any_packet() -> impl Strategy<Value = Packet> {
    let texts = proptest::collection::vec("[ =\"\\\\a-cé\u{202e}\u{85}\u{2003}\n\0]{0,12}", 1..6);
    let readable = (packet(), texts).prop_map(|(packet, texts)| Packet {
        body: Bytes::from(texts.join("\0")),
        ..packet
    });
    prop_oneof![packet(), readable]
}

fn assert_one_bounded_line(line: &str) {
    assert!(!line.contains(char::is_control), "{line:?}");
    assert!(line.len() <= 8 * (4 * 128 + 40), "{} bytes", line.len());
}

proptest! {
    #[test]
    fn what_is_shown_whole_can_be_read_back(packet in any_packet()) {
        if is_shown_whole(&packet) {
            let line = packet.display().with_payload(usize::MAX).to_string();
            let values = read_back(&line, packet.kind);
            let bodies = values.iter().map(|(_, value)| value.as_slice());
            // An empty payload is a size and no more.
            let mut body = bodies.collect::<Vec<_>>().join(&0);
            if line.ends_with("=0B") && packet.kind.tail() == Tail::Payload {
                body.truncate(body.len() - 2);
            }
            prop_assert_eq!(body, packet.body);
        }
    }

    #[test]
    fn every_packet_is_one_line_of_bounded_length(packet in any_packet()) {
        assert_one_bounded_line(&packet.to_string());
        let errors = [Request::decode(packet.clone()).err(), Response::decode(packet).err()];
        for error in errors.into_iter().flatten() {
            assert_one_bounded_line(&error.display().to_string());
            assert_one_bounded_line(&error.to_string());
        }
    }

    #[test]
    fn every_stream_is_lines(stream in stream(), limit in 0..600_u32) {
        let mut decoder = FrameDecoder::new(limit);
        let mut rest = BytesMut::from(&*stream);
        while let Ok(Some(item)) = decoder.decode(&mut rest) {
            let line = item.map_or_else(|error| error.display().to_string(), |packet| packet.to_string());
            assert_one_bounded_line(&line);
        }
    }

    #[test]
    fn the_line_of_a_request_is_that_of_its_packet(request in request(), payload in 0..40_usize) {
        let mut wire = BytesMut::new();
        request.encode(&mut wire)?;
        let packet = packet_of(Req, request.kind(), wire.split_off(HEADER_LENGTH));
        let line = packet.display().with_payload(payload).to_string();
        prop_assert_eq!(request.display().with_payload(payload).to_string(), line);
    }

    #[test]
    fn the_line_of_a_response_is_that_of_its_packet(response in response(), payload in 0..40_usize) {
        let mut wire = BytesMut::new();
        response.encode(&mut wire)?;
        let packet = packet_of(Res, response.kind(), wire.split_off(HEADER_LENGTH));
        let line = packet.display().with_payload(payload).to_string();
        prop_assert_eq!(response.display().with_payload(payload).to_string(), line);
    }
}
