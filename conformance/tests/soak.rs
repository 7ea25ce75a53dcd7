//! A hundred workers that are told to leave at random moments, in each of the ways that
//! `scripts/drain-soak.sh` does ten thousand times: each job runs exactly once.

use gearman_conformance::{Program, built};

const BUILD: &str = "cargo build -p gearman-conformance --examples";

async fn each_job_runs_once(options: &[&str]) {
    let program = |name| built(name, BUILD).unwrap_or_else(|why| panic!("{why}"));
    // The soak starts it, and finds it beside itself.
    program("examples/soak_worker");
    let arguments = [&["100"], options].concat();
    let mut soak = Program::start(&program("examples/soak"), &arguments, &[]).expect("it can run");
    let status = soak.exit().await;
    let lines = soak.lines();
    assert!(status.success(), "{status}: {lines:#?}");
    assert_eq!(soak.count("clean: each job exactly once"), 1, "{lines:#?}");
}

#[tokio::test]
async fn when_all_sleepers_are_woken_for_a_job() {
    each_job_runs_once(&[]).await;
}

#[tokio::test]
async fn when_only_one_sleeper_is_woken_for_a_job() {
    each_job_runs_once(&["--wakeup", "1"]).await;
}

#[tokio::test]
async fn when_results_are_large() {
    each_job_runs_once(&["--large"]).await;
}

#[tokio::test]
async fn when_workers_are_told_through_the_server() {
    each_job_runs_once(&["--control"]).await;
}

#[tokio::test]
async fn when_functions_come_and_go_meanwhile() {
    each_job_runs_once(&["--functions", "--wakeup", "1"]).await;
}
