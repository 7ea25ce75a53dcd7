//! What a server answers: one function per kind of reply, and [`Reply`] for all of them.
//!
//! Lists have no function here; see [`Rows::parse`].

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::command::Command;
use crate::line::without_line_end;
use crate::log_level::LogLevel;
use crate::quoted::Quoted;
use crate::row::{JobRow, PriorityStatusRow, StatusRow, UniqueJobRow, WorkerRow};
use crate::rows::Rows;
use crate::server_error::ServerError;

/// A reply that is no refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// To `maxqueue`, `create function`, `drop function` and `cancel job`.
    Done,
    /// To `version`.
    Version(Bytes),
    /// To `verbose`.
    LogLevel(LogLevel),
    /// To `getpid`.
    Pid(u32),
    /// To `status`.
    Status(Rows<StatusRow>),
    /// To `prioritystatus`.
    PriorityStatus(Rows<PriorityStatusRow>),
    /// To `workers`.
    Workers(Rows<WorkerRow>),
    /// To `show jobs`.
    Jobs(Rows<JobRow>),
    /// To `show unique jobs`.
    UniqueJobs(Rows<UniqueJobRow>),
}

impl Reply {
    /// Reads one complete reply to this command, as a [`ReplyFramer`](crate::ReplyFramer) cuts it.
    ///
    /// # Errors
    ///
    /// [`ReplyError::Server`] if the server refuses, [`ReplyError::Malformed`] if this is no reply
    /// to this command.
    pub fn parse(command: &Command, reply: &Bytes) -> Result<Self, ReplyError> {
        Ok(match command {
            Command::Status => Self::Status(Rows::parse(reply)?),
            Command::PriorityStatus => Self::PriorityStatus(Rows::parse(reply)?),
            Command::Workers => Self::Workers(Rows::parse(reply)?),
            Command::ShowJobs => Self::Jobs(Rows::parse(reply)?),
            Command::ShowUniqueJobs => Self::UniqueJobs(Rows::parse(reply)?),
            Command::Version => Self::Version(version(reply)?),
            Command::LogLevel => Self::LogLevel(log_level(reply)?),
            Command::Pid => Self::Pid(pid(reply)?),
            Command::MaxQueue { .. }
            | Command::CreateFunction(_)
            | Command::DropFunction(_)
            | Command::CancelJob(_) => {
                done(reply)?;
                Self::Done
            }
        })
    }

    /// Appends the reply as gearmand sends it.
    ///
    /// A version or a level that holds a line end is not read back as it was.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            // The only reply besides refusals that ends with CRLF.
            Self::Done => out.put_slice(b"OK\r\n"),
            Self::Version(version) => put_value(out, version),
            Self::LogLevel(level) => put_value(out, level.name()),
            Self::Pid(pid) => put_value(out, pid.to_string().as_bytes()),
            Self::Status(rows) => rows.encode(out),
            Self::PriorityStatus(rows) => rows.encode(out),
            Self::Workers(rows) => rows.encode(out),
            Self::Jobs(rows) => rows.encode(out),
            Self::UniqueJobs(rows) => rows.encode(out),
        }
    }
}

/// Why there is no [`Reply`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "either the server has spoken or it has babbled"
)]
pub enum ReplyError {
    /// The server will not do it. The connection is fine.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// This is no reply to the command; commands and replies may be out of step, so close the
    /// connection.
    #[error("expected {expected}, found {}", Quoted(.found))]
    Malformed {
        /// What the command should have brought.
        expected: &'static str,
        /// What came.
        found: Bytes,
    },
}

impl ReplyError {
    pub(crate) fn malformed(found: &Bytes, expected: &'static str) -> Self {
        Self::Malformed {
            expected,
            found: found.clone(),
        }
    }
}

/// Reads the reply to `maxqueue`, `create function`, `drop function` or `cancel job`.
///
/// # Errors
///
/// [`ReplyError`] unless it is `OK`.
pub fn done(reply: &Bytes) -> Result<(), ReplyError> {
    let line = single_line(reply, "OK")?;
    // Another server may say more than gearmand; it still says yes.
    if line == "OK" || line.starts_with(b"OK ") {
        Ok(())
    } else {
        Err(ReplyError::malformed(reply, "OK"))
    }
}

/// Reads the reply to `version`.
///
/// Servers before gearmand 1.0, and the one in Perl, leave out the `OK`; then the version must
/// begin with a digit, or with `v` and a digit.
///
/// # Errors
///
/// [`ReplyError`] if it is no version.
pub fn version(reply: &Bytes) -> Result<Bytes, ReplyError> {
    const EXPECTED: &str = "OK and a version";
    let line = single_line(reply, EXPECTED)?;
    match value(&line) {
        Some(version) if !version.is_empty() => Ok(version),
        None if matches!(line.as_ref(), [b'0'..=b'9', ..] | [b'v', b'0'..=b'9', ..]) => Ok(line),
        _ => Err(ReplyError::malformed(reply, EXPECTED)),
    }
}

