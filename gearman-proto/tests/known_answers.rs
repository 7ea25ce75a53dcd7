//! What gearmand 1.1.20 and its tools really sent, byte for byte: each packet means something to us, and
//! what it means is written as the same bytes. The exceptions are listed, and the list is exact.

mod captures;

use std::collections::BTreeSet;

use bytes::BytesMut;
use gearman_proto::{
    Direction, Escaped, FrameDecoder, Kind, Packet, PacketError, Request, Response,
};

use crate::captures::{packets, steps};

/// Reasons, and the packets to which they apply with what is surprising about them.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    (
        "A handle that is the last argument ends at its first NUL. gearmand adds one where it turns an exception into a WORK_FAIL; the capture tried it on GET_STATUS too.",
        &[
            r"status_unknown_handle, step 4, packet 0: GET_STATUS `H:nosuch:99\0` is written `H:nosuch:99`",
            r"work_data_requires_nul, step 10, packet 0: WORK_FAIL `H:vm:1\0` is written `H:vm:1`",
        ],
    ),
    (
        "Arguments of kinds that have none are ignored, as gearmand does.",
        &[
            "extra_data_no_args, step 1, packet 0: GRAB_JOB `junk` is written ``",
            "extra_data_no_args, step 3, packet 0: PRE_SLEEP `junk` is written ``",
            "extra_data_no_args, step 5, packet 0: RESET_ABILITIES `junk` is written ``",
        ],
    ),
    (
        "The fourth argument of reduce jobs has no meaning; ours is empty.",
        &[
            r"queue_full, step 12, packet 0: SUBMIT_REDUCE_JOB `f\0u5\0r\00\0B` is written `f\0u5\0r\0\0B`",
            r"submit_reduce_job, step 1, packet 0: SUBMIT_REDUCE_JOB `map\0u1\0reducer\00\0workload` is written `map\0u1\0reducer\0\0workload`",
            r"submit_reduce_job_bg, step 1, packet 0: SUBMIT_REDUCE_JOB_BACKGROUND `map\0u2\0reducer\00\0workload` is written `map\0u2\0reducer\0\0workload`",
        ],
    ),
    (
        "A number is written without leading zeros.",
        &[
            r"can_do_timeout_too_long, step 0, packet 0: CAN_DO_TIMEOUT `f\0000000000000000000000` is written `f\00`",
        ],
    ),
    (
        "Not a packet: sent to see what gearmand does about it.",
        &[
            r"bad_magic_nul, step 0, packet 0: a packet begins with \0REQ or \0RES, found \x00XYZ",
            "bad_magic_partial, step 0, packet 0: is not a whole packet",
            "bad_magic_partial, step 2, packet 0: is not a whole packet",
        ],
    ),
    (
        "Numbers that no kind has: gearmand closes the connection, answers ERROR, or crashes.",
        &[
            "bad_command_2147483647, step 0, packet 0: is refused: packet of unknown kind: REQ number=2147483647 length=0",
            "bad_command_255, step 0, packet 0: is refused: packet of unknown kind: REQ number=255 length=0",
            "bad_command_4294967295, step 0, packet 0: is refused: packet of unknown kind: REQ number=4294967295 length=0",
            "bad_command_highbit, step 0, packet 0: is refused: packet of unknown kind: REQ number=2147483648 length=0",
            "server_only_commands, step 0, packet 0: is refused: packet of unknown kind: REQ number=5 length=0",
        ],
    ),
    (
        "Requests that only a server sends, or in the server's magic: gearmand answers ERROR.",
        &[
            "bad_magic_res, step 0, packet 0: is refused: ECHO_REQ does not travel as RES",
            "server_only_commands, step 2, packet 0: is refused: NOOP does not travel as REQ",
            "server_only_commands, step 4, packet 0: is refused: JOB_CREATED does not travel as REQ",
            "server_only_commands, step 6, packet 0: is refused: NO_JOB does not travel as REQ",
            "server_only_commands, step 8, packet 0: is refused: JOB_ASSIGN does not travel as REQ",
            "server_only_commands, step 10, packet 0: is refused: ECHO_RES does not travel as REQ",
            "server_only_commands, step 12, packet 0: is refused: ERROR does not travel as REQ",
            "server_only_commands, step 14, packet 0: is refused: STATUS_RES does not travel as REQ",
            "server_only_commands, step 18, packet 0: is refused: OPTION_RES does not travel as REQ",
            "server_only_commands, step 20, packet 0: is refused: JOB_ASSIGN_UNIQ does not travel as REQ",
            "server_only_commands, step 24, packet 0: is refused: JOB_ASSIGN_ALL does not travel as REQ",
            "server_only_commands, step 26, packet 0: is refused: STATUS_RES_UNIQUE does not travel as REQ",
        ],
    ),
    (
        "An argument that no NUL ends: gearmand waits for the NUL, and takes it from the next packet.",
        &[
            "missing_nul_can_do_timeout, step 0, packet 0: is refused: CAN_DO_TIMEOUT: function is not ended by NUL",
            "missing_nul_submit, step 0, packet 0: is refused: SUBMIT_JOB: unique is not ended by NUL",
            "missing_nul_submit_none, step 0, packet 0: is refused: SUBMIT_JOB: function is not ended by NUL",
            "missing_nul_work_complete, step 5, packet 0: is refused: WORK_COMPLETE: handle is not ended by NUL",
            "submit_reduce_job_4parts, step 0, packet 0: is refused: SUBMIT_REDUCE_JOB: unused is not ended by NUL",
            "work_status_missing, step 5, packet 0: is refused: WORK_STATUS: numerator is not ended by NUL",
        ],
    ),
    (
        "NUL within the last argument: gearmand makes it part of the name, which no other request can then spell.",
        &[
            "admin_odd_function_names, step 5, packet 0: is refused: CAN_DO: function has a NUL at byte 1; no NUL is allowed",
            "option_req_variants, step 2, packet 0: is refused: OPTION_REQ: option has a NUL at byte 10; no NUL is allowed",
            "option_req_variants, step 3, packet 0: is refused: OPTION_RES: option has a NUL at byte 10; no NUL is allowed",
            "set_client_id, step 13, packet 0: is refused: SET_CLIENT_ID: id has a NUL at byte 1; no NUL is allowed",
            "status_queued, step 10, packet 0: is refused: GET_STATUS_UNIQUE: unique has a NUL at byte 2; no NUL is allowed",
            "work_status_values, step 29, packet 0: is refused: WORK_STATUS: denominator has a NUL at byte 1; no NUL is allowed",
            "work_status_values, step 30, packet 0: is refused: WORK_STATUS: denominator has a NUL at byte 1; no NUL is allowed",
        ],
    ),
    (
        "Numbers that gearmand does not understand either, and takes for 0 or for whatever the digits overflow to.",
        &[
            "can_do_timeout_overflow, step 0, packet 0: is refused: CAN_DO_TIMEOUT: milliseconds is no number in its range",
            "submit_epoch_bad, step 1, packet 0: is refused: SUBMIT_JOB_EPOCH: epoch seconds is no number in its range",
            "submit_epoch_bad, step 3, packet 0: is refused: SUBMIT_JOB_EPOCH: epoch seconds is no number in its range",
            "submit_epoch_bad, step 5, packet 0: is refused: SUBMIT_JOB_EPOCH: epoch seconds is no number in its range",
            "submit_epoch_overflow, step 0, packet 0: is refused: SUBMIT_JOB_EPOCH: epoch seconds is no number in its range",
        ],
    ),
    (
        "Empty names: gearmand accepts them, or answers about a job that can't exist.",
        &[
            "admin_odd_function_names, step 6, packet 0: is refused: CAN_DO: function is empty; at least one byte is needed",
            "coalesce_empty_unique, step 4, packet 0: is refused: GET_STATUS_UNIQUE: unique is empty; at least one byte is needed",
            "coalesce_empty_unique, step 5, packet 0: is refused: STATUS_RES_UNIQUE: unique is empty; at least one byte is needed",
            "empty_function, step 1, packet 0: is refused: SUBMIT_JOB_BG: function is empty; at least one byte is needed",
            "empty_function, step 4, packet 0: is refused: JOB_ASSIGN: function is empty; at least one byte is needed",
            "option_req_variants, step 4, packet 0: is refused: OPTION_REQ: option is empty; at least one byte is needed",
            "set_client_id, step 9, packet 0: is refused: SET_CLIENT_ID: id is empty; at least one byte is needed",
            "status_unknown_handle, step 2, packet 0: is refused: GET_STATUS: handle is empty; at least one byte is needed",
            "status_unknown_handle, step 3, packet 0: is refused: STATUS_RES: handle is empty; at least one byte is needed",
        ],
    ),
    (
        "Names longer than gearmand keeps whole or answers for: it garbles, cuts, ignores or refuses them.",
        &[
            "long_function_8192, step 0, packet 0: is refused: CAN_DO: function of 8192 bytes is too long; at most 512 are allowed",
            "long_function_submit_ok, step 4, packet 0: is refused: JOB_ASSIGN: function of 8000 bytes is too long; at most 512 are allowed",
            "option_req_variants, step 12, packet 0: is refused: OPTION_REQ: option of 64 bytes is too long; at most 63 are allowed",
            "option_req_variants, step 14, packet 0: is refused: OPTION_REQ: option of 200 bytes is too long; at most 63 are allowed",
            "pipelined_submit_error, step 0, packet 1: is refused: SUBMIT_JOB_BG: unique of 65 bytes is too long; at most 63 are allowed",
            "reduce_long_unique, step 1, packet 0: is refused: SUBMIT_REDUCE_JOB: unique of 80 bytes is too long; at most 63 are allowed",
            "reducer_too_long, step 0, packet 0: is refused: SUBMIT_REDUCE_JOB: reducer of 65 bytes is too long; at most 63 are allowed",
            "reducer_too_long, step 2, packet 0: is refused: SUBMIT_REDUCE_JOB: reducer of 64 bytes is too long; at most 63 are allowed",
            "set_client_id, step 25, packet 0: is refused: SET_CLIENT_ID: id of 200 bytes is too long; at most 127 are allowed",
            "status_unique_too_long, step 0, packet 0: is refused: GET_STATUS_UNIQUE: unique of 64 bytes is too long; at most 63 are allowed",
            "threads_0_status_too_long, step 0, packet 0: is refused: GET_STATUS: handle of 64 bytes is too long; at most 63 are allowed",
            "unique_lengths, step 2, packet 0: is refused: SUBMIT_JOB_BG: unique of 64 bytes is too long; at most 63 are allowed",
            "unique_lengths, step 4, packet 0: is refused: SUBMIT_JOB_BG: unique of 65 bytes is too long; at most 63 are allowed",
            "work_fail_long_handle, step 0, packet 0: is refused: WORK_FAIL: handle of 64 bytes is too long; at most 63 are allowed",
            "work_fail_long_handle, step 4, packet 0: is refused: WORK_COMPLETE: handle of 300 bytes is too long; at most 63 are allowed",
        ],
    ),
    (
        "Ids that gearmand passes through into its list of workers, which they break.",
        &[
            "set_client_id, step 5, packet 0: is refused: SET_CLIENT_ID: id has byte 0x20 at 4; only printable ASCII without blanks is allowed",
            "set_client_id, step 17, packet 0: is refused: SET_CLIENT_ID: id has byte 0x0a at 2; only printable ASCII without blanks is allowed",
            "set_client_id, step 21, packet 0: is refused: SET_CLIENT_ID: id has byte 0xff at 0; only printable ASCII without blanks is allowed",
        ],
    ),
];

