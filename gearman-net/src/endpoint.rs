use std::env;
use std::fmt;
use std::str::FromStr;

/// Gearman's registered port.
pub const DEFAULT_PORT: u16 = 4730;

/// Where a job server listens: a host name or address, and a port.
///
/// Written as `host`, `host:port`, `10.0.0.1:4731`, `::1` or `[::1]:4731`; the port is 4730 where it is
/// left out. Names are looked up at each connection, not before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    host: String,
    port: u16,
}

/// A text that names no server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no server: {reason}; write host, host:port or [IPv6]:port")]
pub struct InvalidEndpoint {
    text: String,
    reason: &'static str,
}

impl Endpoint {
    /// A server at `host` and `port`, as they are.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
        }
    }

    /// Reads a list as `a:4730,b,[::1]:4731`, the form of `$GEARMAN_SERVERS`.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] for the first entry that names no server; an empty list is one.
    pub fn list(text: &str) -> Result<Vec<Self>, InvalidEndpoint> {
        text.split(',').map(|entry| entry.trim().parse()).collect()
    }

    /// The servers of `$GEARMAN_SERVERS`, else of `$GEARMAN_SERVER`, else `127.0.0.1:4730`.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] where the variable is set to something else than a list of servers.
    pub fn from_env() -> Result<Vec<Self>, InvalidEndpoint> {
        let set = |name| env::var(name).ok().filter(|text| !text.trim().is_empty());
        match set("GEARMAN_SERVERS").or_else(|| set("GEARMAN_SERVER")) {
            Some(text) => Self::list(&text),
            None => Ok(vec![Self::new("127.0.0.1", DEFAULT_PORT)]),
        }
    }

    /// The host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = |reason| InvalidEndpoint {
            text: text.to_owned(),
            reason,
        };
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest
                .split_once(']')
                .ok_or_else(|| invalid("no closing bracket"))?;
            let port = match after.strip_prefix(':') {
                None if after.is_empty() => None,
                None => return Err(invalid("something other than a port follows the bracket")),
                port => port,
            };
            (host, port)
        } else {
            match text.split_once(':') {
                // More than one colon: an IPv6 address without brackets, hence without a port.
                Some((_, port)) if port.contains(':') => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            }
        };
        if host.is_empty() {
            return Err(invalid("the host is missing"));
        }
        if host
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '/')
        {
            return Err(invalid("the host has a character that no host has"));
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => match port.parse() {
                Ok(port) if port != 0 => port,
                _ => return Err(invalid("the port is no number from 1 to 65535")),
            },
        };
        Ok(Self::new(host, port))
    }
}

impl TryFrom<&str> for Endpoint {
    type Error = InvalidEndpoint;

    fn try_from(text: &str) -> Result<Self, InvalidEndpoint> {
        text.parse()
    }
}

impl TryFrom<String> for Endpoint {
    type Error = InvalidEndpoint;

    fn try_from(text: String) -> Result<Self, InvalidEndpoint> {
        text.parse()
    }
}

impl From<std::net::SocketAddr> for Endpoint {
    fn from(address: std::net::SocketAddr) -> Self {
        Self::new(address.ip().to_string(), address.port())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_users_write_are_understood() {
        for (text, host, port) in [
            ("localhost", "localhost", 4730),
            ("queue.example:4731", "queue.example", 4731),
            ("10.0.0.1", "10.0.0.1", 4730),
            ("::1", "::1", 4730),
            ("[::1]", "::1", 4730),
            ("[fe80::2]:99", "fe80::2", 99),
        ] {
            assert_eq!(text.parse(), Ok(Endpoint::new(host, port)), "{text}");
        }
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        for endpoint in [Endpoint::new("::1", 1), Endpoint::new("a.b", 65_535)] {
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_would_be_right() {
        for text in [
            "",
            ":4730",
            "host:",
            "host:0",
            "host:70000",
            "[::1",
            "[::1]x",
            "a b",
            "a/b",
        ] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert!(
                error.to_string().contains("write host, host:port"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_list_is_split_at_commas() {
        let list = Endpoint::list("a, [::1]:2 ,c:3").unwrap();
        assert_eq!(
            list.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["a:4730", "[::1]:2", "c:3"]
        );
        assert!(Endpoint::list("a,,b").is_err());
    }
}
