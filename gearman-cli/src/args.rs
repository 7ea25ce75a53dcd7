//! The command line, as clap reads it. What the help says stands here.

use std::time::Duration;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand};
use gearman_net::Endpoint;

use crate::commands;
use crate::exit::Failure;
use crate::output::Format;
use crate::{duration, servers};

/// Submit Gearman jobs, run workers, look at servers, and stop workers without interrupting a job.
#[derive(Debug, Parser)]
#[command(
    name = "gearctl",
    version,
    propagate_version = false,
    infer_long_args = true,
    after_help = "Exit codes: 0 done; 1 a job failed; 2 usage; 3 no server reachable, or the connection was lost; \
                  4 the time limit passed; 5 the server refused; 130 stopped in the middle of the task by SIGINT.\n\
                  Results go to stdout, everything else to stderr."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What all commands take.
#[derive(ClapArgs, Debug)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// Job servers, as `queue1,queue2:4731,[::1]:4730`; may be given several times. The port is 4730 unless
    /// told. Without it: $GEARMAN_SERVERS, else $GEARMAN_SERVER, else 127.0.0.1:4730
    #[arg(
        short,
        long = "server",
        value_name = "HOST[:PORT]",
        value_delimiter = ',',
        value_parser = servers::parse,
        global = true
    )]
    servers: Vec<Endpoint>,

    /// How results look: columns with a header (the default on a terminal), JSON, or raw lines with TABs and
    /// raw results (the default when piped). Odd bytes in names are written as `\xff`, a backslash is
    /// doubled; JSON has names as they are, and `NAME_hex` beside one that is not UTF-8
    #[arg(short, long, value_enum, value_name = "FORMAT", global = true)]
    output: Option<Format>,

    /// Time limit, as 500ms, 30s or 2m: for the whole command (then exit code 4); for `work` until the first
    /// server is up (then exit code 3)
    #[arg(short, long, value_name = "DURATION", value_parser = duration::parse, global = true)]
    pub(crate) time_limit: Option<Duration>,

    /// Log more: -v what happens, -vv and -vvv how. Without it only warnings are logged
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

impl Common {
    /// The servers that are meant.
    pub(crate) fn servers(&self) -> Result<Vec<Endpoint>, Failure> {
        servers::resolve(&self.servers)
    }

    /// The format that was asked for or that suits the reader.
    pub(crate) fn format(&self) -> Format {
        Format::resolve(self.output)
    }
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Submit(commands::submit::Submit),
    Work(commands::work::Work),
    Status(commands::status::Status),
    Workers(commands::workers::Workers),
    Version(commands::version::Version),
    Ping(commands::ping::Ping),
    Terminate(commands::terminate::Terminate),
    Serve(commands::serve::Serve),
    Demo(commands::demo::Demo),
    #[command(hide = true)]
    DemoWorker(commands::demo::DemoWorker),
    Completions(commands::completions::Completions),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn servers_are_collected_from_commas_and_repeats_wherever_they_stand() {
        let args = Args::parse_from(["gearctl", "status", "-s", "a, b:1", "-s", "[::1]"]);
        let servers: Vec<_> = args
            .common
            .servers
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(servers, ["a:4730", "b:1", "[::1]:4730"]);
    }

    #[test]
    fn common_options_may_stand_before_and_after_the_command() {
        for line in [
            ["gearctl", "-t", "2s", "status"],
            ["gearctl", "status", "-t", "2s"],
        ] {
            let args = Args::parse_from(line);
            assert_eq!(args.common.time_limit, Some(Duration::from_secs(2)));
        }
    }
}