fn refused(error: PacketError) -> String {
    format!("is refused: {error}")
}

/// What is surprising about a packet; nothing, if it means something and is written as the same bytes.
fn surprise(packet: Packet, from_server: bool) -> Option<String> {
    let mut again = BytesMut::new();
    let written = if from_server {
        Response::decode(packet.clone()).map(|response| response.encode(&mut again))
    } else {
        Request::decode(packet.clone()).map(|request| request.encode(&mut again))
    };
    match written {
        Err(error) => return Some(refused(error)),
        Ok(written) => written.expect("a captured packet is small"),
    }
    let again = FrameDecoder::default()
        .decode(&mut again)
        .expect("in step")
        .expect("whole")
        .expect("known");
    (again != packet).then(|| {
        format!(
            "{} `{}` is written `{}`",
            packet.kind,
            Escaped(&packet.body),
            Escaped(&again.body)
        )
    })
}

/// Everything surprising in the captures.
fn surprises() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for step in steps() {
        let (scenario, number) = (&step.scenario, step.number);
        for (index, packet) in packets(&step).into_iter().enumerate() {
            let surprise = packet.map_or_else(Some, |packet| surprise(packet, step.from_server));
            let at_its_place =
                |surprise| format!("{scenario}, step {number}, packet {index}: {surprise}");
            found.extend(surprise.map(at_its_place));
        }
    }
    found
}

