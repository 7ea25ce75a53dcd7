//! Instruction counts: this program is started again under `callgrind`, for one pass by one contestant.

use std::process::Command;

use crate::Failure;
use crate::contest::Contest;
use crate::pass::MEASURED;

/// The argument that asks for one pass: `--one-pass CONTEST CONTESTANT`.
pub(crate) const ONE_PASS: &str = "--one-pass";

/// Instructions for each unit of the work, contestant by contestant.
pub(crate) fn of_each(name: &str, contest: &Contest) -> Result<Vec<f64>, Failure> {
    let counts = contest.contestants.iter().map(|contestant| {
        let count = of_one_pass(name, contestant.name)?;
        Ok(count as f64 / contest.units as f64)
    });
    counts.collect()
}

/// Counts what the measured part of a pass takes, with all that it calls.
fn of_one_pass(contest: &str, contestant: &str) -> Result<u64, Failure> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={MEASURED}"))
        .arg(std::env::current_exe()?)
        .args([ONE_PASS, contest, contestant])
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let counted = told.lines().find_map(|line| line.split_once("Collected :"));
    match counted {
        Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("callgrind counted nothing for {contest} {contestant}:\n{told}").into()),
    }
}
