//! The line `ERR ...`: a server will not do it.

use bytes::{BufMut as _, Bytes, BytesMut};
use memchr::memchr;

use crate::line::without_line_end;
use crate::quoted::Quoted;

/// A server's refusal: a code, and sometimes a text behind it with `+` for blanks.
///
/// The variants are the refusals of gearmand; [`Other`](Self::Other) is everybody else's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// `cancel job`: no job has this handle, or not any more.
    #[error("the server knows no such job")]
    UnknownJob,
    /// `drop function`: there is no such function.
    #[error("the server knows no such function")]
    FunctionNotFound,
    /// `drop function`: there are still workers for it, or running jobs.
    #[error("the function still has workers or running jobs")]
    FunctionInUse,
    /// The server does not know the command.
    #[error("the server does not know the command {}", Quoted(.word))]
    UnknownCommand {
        /// The first word of the command, or nothing.
        word: Bytes,
    },
    /// `maxqueue`, `create` or `drop` with the wrong words behind it.
    #[error("wrong arguments for the command {}", Quoted(.keyword))]
    InvalidArguments {
        /// The first word of the command, as it was typed.
        keyword: Bytes,
    },
    /// `show` with the wrong words behind it.
    #[error("the server cannot show that")]
    UnknownShowArguments,
    /// `cancel` with the wrong words behind it.
    #[error("the server can make nothing of the command")]
    UnknownError,
    /// Any other refusal.
    #[error("the server says {}", Quoted(.line))]
    Other {
        /// What stands behind `ERR`.
        line: Bytes,
    },
}

const UNKNOWN_JOB: &str = "UNKNOWN_JOB";
const FUNCTION_NOT_FOUND: &str = "function not found";
const FUNCTION_IN_USE: &str = "there are still connected workers or executing clients";
// gearmand glues the offending word to these two; the second at least ends with a `+`.
const UNKNOWN_COMMAND: &str = "UNKNOWN_COMMAND Unknown+server+command";
const INVALID_ARGUMENTS: &str =
    "INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+";
const UNKNOWN_SHOW_ARGUMENTS: &str = "UNKNOWN_SHOW_ARGUMENTS";
const UNKNOWN_ERROR: &str = "UNKNOWN_ERROR";

impl ServerError {
    /// Reads a line, with or without its line end; `None` if it is no refusal.
    pub fn parse(line: &Bytes) -> Option<Self> {
        let refusal = refusal(line)?;
        let behind = |fixed: &str| {
            refusal
                .strip_prefix(fixed.as_bytes())
                .map(|word| line.slice_ref(word))
        };
        if let Some(word) = behind(UNKNOWN_COMMAND) {
            return Some(Self::UnknownCommand { word });
        }
        if let Some(keyword) = behind(INVALID_ARGUMENTS) {
            return Some(Self::InvalidArguments { keyword });
        }
        let fixed = [
            Self::UnknownJob,
            Self::FunctionNotFound,
            Self::FunctionInUse,
            Self::UnknownShowArguments,
            Self::UnknownError,
        ];
        let known = fixed
            .into_iter()
            .find(|error| error.parts().0.as_bytes() == refusal);
        Some(known.unwrap_or_else(|| Self::Other {
            line: line.slice_ref(refusal),
        }))
    }

