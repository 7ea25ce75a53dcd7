//! What the example `parse` prints.

#[path = "../examples/parse.rs"]
#[expect(dead_code, reason = "its `main` is not called")]
mod parse;

use bytes::Bytes;
use gearman_admin::Command;
use proptest::prelude::*;
use serde_json::Value;

/// The objects, one a line, or the error.
fn printed(command: &'static str, stream: &[u8]) -> Result<String, String> {
    let command = Command::parse(&Bytes::from(command)).expect("a command");
    let objects = parse::objects(&command, stream)?;
    Ok(objects
        .map(|object| object.to_string())
        .collect::<Vec<_>>()
        .join("\n"))
}

#[track_caller]
fn assert_prints(command: &'static str, stream: &[u8], expected: &str) {
    assert_eq!(printed(command, stream).as_deref(), Ok(expected));
}

/// Undoes the escapes that the example adds to those of JSON.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        match rest.as_bytes()[at + 1] {
            b'\\' => {
                bytes.push(b'\\');
                rest = &rest[at + 2..];
            }
            b'x' => {
                bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).expect("two digits"));
                rest = &rest[at + 4..];
            }
            other => panic!("no such escape: {other}"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[test]
fn each_row_is_an_object() {
    assert_prints(
        "status",
        b"resize\t3\t1\t2\nzip\t0\t0\t0\n.\n",
        "{\"function\":\"resize\",\"running\":1,\"total\":3,\"workers\":2}\n\
         {\"function\":\"zip\",\"running\":0,\"total\":0,\"workers\":0}",
    );
    assert_prints(
        "prioritystatus",
        b"resize\t1\t2\t3\t4\n.\n",
        r#"{"function":"resize","high":1,"low":3,"normal":2,"workers":4}"#,
    );
    assert_prints(
        "workers",
        b"36 127.0.0.1:54321 cam : a b\n37 ::1 - :\n.\n",
        "{\"address\":\"127.0.0.1:54321\",\"fd\":36,\"functions\":[\"a\",\"b\"],\"id\":\"cam\"}\n\
         {\"address\":\"::1\",\"fd\":37,\"functions\":[],\"id\":\"-\"}",
    );
    assert_prints(
        "show jobs",
        b"H:vm:1\t1\t0\t1\n.\n",
        r#"{"handle":"H:vm:1","ignored":false,"queued":true,"retries":1}"#,
    );
    assert_prints(
        "show unique jobs",
        b"u1\nH:vm:1\tu2\n.\n",
        "{\"handle\":null,\"unique\":\"u1\"}\n{\"handle\":\"H:vm:1\",\"unique\":\"u2\"}",
    );
}

#[test]
fn no_row_is_no_object() {
    assert_prints("status", b".\n", "");
}

#[test]
fn a_single_value_is_an_object() {
    assert_prints("version", b"OK 1.1.20\n", r#"{"version":"1.1.20"}"#);
    assert_prints("verbose", b"OK DEBUG\n", r#"{"level":"DEBUG"}"#);
    assert_prints("getpid", b"OK 12\n", r#"{"pid":12}"#);
    assert_prints("drop function f", b"OK\r\n", r#"{"ok":true}"#);
}

#[test]
fn a_malformed_row_does_not_hide_the_others() {
    assert_prints(
        "status",
        b"nl\nx\t0\t0\t1\n.\n",
        "{\"malformed\":\"nl\"}\n{\"function\":\"x\",\"running\":0,\"total\":0,\"workers\":1}",
    );
}

#[test]
fn a_refusal_or_nonsense_is_an_error() {
    for (command, stream, error) in [
        ("cancel job H:vm:1", "ERR UNKNOWN_JOB\r\n", "UNKNOWN_JOB"),
        (
            "drop function f",
            "ERR function not found\r\n",
            "function not found",
        ),
        ("status", "f\t0\t0\t1\n", "the reply is not complete"),
        ("version", "", "the reply is not complete"),
        (
            "getpid",
            "OK x\n",
            r#"expected OK and a process id, found "OK x\n""#,
        ),
        (
            "getpid",
            "OK 1\nOK 2\n",
            "the server sent a reply that no command asked for",
        ),
    ] {
        assert_eq!(printed(command, stream.as_bytes()), Err(error.to_owned()));
    }
}

#[test]
fn a_byte_that_is_not_utf8_and_a_backslash_are_escaped_twice_once_for_json() {
    assert_prints(
        "show unique jobs",
        b"a\\\xff\n\xc3\xa9\"\n.\n",
        "{\"handle\":null,\"unique\":\"a\\\\\\\\\\\\xff\"}\n\
         {\"handle\":null,\"unique\":\"\u{e9}\\\"\"}",
    );
}

proptest! {
    #[test]
    fn any_name_can_be_had_back(name in prop::collection::vec(any::<u8>(), 0..20)) {
        prop_assume!(!name.contains(&b'\n'));
        let stream = [&name, &b"\t1\t0\t0\n.\n"[..]].concat();
        let printed = printed("status", &stream).unwrap();
        let object: Value = serde_json::from_str(&printed).unwrap();
        prop_assert_eq!(unescaped(object["function"].as_str().unwrap()), name);
    }
}
