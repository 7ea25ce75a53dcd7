use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use gearman_net::{Endpoint, InvalidEndpoint};
use gearman_proto::{InvalidName, JobHandle};

/// Where a job is: the server that made it, and that server's handle for it.
///
/// Written as `host:port/H:vm:1`, it can be stored and asked for later, from any process:
///
/// ```
/// use gearman_client::JobAddress;
///
/// let address: JobAddress = "queue.example:4730/H:vm:1".parse()?;
/// assert_eq!(address.handle().as_bytes(), b"H:vm:1");
/// assert_eq!(address.to_string(), "queue.example:4730/H:vm:1");
/// # Ok::<(), gearman_client::InvalidAddress>(())
/// ```
///
/// A server that restarts counts its handles from 1 again: an old address may then name another job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobAddress {
    server: Arc<Endpoint>,
    handle: JobHandle,
}

/// A text that is no [`JobAddress`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// There is no `/` between server and handle.
    #[error("no job address without a slash; write host:port/handle")]
    NoSlash,
    /// What stands before the slash is no server.
    #[error(transparent)]
    Server(#[from] InvalidEndpoint),
    /// What follows the slash is no handle.
    #[error(transparent)]
    Handle(#[from] InvalidName),
    /// A `%` is not followed by two hexadecimal digits.
    #[error("a job handle has a % without two hexadecimal digits after it")]
    Escape,
}

impl JobAddress {
    /// The job that `server` calls `handle`.
    pub fn new(server: impl Into<Arc<Endpoint>>, handle: JobHandle) -> Self {
        Self {
            server: server.into(),
            handle,
        }
    }

    /// The server that made the job.
    pub fn server(&self) -> &Endpoint {
        &self.server
    }

    /// The server's name for it.
    pub const fn handle(&self) -> &JobHandle {
        &self.handle
    }
}

/// Bytes of the handle that are not printable ASCII, and `%`, are written as `%` and two digits.
impl fmt::Display for JobAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.server)?;
        for byte in self.handle.as_bytes() {
            if byte.is_ascii_graphic() && *byte != b'%' {
                write!(f, "{}", char::from(*byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for JobAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let (server, handle) = text.split_once('/').ok_or(InvalidAddress::NoSlash)?;
        let server: Endpoint = server.parse()?;
        Ok(Self::new(server, JobHandle::new(unescape(handle)?)?))
    }
}

fn unescape(text: &str) -> Result<Vec<u8>, InvalidAddress> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(bytes.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(InvalidAddress::Escape);
        };
        plain.push(high << 4 | low);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again_whatever_the_handle_is_made_of() {
        for handle in [
            &b"H:vm:1"[..],
            b"a/b",
            b"100%",
            b"\xff \n",
            "gr\u{f6}\u{df}e".as_bytes(),
        ] {
            let server = Endpoint::new("::1", 4731);
            let address = JobAddress::new(server, JobHandle::new(handle).unwrap());
            assert_eq!(address.to_string().parse(), Ok(address));
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let refused = |text: &str| text.parse::<JobAddress>().unwrap_err();
        assert_eq!(refused("H:vm:1"), InvalidAddress::NoSlash);
        assert!(matches!(refused("a b/H:vm:1"), InvalidAddress::Server(_)));
        assert!(matches!(refused("host/"), InvalidAddress::Handle(_)));
        for text in ["host/%", "host/%4", "host/%zz"] {
            assert_eq!(refused(text), InvalidAddress::Escape);
        }
    }
}
