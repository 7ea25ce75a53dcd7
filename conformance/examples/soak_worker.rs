//! The worker of the soak beside it: `soak_worker ID CONCURRENCY RESULT-BYTES`.
//!
//! Its functions `soak` and `spare` take a number, wait up to 20 ms and return the number, filled up to as
//! many bytes as it was told. What happens goes to the standard output, a line each, at once: a pipe keeps what
//! was written, whatever becomes of the writer.
//!
//! ```text
//! READY        signals are caught from here on
//! S 17, E 17   job 17 starts, ends
//! LEFT c f a u completed, failed, abandoned and undelivered jobs, as the worker itself counts them
//! ```

use std::hash::{BuildHasher as _, RandomState};
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::join;
use gearman_worker::{Job, JobError, Worker};
use tokio::time::sleep;

type Error = Box<dyn std::error::Error>;

const LONGEST_JOB_MICROS: u64 = 20_000;

/// Longer than any soak: no job that was left behind is found by chance.
const NEVER: Duration = Duration::from_secs(24 * 3600);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [id, concurrency, bytes] = &arguments[..] else {
        eprintln!("usage: soak_worker ID CONCURRENCY RESULT-BYTES");
        return Ok(ExitCode::from(2));
    };
    let bytes = bytes.parse()?;
    let work = move |job: Job| run(job, bytes);
    let worker = Worker::builder()
        .servers_from_env()
        .id(id)
        .concurrency(concurrency.parse()?)
        .function("soak", work)
        .function("spare", work)
        .safety_poll(NEVER)
        .handle_signals()
        .build()?;

    // In this order: the first poll of `run` catches the signals.
    let (report, ()) = join(worker.run(), async { println!("READY") }).await;
    let report = report?;
    println!(
        "LEFT {} {} {} {}",
        report.completed,
        report.failed,
        report.abandoned.len(),
        report.undelivered
    );
    Ok(ExitCode::from(report.exit_code()))
}

async fn run(job: Job, bytes: usize) -> Result<Vec<u8>, JobError> {
    let number = std::str::from_utf8(job.workload())?;
    println!("S {number}");
    let micros = RandomState::new().hash_one(number) % LONGEST_JOB_MICROS;
    sleep(Duration::from_micros(micros)).await;
    let mut result = vec![b'.'; bytes.max(number.len())];
    result[..number.len()].copy_from_slice(number.as_bytes());
    println!("E {number}");
    Ok(result)
}
