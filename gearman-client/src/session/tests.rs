use gearman_proto::{
    Direction, FunctionName, JobStatus, Packet, Progress, ServerError, Submission,
};

use super::*;

fn submission(background: bool) -> Question {
    let function = FunctionName::new("f").unwrap();
    Question::Submit(if background {
        Submission::background(function, "")
    } else {
        Submission::foreground(function, "")
    })
}

fn handle(number: u32) -> JobHandle {
    JobHandle::new(format!("H:vm:{number}")).unwrap()
}

fn created(number: u32) -> Response {
    Response::JobCreated(handle(number))
}

fn data(number: u32, part: &'static str) -> Response {
    let part = Bytes::from_static(part.as_bytes());
    Response::Work(Work::update(handle(number), Update::Data(part)))
}

fn end(number: u32) -> Response {
    Response::Work(Work::end(handle(number), Outcome::Fail))
}

fn refusal() -> Response {
    Response::Error(ServerError::new("QUEUE_ERROR", "Job queue is full"))
}

/// Everything that a session tells, in short; requests to be sent are left out.
fn told(session: &mut Session) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(action) = session.poll_action() {
        told.push(match action {
            Action::Send(_) => continue,
            Action::Answer { id, answer } => match answer {
                Answer::Created(handle) => format!("{} created {handle}", id.0),
                Answer::Status(status) => format!("{} status {}", id.0, status.known),
                Answer::Echo(bytes) => format!("{} echo {bytes:?}", id.0),
                Answer::Refused(_) => format!("{} refused", id.0),
                Answer::Unreadable(_) => format!("{} unreadable", id.0),
                answer => format!("{} {answer:?}", id.0),
            },
            Action::Event { id, event } => match event {
                Ok(WorkEvent::Update(Update::Data(part))) => format!("{} data {part:?}", id.0),
                Ok(WorkEvent::Update(update)) => format!("{} {update:?}", id.0),
                Ok(WorkEvent::End(_)) => format!("{} end", id.0),
                Err(oversized) => format!("{} {} too large", id.0, oversized.kind),
            },
            Action::Lost { id, sent: true } => format!("{} lost", id.0),
            Action::Lost { id, sent: false } => format!("{} not sent", id.0),
            Action::Close(violation) => format!("close: {violation}"),
        });
    }
    told
}

/// A session on which these were asked, numbered from 0.
fn asked(questions: impl IntoIterator<Item = Question>) -> Session {
    let mut session = Session::new();
    for (id, question) in (0..).zip(questions) {
        session.ask(RequestId(id), question);
    }
    session
}

/// One that follows `jobs` jobs, with the handles 1, 2...
fn following(jobs: u32) -> Session {
    let mut session = asked((0..jobs).map(|_| submission(false)));
    for number in 1..=jobs {
        session.handle_response(created(number));
    }
    told(&mut session);
    session
}

#[test]
fn answers_go_to_the_askers_in_the_order_asked() {
    let mut session = asked([
        submission(true),
        Question::Status(handle(9)),
        Question::Echo("hello".into()),
        submission(false),
    ]);
    session.handle_response(created(1));
    session.handle_response(Response::Status(JobStatus {
        handle: handle(9),
        known: false,
        running: false,
        progress: Progress::new(0, 0),
    }));
    session.handle_response(Response::Echo("hello".into()));
    session.handle_response(created(2));
    assert_eq!(
        told(&mut session),
        [
            "0 created H:vm:1",
            "1 status false",
            "2 echo b\"hello\"",
            "3 created H:vm:2"
        ]
    );
    assert!(!session.is_waiting());
}

#[test]
fn a_refusal_goes_to_its_own_question_only() {
    let mut session = asked([submission(false), submission(true), submission(false)]);
    session.handle_response(created(1));
    session.handle_response(refusal());
    session.handle_response(created(2));
    assert_eq!(
        told(&mut session),
        ["0 created H:vm:1", "1 refused", "2 created H:vm:2"]
    );
}

#[test]
fn a_job_that_ends_in_the_same_read_as_it_was_created_is_heard_of() {
    let mut session = asked([submission(false)]);
    session.handle_response(created(1));
    session.handle_response(end(1));
    assert_eq!(told(&mut session), ["0 created H:vm:1", "0 end"]);
    assert!(session.is_quiescent());
}

#[test]
fn each_of_k_followers_of_one_job_gets_one_of_k_copies() {
    let mut session = asked([submission(false), submission(false), submission(false)]);
    for _ in 0..3 {
        session.handle_response(created(1));
    }
    told(&mut session);
    for packet in [data(1, "a"), data(1, "b"), end(1)] {
        for _ in 0..3 {
            session.handle_response(packet.clone());
        }
    }
    let everything = told(&mut session);
    for id in 0..3 {
        let his: Vec<_> = everything
            .iter()
            .filter_map(|line| line.strip_prefix(&format!("{id} ")))
            .collect();
        assert_eq!(his, ["data b\"a\"", "data b\"b\"", "end"]);
    }
    assert!(session.is_quiescent());
}

#[test]
fn who_joins_a_running_job_gets_what_comes_later() {
    let mut session = asked([submission(false), submission(false)]);
    session.handle_response(created(1));
    session.handle_response(data(1, "a"));
    session.handle_response(created(1));
    session.handle_response(data(1, "b"));
    session.handle_response(data(1, "b"));
    assert_eq!(
        told(&mut session),
        [
            "0 created H:vm:1",
            "0 data b\"a\"",
            "1 created H:vm:1",
            "0 data b\"b\"",
            "1 data b\"b\""
        ]
    );
}

