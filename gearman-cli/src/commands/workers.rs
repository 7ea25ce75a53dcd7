//! `gearctl workers`.

use crate::args::Common;
use crate::commands::status::print;
use crate::commands::survey::ask_all;
use crate::exit::{Exit, Failure};
use crate::output::{self, Cell, Table};

/// List the connections of each server: descriptor, address, id, and the functions it offers to work on.
///
/// Clients are listed too, and this command itself. With several servers the first column is the server.
#[derive(clap::Args, Debug)]
pub(crate) struct Workers {}

impl Workers {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        let servers = common.servers()?;
        let (several, format) = (servers.len() > 1, common.format());
        let survey = ask_all(servers, async |client| client.workers().await).await;
        let mut table = Table::new(["server", "fd", "address", "id", "functions"]);
        for (server, rows) in &survey.answers {
            for row in rows {
                match row {
                    Ok(row) => table.push([
                        Cell::Text(server.to_string()),
                        Cell::number(row.fd),
                        Cell::Name(row.address),
                        Cell::Name(row.id),
                        Cell::Names(row.functions.iter().collect()),
                    ]),
                    Err(malformed) => output::tell(format_args!("{server}: {malformed}")),
                }
            }
        }
        print(table, several, format)?;
        Ok(survey.exit)
    }
}
