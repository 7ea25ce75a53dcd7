//! The example `dump`, from its arguments to its exit code.

#[expect(dead_code, reason = "the test runner has a `main` of its own")]
#[path = "../examples/dump.rs"]
mod example;

/// What the example prints, and its exit code.
fn dump(arguments: &[&str], input: &[u8]) -> (String, u8) {
    let mut out = Vec::new();
    let arguments = arguments.iter().copied().map(String::from);
    let code = example::run(arguments, input, &mut out).expect("memory can be written");
    let text = String::from_utf8(out).expect("all that is printed is escaped");
    (text, code)
}

#[test]
fn each_packet_is_a_line() {
    let input = b"\0REQ\0\0\0\x01\0\0\0\x06resize\0REQ\0\0\0\x27\0\0\0\0";
    let lines = "REQ CAN_DO function=resize\nREQ GRAB_JOB_ALL\n";
    assert_eq!(dump(&[], input), (lines.to_owned(), 0));
}

#[test]
fn each_line_of_digits_is_a_stream() {
    let input = b"005245510000001000000002 6869\n005245530000000a00000000\n";
    let lines = "REQ ECHO_REQ data=2B:hi\nRES NO_JOB\n";
    assert_eq!(
        dump(&["--payload", "9", "--hex"], input),
        (lines.to_owned(), 0)
    );
}

#[test]
fn the_packets_after_a_bad_one_are_shown() {
    let input = b"\0REQ\0\0\0\x01\0\0\0\0\0REQ\0\0\0\xff\0\0\0\x01x\0REQ\0\0\0\x09\0\0\0\0";
    let lines = "error: REQ CAN_DO function=\"\" (function is empty; at least one byte is needed)\n\
                 error: REQ number=255 length=1 (no kind has this number)\n\
                 REQ GRAB_JOB\n";
    assert_eq!(dump(&[], input), (lines.to_owned(), 1));
}

#[test]
fn a_broken_stream_ends_and_the_next_one_is_shown() {
    let input = b"4142434445464748494a4b4c 005245510000000900000000\n005245510000000900000000\n";
    let lines = "error: a packet begins with \\0REQ or \\0RES, found ABCD\nREQ GRAB_JOB\n";
    assert_eq!(dump(&["--hex"], input), (lines.to_owned(), 1));
}

#[test]
fn a_stream_that_ends_within_a_packet_is_an_error() {
    let cut = "error: the stream ends within a packet\n".to_owned();
    assert_eq!(dump(&[], b"\0REQ\0\0\0\x09\0\0\0"), (cut.clone(), 1));
    assert_eq!(dump(&[], b"\0REQ\0\0\0\x10\0\0\0\x02h"), (cut, 1));
}

#[test]
fn no_bytes_are_no_packets() {
    assert_eq!(dump(&[], b""), (String::new(), 0));
}

#[test]
fn what_is_no_hexadecimal_is_an_error_of_its_line() {
    let (text, code) = dump(&["--hex"], b"0052zz\n005\n005245510000000900000000\n");
    let lines =
        "error: not hexadecimal: \"0052zz\"\nerror: not hexadecimal: \"005\"\nREQ GRAB_JOB\n";
    assert_eq!((text.as_str(), code), (lines, 1));
}

#[test]
fn other_arguments_are_refused_before_anything_is_read() {
    for arguments in [
        &["--help"][..],
        &["--payload"],
        &["--payload", "all"],
        &["file"],
    ] {
        assert_eq!(dump(arguments, b"\0REQ"), (String::new(), 2));
    }
}
