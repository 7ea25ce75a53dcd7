//! `gearctl serve`.

use std::net::SocketAddr;

use gearman_server::EmbeddedServer;
use tokio::net::lookup_host;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Exit, Failure};
use crate::output;

/// Run the embedded job server, for development.
///
/// Jobs are kept in memory and go with the server. SIGTERM and SIGINT stop it. Whoever reaches the port may
/// do everything: keep it on the loopback interface.
#[derive(clap::Args, Debug)]
pub(crate) struct Serve {
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    listen: String,

    /// The port to listen on; 0 takes a free one. The address is printed on stderr.
    #[arg(long, value_name = "N", default_value_t = gearman_net::DEFAULT_PORT)]
    port: u16,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        // Before anybody can know that we are there.
        let catch = |kind| signal(kind).map_err(|error| Failure::new(Exit::JobFailed, error));
        let mut terminate = catch(SignalKind::terminate())?;
        let mut interrupt = catch(SignalKind::interrupt())?;
        let address = self.address().await?;
        let server = EmbeddedServer::builder().listen(address).start().await;
        let server = server.map_err(|error| {
            Failure::new(
                Exit::JobFailed,
                format_args!("can't listen on {address}: {error}"),
            )
        })?;
        output::tell(format_args!("listening on {}", server.local_addr()));
        select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        server.shut_down().await;
        Ok(Exit::Done)
    }

    async fn address(&self) -> Result<SocketAddr, Failure> {
        let Self { listen, port } = self;
        // As in `[::1]`, which is how addresses are written elsewhere.
        let host = listen.trim_start_matches('[').trim_end_matches(']');
        let wrong = |reason: &dyn std::fmt::Display| {
            Failure::usage(format_args!("--listen {listen}: {reason}"))
        };
        let mut addresses = lookup_host((host, *port))
            .await
            .map_err(|error| wrong(&error))?;
        addresses.next().ok_or_else(|| wrong(&"no such address"))
    }
}