fn listed() -> BTreeSet<String> {
    let exceptions = EXCEPTIONS.iter().flat_map(|(_reason, packets)| *packets);
    exceptions.copied().map(String::from).collect()
}

#[test]
fn each_packet_means_something_and_is_written_as_it_came_unless_it_is_listed() {
    assert_eq!(&surprises() - &listed(), BTreeSet::new());
}

#[test]
fn each_listed_exception_occurs() {
    assert_eq!(&listed() - &surprises(), BTreeSet::new());
}

#[test]
fn no_exception_is_listed_twice() {
    let all = EXCEPTIONS.iter().map(|(_reason, packets)| packets.len());
    assert_eq!(listed().len(), all.sum::<usize>());
}

/// The kinds of the packets that were captured in one direction and mean something.
fn kinds(from_server: bool) -> BTreeSet<Kind> {
    let steps = steps().into_iter();
    let steps = steps.filter(|step| step.from_server == from_server);
    let packets = steps.flat_map(|step| packets(&step)).flatten();
    let means_something = |packet: &Packet| match from_server {
        true => Response::decode(packet.clone()).is_ok(),
        false => Request::decode(packet.clone()).is_ok(),
    };
    packets
        .filter(means_something)
        .map(|packet| packet.kind)
        .collect()
}

fn kinds_that_travel(direction: Direction) -> BTreeSet<Kind> {
    let kinds = Kind::ALL.iter().copied();
    kinds.filter(|kind| kind.travels(direction)).collect()
}

#[test]
fn every_kind_of_request_was_captured() {
    assert_eq!(kinds(false), kinds_that_travel(Direction::Request));
}

#[test]
fn every_kind_of_response_was_captured() {
    assert_eq!(kinds(true), kinds_that_travel(Direction::Response));
}
