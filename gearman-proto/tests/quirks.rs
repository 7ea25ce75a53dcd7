//! Each entry of the crate's list of quirks, with the bytes that gearmand 1.1.20 sent or took where the
//! captures have them.

#[expect(dead_code, reason = "another test looks at both directions")]
mod captures;

use bytes::{Bytes, BytesMut};
use gearman_proto::{
    AssignmentForm, Direction, Flaw, FrameDecoder, GrabForm, HEADER_LENGTH, JobHandle, Kind,
    Outcome, Packet, PacketError, Request, Response, SubmissionMode, Update, Work, WorkEvent,
};

use crate::captures::{packets, steps};

/// The first packet of a step.
fn captured(scenario: &str, number: u64) -> Packet {
    let mut steps = steps().into_iter();
    let step = steps.find(|step| step.scenario == scenario && step.number == number);
    let step = step.expect("the step is in the captures");
    packets(&step).remove(0).expect("a packet")
}

fn request(scenario: &str, number: u64) -> Request {
    Request::decode(captured(scenario, number)).expect("a good request")
}

fn response(scenario: &str, number: u64) -> Response {
    Response::decode(captured(scenario, number)).expect("a good response")
}

/// The argument that makes a request malformed, and why.
fn flaw(scenario: &str, number: u64) -> (&'static str, Flaw) {
    match Request::decode(captured(scenario, number)) {
        Err(PacketError::Malformed { argument, flaw, .. }) => (argument, flaw),
        other => panic!("{other:?} is not malformed"),
    }
}

/// A body as it is written.
fn written(request: &Request) -> Bytes {
    let mut wire = BytesMut::new();
    request.encode(&mut wire).expect("short enough");
    wire.split_off(HEADER_LENGTH).freeze()
}

fn handle(name: &str) -> JobHandle {
    JobHandle::new(name).expect("a good name")
}

#[test]
fn a_handle_at_the_end_of_a_body_ends_at_its_first_nul() {
    let packet = captured("work_data_requires_nul", 10);
    assert_eq!(
        (packet.kind, &*packet.body),
        (Kind::WorkFail, &b"H:vm:1\0"[..])
    );
    let failed = Work::end(handle("H:vm:1"), Outcome::Fail);
    assert_eq!(Response::decode(packet), Ok(Response::Work(failed.clone())));
    assert_eq!(written(&Request::Work(failed)), "H:vm:1");

    let asked = request("status_unknown_handle", 4);
    assert_eq!(asked, Request::GetStatus(handle("H:nosuch:99")));
}

#[test]
fn text_behind_the_handle_of_a_work_fail_is_dropped() {
    let packet = Packet {
        direction: Direction::Response,
        kind: Kind::WorkFail,
        body: Bytes::from("H:vm:1\0out of memory"),
    };
    let failed = Work::end(handle("H:vm:1"), Outcome::Fail);
    assert_eq!(Response::decode(packet), Ok(Response::Work(failed)));
}

#[test]
fn a_body_where_none_belongs_is_ignored() {
    assert_eq!(captured("extra_data_no_args", 1).body, "junk");
    let grab = Request::GrabJob(GrabForm::Plain);
    assert_eq!(request("extra_data_no_args", 1), grab);
    assert_eq!(request("extra_data_no_args", 3), Request::PreSleep);
    assert_eq!(request("extra_data_no_args", 5), Request::ResetAbilities);
}

#[test]
fn reduce_jobs_have_five_parts() {
    let packet = captured("submit_reduce_job", 1);
    assert_eq!(packet.body, "map\0u1\0reducer\x000\0workload");
    let request = Request::decode(packet).expect("a good request");
    let Request::Submit(submission) = &request else {
        panic!("{request:?}")
    };
    let SubmissionMode::Reduce { reducer, .. } = &submission.mode else {
        panic!("{submission:?}")
    };
    assert_eq!(reducer.as_bytes(), b"reducer");
    assert_eq!(submission.workload, "workload");
    assert_eq!(written(&request), "map\0u1\0reducer\0\0workload");

    let four_parts = flaw("submit_reduce_job_4parts", 0);
    assert_eq!(four_parts, ("unused", Flaw::Unterminated));
}

#[test]
fn an_assignment_of_a_reduce_job_has_no_unused_part() {
    let packet = captured("submit_reduce_job", 4);
    assert_eq!(packet.body, "H:vm:1\0map\0u1\0reducer\0workload");
    let Ok(Response::JobAssign(assignment)) = Response::decode(packet) else {
        panic!("no assignment")
    };
    assert_eq!(assignment.workload(), "workload");
}

#[test]
fn status_res_unique_begins_with_the_unique_id() {
    let Response::UniqueStatus(status) = response("status_queued", 5) else {
        panic!("no status")
    };
    assert_eq!(status.unique.as_bytes(), b"uq");
}

#[test]
fn numbers_of_a_status_are_kept_as_text() {
    let numbers = |number| {
        let response = response("work_status_values", number);
        let Response::Work(Work {
            event: WorkEvent::Update(Update::Status(progress)),
            ..
        }) = response
        else {
            panic!("{response:?}")
        };
        format!("{}/{}", progress.numerator, progress.denominator)
    };
    assert_eq!(numbers(6), "abc/def");
    assert_eq!(numbers(10), "-1/-2");
    assert_eq!(numbers(22), "0.5/1.5");
    assert_eq!(numbers(26), "/");
    assert_eq!(numbers(18), "2147483648/99999999999");
}

