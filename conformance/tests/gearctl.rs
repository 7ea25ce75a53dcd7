//! `gearctl` with the real gearmand: what its users see and the exit codes that they can rely on.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use gearman_conformance::{Gearmand, Program, Signal, built};

/// Starts `gearctl -s SERVER ...`.
fn gearctl(server: &Gearmand, arguments: &[&str]) -> Program {
    let path = built("gearctl", "cargo build -p gearman-cli").unwrap_or_else(|why| panic!("{why}"));
    let servers = server.servers();
    Program::start(&path, &[&["-s", &servers], arguments].concat(), &[]).unwrap()
}

/// Runs it to its end and returns its exit code and its lines.
async fn run(server: &Gearmand, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let mut program = gearctl(server, arguments);
    let status = program.exit().await;
    (status.code(), program.lines())
}

/// Waits until the server lists a worker for a function.
async fn wait_for_worker(server: &Gearmand, function: &str) {
    loop {
        let (code, lines) = run(server, &["-o", "raw", "status"]).await;
        assert_eq!(code, Some(0), "{lines:?}");
        let row = lines
            .iter()
            .find(|line| line.starts_with(&format!("{function}\t")));
        if row.is_some_and(|row| !row.ends_with("\t0")) {
            return;
        }
    }
}

#[tokio::test]
async fn a_command_serves_jobs_until_it_is_terminated_from_afar() {
    let server = Gearmand::start(&[]).await;
    let mut worker = gearctl(
        &server,
        &["work", "--id", "web-1", "upper", "--", "tr", "a-z", "A-Z"],
    );
    wait_for_worker(&server, "upper").await;

    let (code, lines) = run(&server, &["submit", "upper", "one", "two"]).await;
    assert_eq!((code, lines.concat()), (Some(0), "ONETWO".to_owned()));

    let (code, lines) = run(&server, &["-o", "json", "workers"]).await;
    assert_eq!(code, Some(0));
    assert!(
        lines.iter().any(|line| line.contains("\"web-1\"")),
        "{lines:?}"
    );

    let (code, lines) = run(&server, &["terminate", "web-1"]).await;
    assert_eq!(code, Some(0), "{lines:?}");
    for word in ["UP web-1", "SIGTERM web-1", "DOWN web-1"] {
        assert!(
            lines.iter().any(|line| line.contains(word)),
            "{word}: {lines:?}"
        );
    }
    assert_eq!(worker.exit().await.code(), Some(0), "{:?}", worker.lines());
}

#[tokio::test]
async fn a_failing_command_fails_its_job() {
    let server = Gearmand::start(&[]).await;
    let _worker = gearctl(&server, &["work", "broken", "--", "false"]);
    wait_for_worker(&server, "broken").await;
    let (code, lines) = run(&server, &["submit", "broken", "x"]).await;
    assert_eq!(code, Some(1), "{lines:?}");
}

#[tokio::test]
async fn sigint_stops_a_command_in_mid_task_and_the_job_waits_for_the_next_worker() {
    let server = Gearmand::start(&[]).await;
    let mut worker = gearctl(&server, &["work", "slow", "--", "sleep", "600"]);
    wait_for_worker(&server, "slow").await;
    let (code, lines) = run(&server, &["submit", "-b", "slow", "x"]).await;
    assert_eq!(code, Some(0), "{lines:?}");
    while !run(&server, &["-o", "raw", "status"])
        .await
        .1
        .contains(&"slow\t1\t1\t1".to_owned())
    {}
    worker.signal(Signal::INT);
    assert_eq!(
        worker.exit().await.code(),
        Some(130),
        "{:?}",
        worker.lines()
    );
    let (_, lines) = run(&server, &["-o", "raw", "status"]).await;
    assert_eq!(lines, ["slow\t1\t0\t0"]);
}

#[tokio::test]
async fn an_unknown_worker_is_told_apart_from_none_at_all() {
    let server = Gearmand::start(&[]).await;
    let (code, lines) = run(&server, &["terminate", "nobody"]).await;
    assert_eq!(code, Some(1), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.contains("nobody")),
        "{lines:?}"
    );
    let (code, lines) = run(&server, &["terminate", "--all"]).await;
    assert_eq!(code, Some(0), "{lines:?}");
}