/// Reads the reply to `verbose`. A level that gearmand knows may come without `OK`.
///
/// # Errors
///
/// [`ReplyError`] if it is no level.
pub fn log_level(reply: &Bytes) -> Result<LogLevel, ReplyError> {
    const EXPECTED: &str = "OK and a log level";
    let line = single_line(reply, EXPECTED)?;
    match (value(&line), LogLevel::named(&line)) {
        (Some(name), _) if !name.is_empty() => Ok(LogLevel::named(&name)),
        (Some(_), _) | (None, LogLevel::Other(_)) => Err(ReplyError::malformed(reply, EXPECTED)),
        (None, level) => Ok(level),
    }
}

/// Reads the reply to `getpid`. The number may come without `OK`.
///
/// # Errors
///
/// [`ReplyError`] if it is no process id.
pub fn pid(reply: &Bytes) -> Result<u32, ReplyError> {
    const EXPECTED: &str = "OK and a process id";
    let line = single_line(reply, EXPECTED)?;
    let number = value(&line).unwrap_or(line);
    std::str::from_utf8(&number)
        .ok()
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| ReplyError::malformed(reply, EXPECTED))
}

/// The only line of a reply, without its line end, unless it is a refusal.
fn single_line(reply: &Bytes, expected: &'static str) -> Result<Bytes, ReplyError> {
    let line = without_line_end(reply);
    if !reply.ends_with(b"\n") || line.contains(&b'\n') {
        return Err(ReplyError::malformed(reply, expected));
    }
    match ServerError::parse(reply) {
        Some(error) => Err(ReplyError::Server(error)),
        None => Ok(reply.slice_ref(line)),
    }
}

/// `"OK" SP value`
fn value(line: &Bytes) -> Option<Bytes> {
    line.strip_prefix(b"OK ").map(|value| line.slice_ref(value))
}

fn put_value(out: &mut BytesMut, value: &[u8]) {
    // LF here, and CRLF after a bare OK: that is how gearmand does it.
    out.put_slice(b"OK ");
    out.put_slice(value);
    out.put_u8(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from(text)
    }

    #[test]
    fn either_line_end_will_do() {
        assert_eq!(done(&bytes("OK\n")), Ok(()));
        assert_eq!(done(&bytes("OK\r\n")), Ok(()));
        assert_eq!(pid(&bytes("OK 12\r\n")), Ok(12));
    }

    #[test]
    fn values_without_ok_are_taken_when_they_cannot_be_anything_else() {
        assert_eq!(version(&bytes("0.14\n")), Ok(bytes("0.14")));
        assert_eq!(log_level(&bytes("DEBUG\n")), Ok(LogLevel::Debug));
        assert_eq!(pid(&bytes("12\n")), Ok(12));
        for odd in ["OK\n", "OK \n", ".\n", "\n", "x\t0\t0\t0\n", "hello\n"] {
            assert!(
                matches!(version(&bytes(odd)), Err(ReplyError::Malformed { .. })),
                "{odd:?}"
            );
            assert!(
                matches!(log_level(&bytes(odd)), Err(ReplyError::Malformed { .. })),
                "{odd:?}"
            );
            assert!(
                matches!(pid(&bytes(odd)), Err(ReplyError::Malformed { .. })),
                "{odd:?}"
            );
        }
    }

    #[test]
    fn a_pid_is_all_digits_and_fits() {
        for odd in [
            "OK +1\n",
            "OK -1\n",
            "OK 4294967296\n",
            "OK 1 2\n",
            "OK x\n",
        ] {
            assert!(pid(&bytes(odd)).is_err(), "{odd:?}");
        }
        assert_eq!(pid(&bytes("OK 4294967295\n")), Ok(u32::MAX));
    }

    #[test]
    fn a_refusal_comes_out_of_every_reader() {
        let reply = bytes("ERR UNKNOWN_JOB\r\n");
        let refused = ReplyError::Server(ServerError::UnknownJob);
        assert_eq!(done(&reply), Err(refused.clone()));
        assert_eq!(version(&reply), Err(refused.clone()));
        assert_eq!(log_level(&reply), Err(refused.clone()));
        assert_eq!(pid(&reply), Err(refused));
    }

    #[test]
    fn an_unknown_level_keeps_its_name() {
        assert_eq!(
            log_level(&bytes("OK TRACE\n")),
            Ok(LogLevel::Other(bytes("TRACE")))
        );
    }
}
