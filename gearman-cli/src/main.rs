//! `gearctl`: Gearman on the command line.
//!
//! One file per command in `commands/`, each thin: what it does is in the libraries of this workspace.
//! A command returns its [`Exit`] or a [`Failure`], which is a sentence and
//! an exit code. stdout carries results and nothing else.

#[cfg(not(unix))]
compile_error!(
    "gearctl needs Unix: process groups and signals. The libraries build elsewhere too."
);

mod args;
mod clock;
mod commands;
mod duration;
mod exit;
mod output;
mod servers;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Parser as _;
use tracing::Level;

use crate::args::{Args, Command, Common};
use crate::exit::{Exit, Failure};

fn main() -> ExitCode {
    let args = Args::parse();
    log_to_stderr(args.common.verbose);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            Failure::new(Exit::JobFailed, error).tell();
            return Exit::JobFailed.into();
        }
    };
    let done = runtime.block_on(within_limit(args));
    // A thread may be reading stdin, which nobody can interrupt.
    runtime.shutdown_background();
    done.unwrap_or_else(|failure| {
        failure.tell();
        failure.exit
    })
    .into()
}

async fn within_limit(args: Args) -> Result<Exit, Failure> {
    let Args { common, command } = args;
    let limit = match command {
        // There it is the limit for reaching a server.
        Command::Work(_) | Command::Serve(_) => None,
        _ => common.time_limit,
    };
    let Some(limit) = limit else {
        return run(command, &common).await;
    };
    let done = tokio::time::timeout(limit, run(command, &common)).await;
    done.unwrap_or_else(|_| {
        let limit = humantime::format_duration(limit);
        let message = format!(
            "not done within the time limit of {limit}; what was not finished then is unknown"
        );
        Err(Failure::new(Exit::TimeLimit, message))
    })
}

async fn run(command: Command, common: &Common) -> Result<Exit, Failure> {
    match command {
        Command::Submit(submit) => submit.run(common).await,
        Command::Work(work) => work.run(common).await,
        Command::Status(status) => status.run(common).await,
        Command::Workers(workers) => workers.run(common).await,
        Command::Version(version) => version.run(common).await,
        Command::Ping(ping) => ping.run(common).await,
        Command::Terminate(terminate) => terminate.run(common).await,
        Command::Serve(serve) => serve.run().await,
        Command::Demo(demo) => demo.run().await,
        Command::DemoWorker(worker) => worker.run(common).await,
        Command::Completions(completions) => completions.run(),
    }
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && !no_color)
        .with_timer(clock::TimeOfDay)
        .with_target(verbose > 1)
        .init();
}
