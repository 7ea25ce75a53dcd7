//! Reads a server's reply to a command and prints JSON: an object for each row of a list, or one object.
//!
//! ```text
//! $ printf 'status\r\n' | nc -q 1 localhost 4730 | cargo run --example parse status
//! {"function":"resize","running":1,"total":3,"workers":2}
//! $ printf 'ERR UNKNOWN_JOB\r\n' | cargo run --example parse cancel job H:vm:1
//! {"error":"UNKNOWN_JOB"}
//! ```
//!
//! | reply to | object |
//! |---|---|
//! | `status` | `function`, `total`, `running`, `workers` |
//! | `prioritystatus` | `function`, `high`, `normal`, `low`, `workers` |
//! | `workers` | `fd`, `address`, `id`, `functions` |
//! | `show jobs` | `handle`, `retries`, `ignored`, `queued` |
//! | `show unique jobs` | `handle` (mostly `null`), `unique` |
//! | `version`, `verbose`, `getpid` | `version`, `level`, `pid` |
//! | any other command | `ok`: `true` |
//! | a line of a list that is no row | `malformed`: the line |
//! | anything, where the server refuses or makes no sense | `error`: what stands behind `ERR`, or what is wrong |
//!
//! Names are bytes, and JSON strings are not. So in each string that comes from the server `\\` stands for a
//! backslash and `\xNN` for a byte that is not UTF-8; everything else is itself. To have the bytes back, undo
//! this after the escapes of JSON: what was `a\` and the byte 0xff is the JSON string `"a\\\\\\xff"`.
//!
//! The exit status is 1 if there was an `error`, and 2 if the command is none.

use std::env;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::process::ExitCode;

use bytes::{Bytes, BytesMut};
use gearman_admin::{
    Command, FramingError, Reply, ReplyError, ReplyFramer, Row, Rows, ServerError,
};
use serde_json::{Value, json};

fn main() -> io::Result<ExitCode> {
    let words: Vec<_> = env::args_os()
        .skip(1)
        .map(|word| word.into_encoded_bytes())
        .collect();
    let Ok(command) = Command::parse(&words.join(&b' ').into()) else {
        eprintln!("usage: parse COMMAND < REPLY, where COMMAND is status, workers, show jobs...");
        return Ok(ExitCode::from(2));
    };
    let mut stream = Vec::new();
    io::stdin().read_to_end(&mut stream)?;

    let (objects, status) = match objects(&command, &stream) {
        Ok(objects) => (objects, ExitCode::SUCCESS),
        Err(error) => (one(json!({ "error": error })), ExitCode::FAILURE),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    for object in objects {
        writeln!(out, "{object}")?;
    }
    out.flush()?;
    Ok(status)
}

type Objects = Box<dyn Iterator<Item = Value>>;

/// What the stream says in reply to this command, or why it says nothing.
pub(crate) fn objects(command: &Command, stream: &[u8]) -> Result<Objects, String> {
    let reply = only_reply(command, stream).map_err(|error| error.to_string())?;
    let reply = reply.ok_or("the reply is not complete")?;
    match Reply::parse(command, &reply) {
        Ok(reply) => Ok(describe(reply)),
        Err(ReplyError::Server(error)) => Err(refusal(&error)),
        Err(error) => Err(error.to_string()),
    }
}

/// Only the command tells where its reply ends.
fn only_reply(command: &Command, stream: &[u8]) -> Result<Option<Bytes>, FramingError> {
    let mut framer = ReplyFramer::new();
    framer.expect(command);
    let mut stream = BytesMut::from(stream);
    let reply = framer.next_reply(&mut stream)?;
    // Nothing may follow it.
    if reply.is_some() {
        framer.next_reply(&mut stream)?;
    }
    Ok(reply)
}

fn describe(reply: Reply) -> Objects {
    match reply {
        Reply::Status(rows) => each(rows, |row| {
            json!({
                "function": text(&row.function),
                "total": row.total,
                "running": row.running,
                "workers": row.workers,
            })
        }),
        Reply::PriorityStatus(rows) => each(rows, |row| {
            json!({
                "function": text(&row.function),
                "high": row.high,
                "normal": row.normal,
                "low": row.low,
                "workers": row.workers,
            })
        }),
        Reply::Workers(rows) => each(rows, |row| {
            json!({
                "fd": row.fd,
                "address": text(&row.address),
                "id": text(&row.id),
                "functions": row.functions.iter().map(|name| text(&name)).collect::<Vec<_>>(),
            })
        }),
        Reply::Jobs(rows) => each(rows, |row| {
            json!({
                "handle": text(&row.handle),
                "retries": row.retries,
                "ignored": row.ignored,
                "queued": row.queued,
            })
        }),
        Reply::UniqueJobs(rows) => each(rows, |row| {
            json!({
                "handle": row.handle.map(|handle| text(&handle)),
                "unique": text(&row.unique),
            })
        }),
        Reply::Version(version) => one(json!({ "version": text(&version) })),
        Reply::LogLevel(level) => one(json!({ "level": text(level.name()) })),
        Reply::Pid(pid) => one(json!({ "pid": pid })),
        _done => one(json!({ "ok": true })),
    }
}

fn one(object: Value) -> Objects {
    Box::new(std::iter::once(object))
}

/// A row that makes no sense does not hide the others.
fn each<R: Row + 'static>(rows: Rows<R>, object: fn(R) -> Value) -> Objects {
    Box::new(rows.into_iter().map(move |row| match row {
        Ok(row) => object(row),
        Err(malformed) => json!({ "malformed": text(&malformed.line) }),
    }))
}

fn refusal(error: &ServerError) -> String {
    let (code, explanation) = (text(&error.code()), text(&error.text()));
    format!("{code} {explanation}").trim_end().to_owned()
}

/// The bytes, escaped as the head of this file says.
fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text += &chunk.valid().replace('\\', r"\\");
        for byte in chunk.invalid() {
            text += &format!(r"\x{byte:02x}");
        }
    }
    text
}
