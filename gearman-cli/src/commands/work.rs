//! `gearctl work`.

mod group;
mod recipe;

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::Arc;
use std::time::Duration;

use gearman_worker::{BuildError, Job, RunError, StopReport, Worker};

use self::recipe::Recipe;
use crate::args::Common;
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::output;

/// Run jobs: a command for each, with the payload on its stdin and the result on its stdout.
///
/// A command that ends with another status than 0 fails its job; its stderr is ours. Without a command the
/// payload is the result. GEARMAN_FUNCTION, GEARMAN_HANDLE, GEARMAN_UNIQUE and GEARMAN_WORKER_ID tell the
/// command what it works on.
///
/// SIGTERM (and SIGHUP): running jobs are finished, no others are taken, then exit. SIGINT: running commands
/// are killed, and their jobs go back to the server, which gives them to other workers. SIGUSR1: no more
/// jobs are taken until SIGUSR2.
///
/// For instance: gearctl work resize -c 4 --id web-1 -- convert - -resize 200x200 png:-
#[derive(clap::Args, Debug)]
pub(crate) struct Work {
    /// The functions to work on.
    #[arg(required = true, value_name = "FUNCTION")]
    functions: Vec<OsString>,

    /// The command that runs for each job, and its arguments. Without it the payload is the result.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,

    /// The worker's name in the server's lists, 1 to 127 printable ASCII characters without blanks and colons.
    /// A worker with a name can be stopped by `gearctl terminate`.
    #[arg(long)]
    id: Option<String>,

    /// Jobs that run at once.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    concurrency: usize,

    /// Send the command's output to the clients as it comes (WORK_DATA), not at its end.
    #[arg(long, requires = "command")]
    stream: bool,

    /// A command that runs longer gets SIGTERM, 5 s later SIGKILL, and its job fails.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, requires = "command")]
    job_timeout: Option<Duration>,

    /// How long running jobs may take to finish once the worker is told to stop. Then they are killed and go
    /// back to the server, their handles are printed on stderr, and the exit code is 4. By default for ever.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    drain_timeout: Option<Duration>,

    /// Stop after so many jobs. Jobs that were asked for beside the last one are run, too.
    #[arg(long, value_name = "N")]
    exit_after: Option<NonZeroU64>,
}

impl Work {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        let (name, is_named) = match &self.id {
            Some(id) => (id.clone(), true),
            None => (generated_id(), false),
        };
        let recipe = match self.command.split_first() {
            Some((program, arguments)) => Some(Recipe {
                program: recipe::find(program)?,
                arguments: arguments.to_vec(),
                worker_id: name.clone(),
                stream: self.stream,
                limit: self.job_timeout,
            }),
            None => None,
        };
        let recipe = Arc::new(recipe);
        let mut builder = Worker::builder()
            .servers(common.servers()?)
            .id(name)
            .control(is_named)
            .concurrency(self.concurrency)
            .handle_signals();
        if let Some(limit) = common.time_limit {
            builder = builder.start_limit(limit);
        }
        if let Some(limit) = self.drain_timeout {
            builder = builder.drain_limit(limit);
        }
        if let Some(jobs) = self.exit_after {
            builder = builder.stop_after_jobs(jobs.get());
        }
        for function in self.functions {
            let recipe = Arc::clone(&recipe);
            builder = builder.function(function.into_vec(), move |job: Job| {
                let recipe = Arc::clone(&recipe);
                async move {
                    match &*recipe {
                        Some(recipe) => recipe.cook(&job).await,
                        None => Ok(job.workload().clone()),
                    }
                }
            });
        }
        let worker = builder.build().map_err(build_failure)?;
        let report = worker.run().await.map_err(run_failure)?;
        Ok(conclude(&report))
    }
}

/// Says what the worker did.
fn conclude(report: &StopReport) -> Exit {
    for handle in &report.abandoned {
        output::tell(format_args!(
            "abandoned {handle}: the server gives it to another worker"
        ));
    }
    output::tell(report);
    match report.exit_code() {
        0 if report.overdue => {
            output::tell("the drain timeout has passed");
            Exit::TimeLimit
        }
        0 => Exit::Done,
        _ => Exit::Interrupted,
    }
}

fn build_failure(error: BuildError) -> Failure {
    match error {
        BuildError::Threads(_) => Failure::new(Exit::JobFailed, error),
        _ => Failure::usage(error),
    }
}

fn run_failure(error: RunError) -> Failure {
    let exit = match error {
        RunError::NoServer { .. } => Exit::NoServer,
        _ => Exit::JobFailed,
    };
    Failure::new(exit, error)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("give 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

/// Host and process: an administrator knows where to look.
fn generated_id() -> String {
    let host = gethostname::gethostname();
    let host = host.to_string_lossy();
    let host: String = host
        .chars()
        .filter(|c| c.is_ascii_graphic() && *c != ':')
        .take(64)
        .collect();
    format!("{host}-{}", std::process::id())
}