#[test]
fn yes_is_whatever_is_not_0() {
    let known = |flag: &str| {
        let packet = Packet {
            direction: Direction::Response,
            kind: Kind::StatusRes,
            body: Bytes::from(format!("H:vm:1\0{flag}\x000\x000\x000")),
        };
        match Response::decode(packet) {
            Ok(Response::Status(status)) => status.known,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        ["0", "1", "2", "", "00"].map(known),
        [false, true, true, true, true]
    );
}

#[test]
fn no_unique_id_is_an_empty_argument() {
    let request = request("coalesce_empty_unique", 0);
    let Request::Submit(submission) = &request else {
        panic!("{request:?}")
    };
    assert_eq!(submission.unique, None);
    assert_eq!(written(&request), "f\0\0A");
    assert_eq!(flaw("coalesce_empty_unique", 4), ("unique", Flaw::Empty));
}

#[test]
fn a_number_may_have_leading_zeros() {
    let request = request("can_do_timeout_too_long", 0);
    assert!(
        matches!(request, Request::CanDoTimeout(_, 0)),
        "{request:?}"
    );
    assert_eq!(written(&request), "f\x000");
}

#[test]
fn grab_job_all_is_answered_by_job_assign_uniq() {
    let grab = captured("submit_reduce_job", 3);
    let plain = captured("libgearman_cli_worker_fail", 7);
    assert_eq!(
        (grab.kind, plain.kind),
        (Kind::GrabJobAll, Kind::JobAssignUniq)
    );
    assert!(grab.kind.answers().contains(&plain.kind));
    let Ok(Response::JobAssign(assignment)) = Response::decode(plain) else {
        panic!("no assignment")
    };
    assert!(matches!(assignment.form(), AssignmentForm::Unique(Some(_))));
}

#[test]
fn a_name_is_bytes() {
    let Request::CanDo(upper) = request("case_sensitive_function", 0) else {
        panic!("no function")
    };
    let Request::Submit(submission) = request("case_sensitive_function", 1) else {
        panic!("no submission")
    };
    assert_ne!(upper, submission.function);
    let any = (1..=255).collect::<Vec<u8>>();
    let packet = Packet {
        direction: Direction::Request,
        kind: Kind::CanDo,
        body: Bytes::from(any.clone()),
    };
    let Ok(Request::CanDo(function)) = Request::decode(packet) else {
        panic!("no function")
    };
    assert_eq!(function.as_bytes(), any);
}

#[test]
fn a_client_id_is_printable() {
    let flaw = flaw("set_client_id", 5);
    let blank = Flaw::Unprintable {
        position: 4,
        byte: b' ',
    };
    assert_eq!(flaw, ("id", blank));
}

#[test]
fn the_text_of_an_error_is_anything() {
    let packet = Packet {
        direction: Direction::Response,
        kind: Kind::Error,
        body: Bytes::from("NO_SUCH_CODE\0one\0two"),
    };
    let Ok(Response::Error(error)) = Response::decode(packet) else {
        panic!("no error")
    };
    assert_eq!(error.to_string(), r"NO_SUCH_CODE: one\0two");
}

#[test]
fn a_number_that_no_kind_has_is_the_error_of_its_packet() {
    for scenario in ["bad_command_255", "bad_command_highbit"] {
        let mut steps = steps().into_iter();
        let step = steps.find(|step| step.scenario == scenario);
        let mut stream = BytesMut::from(step.expect("it is in the captures").bytes.as_slice());
        stream.extend_from_slice(b"\0REQ\0\0\0\x09\0\0\0\0");
        let mut decoder = FrameDecoder::default();
        let unknown = decoder.decode(&mut stream);
        assert!(matches!(
            unknown,
            Ok(Some(Err(PacketError::UnknownKind { .. })))
        ));
        let next = decoder.decode(&mut stream);
        assert!(matches!(next, Ok(Some(Ok(_)))), "{next:?}");
    }
}

#[test]
fn every_argument_has_its_nul_within_its_own_body() {
    let missing = |scenario, number| flaw(scenario, number);
    assert_eq!(
        missing("missing_nul_submit", 0),
        ("unique", Flaw::Unterminated)
    );
    assert_eq!(
        missing("missing_nul_work_complete", 5),
        ("handle", Flaw::Unterminated)
    );
    let empty = Work::end(handle("H:vm:1"), Outcome::Complete(Bytes::new()));
    assert_eq!(request("work_complete_empty", 5), Request::Work(empty));
}

#[test]
fn a_name_has_at_least_one_byte() {
    assert_eq!(flaw("empty_function", 1), ("function", Flaw::Empty));
    let error = Response::decode(captured("empty_function", 4)).expect_err("no function");
    assert_eq!(error.handle(), Some(handle("H:vm:1")));
}

#[test]
fn a_name_holds_no_nul() {
    let expected = ("function", Flaw::Nul { position: 1 });
    assert_eq!(flaw("admin_odd_function_names", 5), expected);
}

#[test]
fn a_unique_id_has_at_most_63_bytes() {
    let too_long = Flaw::TooLong {
        length: 64,
        limit: 63,
    };
    assert_eq!(flaw("unique_lengths", 2), ("unique", too_long));
}
