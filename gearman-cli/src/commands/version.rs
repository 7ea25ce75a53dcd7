//! `gearctl version`.

use crate::args::Common;
use crate::commands::status::print;
use crate::commands::survey::ask_all;
use crate::exit::{Exit, Failure};
use crate::output::{Cell, Table};

/// Print the version of each server; for that of gearctl itself: gearctl --version.
#[derive(clap::Args, Debug)]
pub(crate) struct Version {}

impl Version {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        let servers = common.servers()?;
        let (several, format) = (servers.len() > 1, common.format());
        let survey = ask_all(servers, async |client| client.version().await).await;
        let mut table = Table::new(["server", "version"]);
        for (server, version) in &survey.answers {
            table.push([Cell::Text(server.to_string()), Cell::Name(version.clone())]);
        }
        if !survey.answers.is_empty() {
            print(table, several, format)?;
        }
        Ok(survey.exit)
    }
}