    /// Appends the line as gearmand sends it.
    pub fn encode(&self, out: &mut BytesMut) {
        let (fixed, variable) = self.parts();
        // A line feed in the middle would be the end of this reply and the beginning of one that
        // nobody asked for.
        let variable = variable
            .split(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default();
        out.put_slice(b"ERR ");
        out.put_slice(fixed.as_bytes());
        out.put_slice(variable);
        out.put_slice(b"\r\n");
    }

    /// The first word behind `ERR`, such as `UNKNOWN_JOB`. The refusals of `drop function` have no
    /// code; their first word is an ordinary word.
    pub fn code(&self) -> Bytes {
        let line = self.line();
        let end = memchr(b' ', &line).unwrap_or(line.len());
        line.slice(..end)
    }

    /// What stands behind the code, as it was sent; often nothing.
    pub fn text(&self) -> Bytes {
        let line = self.line();
        memchr(b' ', &line).map_or_else(Bytes::new, |end| line.slice(end.saturating_add(1)..))
    }

    /// Everything behind `ERR`.
    fn line(&self) -> Bytes {
        match self.parts() {
            (fixed, b"") => Bytes::from_static(fixed.as_bytes()),
            (fixed, variable) => Bytes::from([fixed.as_bytes(), variable].concat()),
        }
    }

    /// Everything behind `ERR`: what this variant always says, and what depends.
    fn parts(&self) -> (&'static str, &[u8]) {
        match self {
            Self::UnknownJob => (UNKNOWN_JOB, b""),
            Self::FunctionNotFound => (FUNCTION_NOT_FOUND, b""),
            Self::FunctionInUse => (FUNCTION_IN_USE, b""),
            Self::UnknownCommand { word } => (UNKNOWN_COMMAND, word),
            Self::InvalidArguments { keyword } => (INVALID_ARGUMENTS, keyword),
            Self::UnknownShowArguments => (UNKNOWN_SHOW_ARGUMENTS, b""),
            Self::UnknownError => (UNKNOWN_ERROR, b""),
            Self::Other { line } => ("", line),
        }
    }
}

/// What stands behind `ERR` in a line, if it begins so.
pub(crate) fn refusal(line: &[u8]) -> Option<&[u8]> {
    match without_line_end(line).strip_prefix(b"ERR")? {
        b"" => Some(b""),
        behind => behind.strip_prefix(b" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &'static str) -> ServerError {
        ServerError::parse(&Bytes::from(line)).unwrap()
    }

    #[test]
    fn what_gearmand_says_is_recognised_and_written_the_same() {
        for line in [
            "ERR UNKNOWN_JOB\r\n",
            "ERR function not found\r\n",
            "ERR there are still connected workers or executing clients\r\n",
            "ERR UNKNOWN_COMMAND Unknown+server+command\r\n",
            "ERR UNKNOWN_COMMAND Unknown+server+commandbogus\r\n",
            "ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n",
            "ERR UNKNOWN_SHOW_ARGUMENTS\r\n",
            "ERR UNKNOWN_ERROR\r\n",
        ] {
            let error = parse(line);
            assert!(!matches!(error, ServerError::Other { .. }), "{line:?}");
            let mut out = BytesMut::new();
            error.encode(&mut out);
            assert_eq!(out, line);
        }
    }

    #[test]
    fn code_and_text_are_split_at_the_first_blank() {
        let error = parse("ERR UNKNOWN_COMMAND Unknown+server+commandx y\r\n");
        assert_eq!(
            error,
            ServerError::UnknownCommand {
                word: Bytes::from("x y")
            }
        );
        assert_eq!(
            (error.code(), error.text()),
            ("UNKNOWN_COMMAND".into(), "Unknown+server+commandx y".into())
        );
        let error = parse("ERR UNKNOWN_JOB\n");
        assert_eq!(
            (error.code(), error.text()),
            ("UNKNOWN_JOB".into(), "".into())
        );
    }

    #[test]
    fn other_servers_have_other_refusals() {
        let error = parse("ERR unknown_args Unknown+arguments\r\n");
        assert_eq!(
            error.to_string(),
            r#"the server says "unknown_args Unknown+arguments""#
        );
        assert_eq!(error.code(), "unknown_args");
        assert_eq!(parse("ERR\n"), ServerError::Other { line: Bytes::new() });
    }

    #[test]
    fn a_word_that_begins_with_err_is_no_refusal() {
        assert_eq!(ServerError::parse(&Bytes::from("ERROR\n")), None);
        assert_eq!(ServerError::parse(&Bytes::from("OK\n")), None);
    }

    #[test]
    fn a_line_feed_cannot_leave_the_line() {
        let mut out = BytesMut::new();
        ServerError::Other {
            line: Bytes::from("a\nOK"),
        }
        .encode(&mut out);
        assert_eq!(out, "ERR a\r\n");
    }
}
