//! The worker of "Terminating Gearman Workers in PHP" (2013): `worker ID`.
//!
//! Its function `sleep` sleeps as many seconds as the workload says. SIGTERM lets it finish and leave,
//! SIGINT stops it in the middle of the task, and `queue _worker_ID terminate` is a SIGTERM from afar.
//! Servers come from `$GEARMAN_SERVERS` (default 127.0.0.1:4730).

use std::process::ExitCode;
use std::time::Duration;

use gearman_worker::{Job, Stage, StopReason, Worker};

type Error = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Error> {
    let Some(id) = std::env::args().nth(1) else {
        eprintln!("usage: worker ID");
        return Ok(ExitCode::from(2));
    };
    let sleeper = id.clone();
    let worker = Worker::builder()
        .servers_from_env()
        .id(&id)
        .function("sleep", move |job: Job| {
            let id = sleeper.clone();
            async move {
                let seconds = std::str::from_utf8(job.workload())?.trim().parse()?;
                say(&format!("ASLEEP {id}"));
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                say(&format!("AWAKE {id}"));
                Ok("")
            }
        })
        .handle_signals()
        .build()?;

    let handle = worker.handle();
    let announcer = tokio::spawn({
        let id = id.clone();
        async move {
            handle.ready().await;
            say(&format!("READY {id} ({})", std::process::id()));
            let mut stages = handle.stages();
            while let Some(stage) = stages.next().await {
                if stage == Stage::Draining {
                    say(&format!("SIGTERM {id}"));
                }
            }
        }
    });
    let report = worker.run().await?;
    announcer.abort();
    if report.reason != StopReason::Interrupted {
        say(&format!("EXIT {id}"));
    }
    Ok(ExitCode::from(report.exit_code()))
}

fn say(text: &str) {
    println!(
        "[{}] {text}",
        jiff::ZonedDateTime::now().strftime("%H:%M:%S")
    );
}
