//! From SIGTERM to the exit of an idle worker, beside a bare tokio program: `stop_latency BARE WORKER`.
//!
//! Both are started anew for each round and take turns, so that the machine's mood is the same for both.
//! The worker's connections are up and asleep when the signal comes.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gearman_conformance::Gearmand;
use rustix::process::{Pid, Signal, kill_process};

const ROUNDS: usize = 20;

/// For the first PRE_SLEEP to have gone out.
const SETTLE: Duration = Duration::from_millis(100);

/// The PHP scripts of 2013 look at the signal every 2.5 s; measured with them, as the median.
const SCRIPTS_OF_2013: Duration = Duration::from_millis(2520);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bare, worker] = arguments.as_slice() else {
        return Err("usage: stop_latency BARE WORKER".into());
    };
    let server = Gearmand::start(&[]).await;
    let servers = server.servers();
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floor.push(stop(Command::new(bare))?);
        let mut command = Command::new(worker);
        command.arg("bench").env("GEARMAN_SERVERS", &servers);
        ours.push(stop(command)?);
    }
    let (floor, ours) = (median(&mut floor), median(&mut ours));
    println!("SIGTERM to exit, median of {ROUNDS}:");
    println!("  bare tokio program  {floor:>8.2?}");
    println!(
        "  idle worker         {ours:>8.2?}   {:.2} times bare",
        ratio(ours, floor)
    );
    println!(
        "  scripts of 2013     {SCRIPTS_OF_2013:>8.2?}   {:.0} times ours",
        ratio(SCRIPTS_OF_2013, ours)
    );
    Ok(())
}

/// Starts a program, waits until it says READY, and measures how long it takes to stop.
fn stop(mut command: Command) -> Result<Duration, Box<dyn Error>> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    while !line.contains("READY") {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Err(format!("{command:?} ended before it was ready").into());
        }
    }
    std::thread::sleep(SETTLE);
    let id = Pid::from_raw(child.id().cast_signed()).ok_or("no process")?;
    let begun = Instant::now();
    kill_process(id, Signal::TERM)?;
    let status = child.wait()?;
    let taken = begun.elapsed();
    if status.success() {
        Ok(taken)
    } else {
        Err(format!("{command:?}: {status}").into())
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
