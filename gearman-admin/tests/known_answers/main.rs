//! What was typed to gearmand 1.1.20 and what it answered, byte for byte: each command and each reply
//! means what the tables say, and what it means is written as the same bytes. The exceptions are listed,
//! and the list is exact.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use gearman_admin::{Command, CommandError, Reply, ReplyError, Row, Rows};

use crate::exchanges::{Asked, Exchange};

mod commands;
mod exchanges;
mod replies;

/// Reasons, and the exchanges to which they apply with what is surprising about them. The line ends of
/// commands surprise nobody: most were typed with LF, and ours have CRLF.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    (
        "Blanks, case and needless words are not kept.",
        &[
            "admin_double_space, step 0: `show    jobs` is written `show jobs`",
            "admin_double_space, step 2: `create   function   xyz` is written `create function xyz`",
            "admin_five_args, step 0: `version b c d e` is written `version`",
            "admin_maxqueue, step 18: `MAXQUEUE nosuch 1` is written `maxqueue nosuch 1`",
            r"admin_nul_in_line, step 2: `version\x00junk` is written `version`",
        ],
    ),
    (
        "Limits are written in one way: one number if they are equal, otherwise three, and 0 for none.",
        &[
            "admin_maxqueue, step 4: `maxqueue f` is written `maxqueue f 0`",
            "admin_maxqueue, step 10: `maxqueue f -1` is written `maxqueue f 0`",
            "admin_maxqueue, step 12: `maxqueue f abc` is written `maxqueue f 0`",
            "admin_maxqueue, step 14: `maxqueue f 5 6` is written `maxqueue f 5 6 0`",
            "admin_maxqueue_two_numbers, step 2: `maxqueue f 1 2` is written `maxqueue f 1 2 0`",
            "maxqueue_priorities, step 16: `maxqueue f` is written `maxqueue f 0`",
            "maxqueue_priorities, step 20: `maxqueue f -1` is written `maxqueue f 0`",
            "maxqueue_priorities, step 22: `maxqueue f 5 5` is written `maxqueue f 5 5 0`",
        ],
    ),
    (
        "gearmand closes the connection, and so would we.",
        &[
            "admin_long_line2, step 0: line is longer than 8192 bytes",
            "admin_maxqueue_4, step 0: `maxqueue f 1 2 3 4` is not answered: more than 5 words in a command",
            "admin_too_many_args, step 0: `a b c d e f` is not answered: more than 5 words in a command",
            "maxqueue_priorities, step 26: `maxqueue f 1 2 3 4` is not answered: more than 5 words in a command",
        ],
    ),
    (
        "The client shut down its side of the connection; gearmand then forgets what it was asked.",
        &[
            "admin_halfclose, step 0: `version` is not answered",
            "admin_no_newline_eof, step 0: is no whole line",
        ],
    ),
    (
        "A line feed in a name breaks the row in two.",
        &[
            "admin_odd_function_names, step 9: `nl` is no row",
            r"admin_odd_function_names, step 11: `x ta\tb sp ace` is no row",
            "admin_odd_function_names, step 13: `nl` is no row",
            "set_client_id, step 19: `37 127.0.0.1 nl` is no row",
            "set_client_id, step 19: `x : f` is no row",
        ],
    ),
];

#[test]
fn each_line_means_what_the_table_says() {
    for asked in exchanges::all().iter().flat_map(Exchange::asked).flatten() {
        let meaning = commands::table()
            .into_iter()
            .find(|(line, _)| *line == asked.line);
        let (line, meaning) = meaning.unwrap_or_else(|| panic!("{:?} is not there", asked.line));
        assert_eq!(asked.parsed, meaning, "{}", line.escape_ascii());
    }
}

#[test]
fn each_line_of_the_table_was_captured_and_is_there_once() {
    let asked = exchanges::all();
    let asked = asked.iter().flat_map(Exchange::asked).flatten();
    let captured: BTreeSet<Bytes> = asked.map(|asked| asked.line).collect();
    let mut listed: Vec<_> = commands::table().iter().map(|(line, _)| *line).collect();
    listed.sort_unstable();
    assert_eq!(listed, captured.into_iter().collect::<Vec<_>>());
}

#[test]
fn each_reply_means_what_the_table_says() {
    for (command, reply) in answered() {
        let meaning = replies::table()
            .into_iter()
            .find(|(keyword, bytes, _)| *keyword == command.keyword() && *bytes == reply);
        let (.., meaning) = meaning.unwrap_or_else(|| panic!("{reply:?} is not there"));
        assert_eq!(replies::meaning(&command, &reply), meaning);
    }
}

#[test]
fn each_reply_of_the_table_was_captured_and_is_there_once() {
    let captured: BTreeSet<(&str, Bytes)> = answered()
        .into_iter()
        .map(|(command, reply)| (command.keyword(), reply))
        .collect();
    let table = replies::table();
    let mut listed: Vec<_> = table
        .iter()
        .map(|(keyword, reply, _)| (*keyword, Bytes::from_static(reply)))
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, captured.into_iter().collect::<Vec<_>>());
}

