//! Which servers are meant: flags first, then the environment, then this machine.

use gearman_net::Endpoint;

use crate::exit::Failure;

/// The servers of `-s`; without it those of `$GEARMAN_SERVERS`, else of `$GEARMAN_SERVER`, else
/// `127.0.0.1:4730`. One that is named twice counts once.
pub(crate) fn resolve(flags: &[Endpoint]) -> Result<Vec<Endpoint>, Failure> {
    let named = if flags.is_empty() {
        Endpoint::from_env().map_err(|error| {
            Failure::usage(format_args!(
                "in $GEARMAN_SERVERS or $GEARMAN_SERVER: {error}"
            ))
        })?
    } else {
        flags.to_vec()
    };
    let mut servers = Vec::new();
    for server in named {
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    Ok(servers)
}

/// One entry of `-s`. Blanks after commas are forgiven.
pub(crate) fn parse(entry: &str) -> Result<Endpoint, gearman_net::InvalidEndpoint> {
    entry.trim().parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_named_twice_counts_once_and_the_order_stays() {
        let flags = ["b", "a:4730", "b:4730"].map(|text| parse(text).unwrap());
        let servers = resolve(&flags).unwrap();
        let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["b:4730", "a:4730"]);
    }
}
