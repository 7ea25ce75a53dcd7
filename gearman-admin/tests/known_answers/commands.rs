//! What each captured line means, its line end taken off.

use std::num::NonZeroU32;

use bytes::Bytes;
use gearman_admin::{Argument, Command, CommandError, MAX_LINE, QueueLimits, ServerError};

type Meaning = Result<Command, CommandError>;

pub(crate) fn table() -> Vec<(&'static [u8], Meaning)> {
    vec![
        (b"status", Ok(Command::Status)),
        (b"prioritystatus", Ok(Command::PriorityStatus)),
        (b"workers", Ok(Command::Workers)),
        (b"version", Ok(Command::Version)),
        (b"verbose", Ok(Command::LogLevel)),
        (b"getpid", Ok(Command::Pid)),
        (b"show jobs", Ok(Command::ShowJobs)),
        (b"show unique jobs", Ok(Command::ShowUniqueJobs)),
        // Runs of blanks are one; what is behind a NUL is no longer part of its word; some commands do
        // not care how many words there are.
        (b"show    jobs", Ok(Command::ShowJobs)),
        (b"create   function   xyz", create_function("xyz")),
        (b"version\0junk", Ok(Command::Version)),
        (b"version b c d e", Ok(Command::Version)),
        // With a bare LF behind it this created "gamm". We do better.
        (b"create function gamma", create_function("gamma")),
        (b"create function abc", create_function("abc")),
        (b"create function alpha", create_function("alpha")),
        (b"create function f", create_function("f")),
        (b"create", invalid_arguments("create")),
        (b"create bogus x", invalid_arguments("create")),
        (b"create function", invalid_arguments("create")),
        (b"create function a b", invalid_arguments("create")),
        (b"drop function BETA", drop_function("BETA")),
        (b"drop function abc", drop_function("abc")),
        (b"drop function alpha", drop_function("alpha")),
        (b"drop function beta", drop_function("beta")),
        (b"drop function f", drop_function("f")),
        (b"drop", invalid_arguments("drop")),
        (b"drop bogus x", invalid_arguments("drop")),
        (b"drop function", invalid_arguments("drop")),
        (b"cancel job H:nosuch:1", cancel_job("H:nosuch:1")),
        (b"cancel job H:vm:1", cancel_job("H:vm:1")),
        (b"cancel job H:x:1", cancel_job("H:x:1")),
        (b"cancel", unknown(b"cancel")),
        (b"cancel job", unknown(b"cancel")),
        (b"cancel bogus x", refused(ServerError::UnknownError)),
        (b"cancel job a b", refused(ServerError::UnknownError)),
        (b"MAXQUEUE nosuch 1", max_queue("nosuch", [1, 1, 1])),
        (b"maxqueue f", max_queue("f", [0, 0, 0])),
        (b"maxqueue f -1", max_queue("f", [0, 0, 0])),
        (b"maxqueue f 0", max_queue("f", [0, 0, 0])),
        (b"maxqueue f 1", max_queue("f", [1, 1, 1])),
        (b"maxqueue f 1 2", max_queue("f", [1, 2, 0])),
        (b"maxqueue f 1 2 3", max_queue("f", [1, 2, 3])),
        (b"maxqueue f 1 2 3 4", Err(CommandError::TooManyWords)),
        (b"maxqueue f 10", max_queue("f", [10, 10, 10])),
        (b"maxqueue f 3 2 1", max_queue("f", [3, 2, 1])),
        (b"maxqueue f 5 5", max_queue("f", [5, 5, 0])),
        (b"maxqueue f 5 6", max_queue("f", [5, 6, 0])),
        (b"maxqueue f abc", max_queue("f", [0, 0, 0])),
        (b"maxqueue g 1", max_queue("g", [1, 1, 1])),
        (b"maxqueue", invalid_arguments("maxqueue")),
        (b"a b c d e f", Err(CommandError::TooManyWords)),
        (b"", unknown(b"")),
        (b"  ", unknown(b"")),
        (b" status", unknown(b"")),
        (b"\tstatus", unknown(b"\tstatus")),
        (b"bogus", unknown(b"bogus")),
        (b"bogus arg", unknown(b"bogus")),
        (b"gladiator", unknown(b"gladiator")),
        (b"help", unknown(b"help")),
        (b"shutdown", unknown(b"shutdown")),
        (b"shutdown graceful", unknown(b"shutdown")),
        (b"stat", unknown(b"stat")),
        (b"statuss", unknown(b"statuss")),
        (b"ver\0sion", unknown(b"ver")),
        (&LONGEST, unknown(&LONGEST)),
    ]
}

/// With its line feed, the longest line that gearmand takes.
const LONGEST: [u8; MAX_LINE - 1] = [b'x'; MAX_LINE - 1];

fn create_function(function: &'static str) -> Meaning {
    Ok(Command::CreateFunction(argument(function)))
}

fn drop_function(function: &'static str) -> Meaning {
    Ok(Command::DropFunction(argument(function)))
}

fn cancel_job(handle: &'static str) -> Meaning {
    Ok(Command::CancelJob(argument(handle)))
}

/// The limits for high, normal and low priority, where 0 is none.
fn max_queue(function: &'static str, limits: [u32; 3]) -> Meaning {
    let [high, normal, low] = limits.map(NonZeroU32::new);
    Ok(Command::MaxQueue {
        function: argument(function),
        limits: QueueLimits { high, normal, low },
    })
}

fn argument(word: &'static str) -> Argument {
    Argument::new(word).expect("a good name")
}

fn unknown(word: &'static [u8]) -> Meaning {
    refused(ServerError::UnknownCommand { word: word.into() })
}

fn invalid_arguments(keyword: &'static str) -> Meaning {
    refused(ServerError::InvalidArguments {
        keyword: Bytes::from(keyword),
    })
}

fn refused(error: ServerError) -> Meaning {
    Err(CommandError::Refused(error))
}