#[test]
fn all_is_written_as_it_came_unless_it_is_listed() {
    assert_eq!(&surprises() - &listed(), BTreeSet::new());
}

#[test]
fn each_listed_exception_occurs() {
    assert_eq!(&listed() - &surprises(), BTreeSet::new());
}

#[test]
fn no_exception_is_listed_twice() {
    let all = EXCEPTIONS
        .iter()
        .map(|(_reason, exchanges)| exchanges.len());
    assert_eq!(listed().len(), all.sum::<usize>());
}

#[test]
fn every_command_was_captured() {
    let captured: BTreeSet<&str> = answered()
        .iter()
        .map(|(command, _)| command.keyword())
        .collect();
    assert_eq!(captured.len(), 12);
}

fn listed() -> BTreeSet<String> {
    let exceptions = EXCEPTIONS
        .iter()
        .flat_map(|(_reason, exchanges)| *exchanges);
    exceptions.copied().map(String::from).collect()
}

/// Every good command that was answered, and its reply.
fn answered() -> Vec<(Command, Bytes)> {
    let mut found = Vec::new();
    for exchange in exchanges::all() {
        let asked = exchange.asked().unwrap_or_default();
        let replies = exchange.replies(&asked);
        let answered = asked.into_iter().zip(replies);
        found.extend(answered.filter_map(|(asked, reply)| Some((asked.parsed.ok()?, reply))));
    }
    found
}

/// Everything surprising in the captures.
fn surprises() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for exchange in exchanges::all() {
        let place = exchange.place();
        let surprises = surprises_of(&exchange).into_iter();
        found.extend(surprises.map(|surprise| format!("{place}: {surprise}")));
    }
    found
}

fn surprises_of(exchange: &Exchange) -> Vec<String> {
    let asked = match exchange.asked() {
        Ok(asked) if asked.is_empty() => return vec!["is no whole line".to_owned()],
        Ok(asked) => asked,
        Err(error) => return vec![error.to_string()],
    };
    let mut replies = exchange.replies(&asked).into_iter();
    let mut found = Vec::new();
    for asked in &asked {
        found.extend(surprise_of_line(asked));
        found.extend(match (&asked.parsed, replies.next()) {
            (Ok(command), Some(reply)) => surprises_of_reply(command, &reply),
            (Err(CommandError::Refused(error)), Some(reply)) => {
                differs(&reply, &written(|out| error.encode(out)))
            }
            (Ok(_), None) => vec![format!("{} is not answered", quoted(&asked.line))],
            (Err(error), None) => {
                vec![format!("{} is not answered: {error}", quoted(&asked.line))]
            }
            (Err(CommandError::TooManyWords), Some(reply)) => {
                vec![format!(
                    "{} is answered {}",
                    quoted(&asked.line),
                    quoted(&reply)
                )]
            }
        });
    }
    found
}

fn surprise_of_line(asked: &Asked) -> Vec<String> {
    let Ok(command) = &asked.parsed else {
        return Vec::new();
    };
    let again = written(|out| command.encode(out));
    differs(&asked.line, again.strip_suffix(b"\r\n").expect("a line"))
}

fn surprises_of_reply(command: &Command, reply: &Bytes) -> Vec<String> {
    let parsed = match Reply::parse(command, reply) {
        Ok(parsed) => parsed,
        Err(ReplyError::Server(error)) => {
            return differs(reply, &written(|out| error.encode(out)));
        }
        Err(error) => return vec![error.to_string()],
    };
    let mut found = differs(reply, &written(|out| parsed.encode(out)));
    match &parsed {
        Reply::Status(rows) => found.extend(surprises_of_rows(rows)),
        Reply::PriorityStatus(rows) => found.extend(surprises_of_rows(rows)),
        Reply::Workers(rows) => found.extend(surprises_of_rows(rows)),
        Reply::Jobs(rows) => found.extend(surprises_of_rows(rows)),
        Reply::UniqueJobs(rows) => found.extend(surprises_of_rows(rows)),
        _single => {}
    }
    found
}

/// A list keeps its bytes; here each row is written anew.
fn surprises_of_rows<R: Row>(rows: &Rows<R>) -> Vec<String> {
    let whole = written(|out| rows.encode(out));
    let lines = whole.split_inclusive(|byte| *byte == b'\n');
    let surprises = rows.iter().zip(lines).map(|(row, line)| match row {
        Ok(row) => differs(line, &written(|out| row.encode(out))),
        Err(malformed) => vec![format!("{} is no row", quoted(&malformed.line))],
    });
    surprises.flatten().collect()
}

fn differs(captured: &[u8], again: &[u8]) -> Vec<String> {
    if captured == again {
        return Vec::new();
    }
    vec![format!("{} is written {}", quoted(captured), quoted(again))]
}

fn quoted(bytes: &[u8]) -> String {
    format!("`{}`", bytes.escape_ascii())
}

fn written(encode: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut out = BytesMut::new();
    encode(&mut out);
    out
}
