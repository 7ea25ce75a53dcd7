//! `gearctl status`.

use crate::args::Common;
use crate::commands::survey::ask_all;
use crate::exit::{Exit, Failure};
use crate::output::{self, Cell, Format, Table};

/// List the functions of each server: its jobs (queued and running together), running jobs, workers.
///
/// A server lists every function that it has ever seen. With several servers the first column is the server.
#[derive(clap::Args, Debug)]
pub(crate) struct Status {}

impl Status {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        let servers = common.servers()?;
        let (several, format) = (servers.len() > 1, common.format());
        let survey = ask_all(servers, async |client| client.status().await).await;
        let mut table = Table::new(["server", "function", "total", "running", "workers"]);
        for (server, rows) in &survey.answers {
            for row in rows {
                match row {
                    Ok(row) => table.push([
                        Cell::Text(server.to_string()),
                        Cell::Name(row.function),
                        Cell::number(row.total),
                        Cell::number(row.running),
                        Cell::number(row.workers),
                    ]),
                    Err(malformed) => output::tell(format_args!("{server}: {malformed}")),
                }
            }
        }
        print(table, several, format)?;
        Ok(survey.exit)
    }
}

/// Prints a table whose first column is the server: JSON always has it, so that its fields are stable.
pub(super) fn print(table: Table, several: bool, format: Format) -> Result<(), Failure> {
    let table = match several || format == Format::Json {
        true => table,
        false => table.without("server"),
    };
    output::print(table.render(format))?;
    Ok(())
}
