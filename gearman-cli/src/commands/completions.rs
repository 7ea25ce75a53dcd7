//! `gearctl completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::output;

/// Print completions for a shell.
///
/// For instance: gearctl completions bash > /etc/bash_completion.d/gearctl
#[derive(clap::Args, Debug)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        // Into memory first: clap_complete panics where it can't write.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Args::command(), "gearctl", &mut script);
        output::print(script)?;
        Ok(Exit::Done)
    }
}
