//! What servers other than gearmand 1.1 answer, and what we make of it.
//!
//! The replies are written after the sources of the servers: gearmand in Perl (Gearman::Server 1.130),
//! gearmand in C before 1.0, geard (OpenStack's `gear`, in Python), rustygear and java-gearman-service.

use bytes::{Bytes, BytesMut};
use gearman_admin::{
    Argument, Command, QueueLimits, Reply, ReplyError, ReplyFramer, ServerError, StatusRow,
    WorkerRow,
};

/// Frames the only reply in a stream, and reads it.
fn ask(command: &Command, stream: &'static str) -> Result<Reply, ReplyError> {
    let mut framer = ReplyFramer::new();
    framer.expect(command);
    let mut buffer = BytesMut::from(stream);
    let reply = framer.next_reply(&mut buffer).expect("within the limit");
    assert_eq!(buffer, "", "it is the whole reply");
    Reply::parse(command, &reply.expect("it is complete"))
}

fn workers(stream: &'static str) -> Vec<WorkerRow> {
    match ask(&Command::Workers, stream) {
        Ok(Reply::Workers(rows)) => rows.iter().collect::<Result<_, _>>().expect("good rows"),
        other => panic!("{other:?}"),
    }
}

fn max_queue() -> Command {
    Command::MaxQueue {
        function: Argument::new("f").expect("a good name"),
        limits: QueueLimits::UNLIMITED,
    }
}

fn refusal(line: &'static str) -> Result<Reply, ReplyError> {
    Err(ServerError::Other { line: line.into() }.into())
}

#[test]
fn a_version_may_come_without_ok() {
    for (stream, version) in [
        ("0.14\n", "0.14"),         // C before 1.0
        ("1.11\n", "1.11"),         // Perl
        ("v1.130.0\n", "v1.130.0"), // Perl since 1.130
        ("1.1.20\r\n", "1.1.20"),
    ] {
        let expected = Ok(Reply::Version(Bytes::from(version)));
        assert_eq!(ask(&Command::Version, stream), expected);
    }
}

#[test]
fn a_version_without_ok_must_look_like_one() {
    // Java's is called thus. It could just as well be the row of a function.
    for stream in ["java-gearman-service v0.3\n", "version\n", "v\n"] {
        let reply = ask(&Command::Version, stream);
        assert!(
            matches!(reply, Err(ReplyError::Malformed { .. })),
            "{stream:?}"
        );
    }
}

#[test]
fn ok_may_end_with_lf() {
    // Perl, C before 1.0, geard.
    assert_eq!(ask(&max_queue(), "OK\n"), Ok(Reply::Done));
    assert_eq!(ask(&max_queue(), "OK done\n"), Ok(Reply::Done));
}

#[test]
fn all_lines_may_end_with_crlf() {
    let expected = StatusRow {
        function: Bytes::from("resize"),
        total: 3,
        running: 1,
        workers: 2,
    };
    let Ok(Reply::Status(rows)) = ask(&Command::Status, "resize\t3\t1\t2\r\n.\r\n") else {
        panic!("no status")
    };
    assert_eq!(rows.good().collect::<Vec<_>>(), [expected]);
}

#[test]
fn a_list_that_ends_with_crlf_is_written_with_lf_at_its_end() {
    let reply = ask(&Command::Status, "resize\t3\t1\t2\r\n.\r\n").unwrap();
    let mut out = BytesMut::new();
    reply.encode(&mut out);
    assert_eq!(out, "resize\t3\t1\t2\r\n.\n");
}

#[test]
fn an_address_may_have_a_port() {
    let rows = workers(
        "10 127.0.0.1:37337 hacker1 : hack\n11 127.0.0.1:33333 - :\n12 [::1]:54321 a : b c\n.\n",
    );
    let addresses: Vec<&Bytes> = rows.iter().map(|row| &row.address).collect();
    assert_eq!(
        addresses,
        ["127.0.0.1:37337", "127.0.0.1:33333", "[::1]:54321"]
    );
    let functions: Vec<usize> = rows
        .iter()
        .map(|row| row.functions.iter().count())
        .collect();
    assert_eq!(functions, [1, 0, 2]);
}

#[test]
fn a_row_without_functions_may_end_with_a_blank_which_looks_like_an_empty_name() {
    // Perl, geard.
    let rows = workers("9 ::ffff:127.0.0.1 - : \n10 127.0.0.1 id : f\n.\n");
    let functions: Vec<Vec<Bytes>> = rows
        .iter()
        .map(|row| row.functions.iter().collect())
        .collect();
    assert_eq!(functions, [[""], ["f"]]);
}

#[test]
fn refusals_have_other_codes_and_either_line_end() {
    // Perl ends them with CRLF, C before 1.0 and rustygear with LF.
    for (stream, line) in [
        (
            "ERR incomplete_args An+incomplete+set+of+arguments+was+sent+to+this+command\r\n",
            "incomplete_args An+incomplete+set+of+arguments+was+sent+to+this+command",
        ),
        ("ERR ACL_DISABLED\n", "ACL_DISABLED"),
    ] {
        assert_eq!(ask(&max_queue(), stream), refusal(line));
    }
}

#[test]
fn a_list_that_a_server_does_not_know_is_refused_with_either_line_end() {
    for command in [
        Command::PriorityStatus,
        Command::Workers,
        Command::ShowJobs,
        Command::ShowUniqueJobs,
    ] {
        for stream in [
            "ERR unknown_command Unknown+server+command\r\n",
            "ERR unknown_command Unknown+server+command\n",
        ] {
            let expected = refusal("unknown_command Unknown+server+command");
            assert_eq!(ask(&command, stream), expected, "{command:?}");
        }
        // rustygear
        let expected = ServerError::UnknownCommand { word: Bytes::new() };
        assert_eq!(
            ask(&command, "ERR UNKNOWN_COMMAND Unknown+server+command\n"),
            Err(expected.into())
        );
    }
}

#[test]
fn a_unique_that_begins_with_err_is_no_refusal() {
    let reply = ask(&Command::ShowUniqueJobs, "ERR no. 7\n.\n").unwrap();
    let Reply::UniqueJobs(rows) = reply else {
        panic!("{reply:?}")
    };
    let uniques: Vec<Bytes> = rows.good().map(|row| row.unique).collect();
    assert_eq!(uniques, ["ERR no. 7"]);
}

#[test]
fn columns_that_gearmand_does_not_have_make_a_row_malformed_or_part_of_a_name() {
    // More columns go to the name, as a name may hold TABs; fewer are no row.
    let Ok(Reply::Status(rows)) = ask(&Command::Status, "f\t4\t3\t1\t2\ng\t3\t1\n.\n") else {
        panic!("no status")
    };
    let functions: Vec<Bytes> = rows.good().map(|row| row.function).collect();
    assert_eq!(functions, ["f\t4"]);
    let malformed: Vec<Bytes> = rows.malformed().map(|row| row.line).collect();
    assert_eq!(malformed, ["g\t3\t1"]);
}
