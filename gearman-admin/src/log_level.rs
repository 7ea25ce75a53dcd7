//! How much a server logs.

use std::fmt;

use bytes::Bytes;

use crate::quoted::Quoted;

/// The answer to `verbose`, from the fewest log lines to the most.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LogLevel {
    /// The server is going down.
    Fatal,
    /// Somebody has to act.
    Alert,
    /// A part of the server does not work.
    Critical,
    /// gearmand's default.
    Error,
    /// Something is odd.
    Warning,
    /// Normal, but worth a line.
    Notice,
    /// What happens.
    Info,
    /// Everything.
    Debug,
    /// A level of another server.
    Other(Bytes),
}

impl LogLevel {
    /// The level with this name; a name that gearmand does not use is [`Other`](Self::Other).
    pub fn named(name: &Bytes) -> Self {
        match name.as_ref() {
            b"FATAL" => Self::Fatal,
            b"ALERT" => Self::Alert,
            b"CRITICAL" => Self::Critical,
            b"ERROR" => Self::Error,
            b"WARNING" => Self::Warning,
            b"NOTICE" => Self::Notice,
            b"INFO" => Self::Info,
            b"DEBUG" => Self::Debug,
            _ => Self::Other(name.clone()),
        }
    }

    /// The name that goes over the wire.
    pub fn name(&self) -> &[u8] {
        match self {
            Self::Fatal => b"FATAL",
            Self::Alert => b"ALERT",
            Self::Critical => b"CRITICAL",
            Self::Error => b"ERROR",
            Self::Warning => b"WARNING",
            Self::Notice => b"NOTICE",
            Self::Info => b"INFO",
            Self::Debug => b"DEBUG",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => Quoted(name).fmt(f),
            known => known.name().escape_ascii().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_level() {
        for name in [
            "FATAL", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "TRACE",
        ] {
            let level = LogLevel::named(&Bytes::from(name));
            assert_eq!(level.name(), name.as_bytes());
            assert_eq!(matches!(level, LogLevel::Other(_)), name == "TRACE");
        }
    }
}
