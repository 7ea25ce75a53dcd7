//! `gearctl ping`.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use gearman_client::{AskError, Client};
use gearman_net::Endpoint;

use crate::args::Common;
use crate::commands::status::print;
use crate::exit::{Exit, Failure};
use crate::output::{Cell, Table};

/// Send bytes to each server and back, and print the shortest, the median and the longest time in microseconds.
#[derive(clap::Args, Debug)]
pub(crate) struct Ping {
    /// How often.
    #[arg(short = 'n', long = "count", value_name = "N", default_value = "3")]
    count: NonZeroU32,
}

impl Ping {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        let servers = common.servers()?;
        let (several, format) = (servers.len() > 1, common.format());
        let mut table = Table::new(["server", "count", "min_us", "median_us", "max_us"]);
        let mut exit = Exit::Done;
        let mut answered = false;
        for server in servers {
            match round_trips(&server, self.count).await {
                Ok(mut times) => {
                    times.sort_unstable();
                    let at = |index: usize| microseconds(times.get(index));
                    table.push([
                        Cell::Text(server.to_string()),
                        Cell::number(self.count.get()),
                        at(0),
                        at(times.len() / 2),
                        at(times.len() - 1),
                    ]);
                    answered = true;
                }
                Err(failure) => {
                    failure.tell();
                    exit = exit.max(failure.exit);
                }
            }
        }
        if answered {
            print(table, several, format)?;
        }
        Ok(exit)
    }
}

/// Never empty.
async fn round_trips(server: &Endpoint, count: NonZeroU32) -> Result<Vec<Duration>, Failure> {
    let client = Client::builder().server(server.clone()).connect().await;
    let client = client.map_err(|error| Failure::new(Exit::NoServer, error))?;
    let mut times = Vec::new();
    for _ in 0..count.get() {
        let begun = Instant::now();
        client.echo("gearctl ping").await.map_err(failure)?;
        times.push(begun.elapsed());
    }
    Ok(times)
}

fn failure(error: AskError) -> Failure {
    let exit = match error {
        AskError::Refused(_) => Exit::Refused,
        _ => Exit::NoServer,
    };
    Failure::new(exit, error)
}

fn microseconds(time: Option<&Duration>) -> Cell {
    let time = time.copied().unwrap_or_default();
    Cell::number(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}