#[test]
fn a_background_job_is_not_followed() {
    let mut session = asked([submission(true)]);
    session.handle_response(created(1));
    session.handle_response(end(1));
    assert_eq!(told(&mut session), ["0 created H:vm:1"]);
    assert!(session.is_quiescent());
}

#[test]
fn news_of_unknown_jobs_are_ignored() {
    let mut session = following(1);
    session.handle_response(data(7, "x"));
    session.handle_response(end(7));
    session.handle_response(end(1));
    session.handle_response(end(1));
    assert_eq!(told(&mut session), ["0 end"]);
}

#[test]
fn a_failure_whose_handle_carries_a_nul_ends_its_job() {
    let mut session = following(1);
    let packet = Packet {
        direction: Direction::Response,
        kind: Kind::WorkFail,
        body: Bytes::from_static(b"H:vm:1\0"),
    };
    session.handle_response(Response::decode(packet).unwrap());
    assert_eq!(told(&mut session), ["0 end"]);
}

#[test]
fn a_lost_connection_is_told_to_everybody_once_and_leaves_nothing() {
    let mut session = following(2);
    session.ask(RequestId(10), Question::Echo("x".into()));
    session.ask(RequestId(11), submission(true));
    session.ask(RequestId(12), submission(false));
    told(&mut session);
    session.disconnected(2);
    let mut lost = told(&mut session);
    lost.sort();
    assert_eq!(
        lost,
        ["0 lost", "1 lost", "10 lost", "11 not sent", "12 not sent"]
    );
    assert!(session.is_quiescent());
}

#[test]
fn an_answer_that_was_not_due_closes_the_connection() {
    let mut session = asked([submission(false)]);
    session.handle_response(Response::Echo("?".into()));
    assert_eq!(
        told(&mut session),
        ["close: ECHO_RES where JOB_CREATED was due"]
    );
    let mut session = Session::new();
    session.handle_response(created(1));
    session.handle_response(Response::NoJob);
    assert_eq!(
        told(&mut session),
        [
            "close: JOB_CREATED though nothing was asked",
            "close: NO_JOB though nothing was asked"
        ]
    );
}

#[test]
fn a_refusal_of_nothing_and_a_wake_up_disturb_nobody() {
    let mut session = following(1);
    session.handle_response(refusal());
    session.handle_response(Response::Noop);
    assert_eq!(told(&mut session), Vec::<String>::new());
}

/// What the decoder makes of a packet that is over the limit.
fn oversized(kind: Kind, body: &'static [u8]) -> PacketError {
    let mut decoder = gearman_proto::FrameDecoder::new(5);
    let header = gearman_proto::Header {
        direction: Direction::Response,
        number: kind.number(),
        length: u32::try_from(body.len()).unwrap(),
    };
    let mut stream = bytes::BytesMut::from(&header.to_bytes()[..]);
    stream.extend_from_slice(body);
    decoder.decode(&mut stream).unwrap().unwrap().unwrap_err()
}

#[test]
fn a_packet_that_is_too_long_is_told_to_the_follower_whose_copy_it_is() {
    let mut session = following(2);
    session.handle_bad_packet(oversized(Kind::WorkData, b"H:vm:2\0too much"));
    session.handle_bad_packet(oversized(Kind::WorkComplete, b"H:vm:1\0too much"));
    session.handle_bad_packet(oversized(Kind::WorkData, b"H:vm:7\0too much"));
    session.handle_response(end(2));
    assert_eq!(
        told(&mut session),
        [
            "1 WORK_DATA too large",
            "0 WORK_COMPLETE too large",
            "1 end"
        ]
    );
    assert!(session.is_quiescent());
}

#[test]
fn a_broken_answer_is_the_error_of_its_question() {
    let mut session = asked([submission(false), submission(true)]);
    let packet = Packet {
        direction: Direction::Response,
        kind: Kind::JobCreated,
        body: Bytes::new(),
    };
    session.handle_bad_packet(Response::decode(packet).unwrap_err());
    session.handle_response(created(1));
    assert_eq!(told(&mut session), ["0 unreadable", "1 created H:vm:1"]);
    assert!(session.is_quiescent());
}

#[test]
fn a_broken_piece_of_news_is_passed_over() {
    let mut session = following(1);
    let packet = Packet {
        direction: Direction::Response,
        kind: Kind::WorkStatus,
        body: Bytes::from_static(b"H:vm:1\x001"),
    };
    session.handle_bad_packet(Response::decode(packet).unwrap_err());
    session.handle_response(end(1));
    assert_eq!(told(&mut session), ["0 end"]);
}

#[test]
fn small_payloads_do_not_pin_the_read_buffer_and_large_ones_are_not_copied() {
    for length in [1, COPIED_BELOW - 1, COPIED_BELOW] {
        let mut session = following(1);
        let buffer = Bytes::from(vec![b'x'; length]);
        let news = Work::update(handle(1), Update::Data(buffer.clone()));
        session.handle_response(Response::Work(news));
        let Some(Action::Event {
            event: Ok(WorkEvent::Update(Update::Data(part))),
            ..
        }) = session.poll_action()
        else {
            panic!("the news were not told")
        };
        let shared = part.as_ptr() == buffer.as_ptr();
        assert_eq!(shared, length >= COPIED_BELOW);
    }
}
