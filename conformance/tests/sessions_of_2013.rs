//! The console sessions of "Terminating Gearman Workers in PHP", with the example programs, real signals
//! and the real gearmand.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod scene;

use gearman_conformance::{Program, Signal};
use scene::{Scene, said};

#[tokio::test]
async fn sigterm_lets_the_running_job_end_and_then_the_worker_leaves() {
    let scene = Scene::new().await;
    let mut worker = scene.worker("test1").await;
    scene.queue("sleep", "2").await;
    worker.line("ASLEEP test1").await;
    worker.signal(Signal::TERM);
    let status = worker.exit().await;

    let ready = format!("READY test1 ({})", ready_pid(&worker));
    let story = [
        &*ready,
        "ASLEEP test1",
        "SIGTERM test1",
        "AWAKE test1",
        "EXIT test1",
    ];
    assert_eq!(said(&worker), story);
    assert_eq!(status.code(), Some(0));
    scene.wait_until_idle().await;
}

#[tokio::test]
async fn further_sigterms_change_nothing() {
    let scene = Scene::new().await;
    let mut worker = scene.worker("test1").await;
    scene.queue("sleep", "1").await;
    worker.line("ASLEEP test1").await;
    for _ in 0..5 {
        worker.signal(Signal::TERM);
    }
    assert_eq!(worker.exit().await.code(), Some(0));
    assert_eq!(worker.count("AWAKE test1"), 1);
    scene.wait_until_idle().await;
}

#[tokio::test]
async fn a_queued_terminate_stops_an_idle_worker() {
    let scene = Scene::new().await;
    let mut worker = scene.worker("test1").await;
    scene.queue("_worker_test1", "terminate").await;
    let status = worker.exit().await;

    let ready = format!("READY test1 ({})", ready_pid(&worker));
    assert_eq!(said(&worker), [&*ready, "SIGTERM test1", "EXIT test1"]);
    assert_eq!(status.code(), Some(0));
    scene.wait_until_idle().await;
}

#[tokio::test]
async fn terminate_stops_all_workers_each_right_after_its_job() {
    let scene = Scene::new().await;
    let ids = ["test1", "test2", "test3", "test4"];
    let mut workers = Vec::new();
    for id in ids {
        workers.push(scene.worker(id).await);
    }
    for seconds in ["1", "3", "5"] {
        scene.queue("sleep", seconds).await;
    }
    let asleep = || {
        workers
            .iter()
            .filter(|worker| worker.count("ASLEEP") == 1)
            .count()
    };
    scene
        .wait_until("three workers sleep", async || asleep() == 3)
        .await;
    let idle = ids
        .iter()
        .zip(&workers)
        .find(|(_, worker)| worker.count("ASLEEP") == 0)
        .unwrap()
        .0;

    let mut terminate = scene.program("terminate", &[]);
    // At the moment when it says DOWN, the connection must have left the server's list.
    let mut down = Vec::new();
    while down.len() < ids.len() {
        let seen = said(&terminate);
        let new = seen
            .iter()
            .filter_map(|line| line.strip_prefix("DOWN "))
            .nth(down.len());
        match new {
            Some(id) => {
                let connected = scene.connected().await;
                assert!(
                    !connected.iter().any(|other| other == id),
                    "DOWN {id}, but {connected:?}"
                );
                down.push(id.to_owned());
            }
            None => {
                scene
                    .wait_until("more is said", async || said(&terminate) != seen)
                    .await;
            }
        }
    }
    assert_eq!(
        terminate.exit().await.code(),
        Some(0),
        "{:?}",
        terminate.lines()
    );
    for worker in &mut workers {
        assert_eq!(worker.exit().await.code(), Some(0), "{:?}", worker.lines());
    }

    let lines = said(&terminate);
    for id in ids {
        let up = lines.iter().position(|line| *line == format!("UP {id}"));
        let told = lines
            .iter()
            .position(|line| line.starts_with(&format!("SIGTERM {id}")));
        let gone = lines.iter().position(|line| *line == format!("DOWN {id}"));
        assert!(up.is_some() && up < told && told < gone, "{id}: {lines:#?}");
    }
    assert_eq!(down[0], *idle, "the idle worker is down first: {lines:#?}");
    let awoken = |id: &String| {
        let worker = &workers[ids.iter().position(|other| other == id).unwrap()];
        let line = worker
            .lines()
            .into_iter()
            .find(|line| line.contains("AWAKE"));
        line.unwrap_or_default()
    };
    let order: Vec<String> = down[1..].iter().map(awoken).collect();
    assert!(
        order.is_sorted(),
        "down in the order in which they awoke: {order:?}"
    );
    assert_each_slept_once(&workers, 3);
    scene.wait_until_idle().await;
}

#[tokio::test]
async fn sigint_stops_in_the_middle_of_a_job_and_another_worker_completes_it() {
    let scene = Scene::new().await;
    let mut first = scene.worker("test1").await;
    scene.queue("sleep", "2").await;
    first.line("ASLEEP test1").await;
    let mut second = scene.worker("test2").await;
    first.signal(Signal::INT);
    let status = first.exit().await;
    assert_eq!(status.code(), Some(130));
    // Gone at once: the job had the time to be begun elsewhere at the most.
    assert_eq!(second.count("AWAKE"), 0);

    second.line("AWAKE test2").await;
    assert_eq!(first.count("AWAKE"), 0, "it did not finish its job");
    scene.wait_until_idle().await;
    second.signal(Signal::TERM);
    assert_eq!(second.exit().await.code(), Some(0));
    assert_eq!((second.count("ASLEEP"), second.count("AWAKE")), (1, 1));
}

fn ready_pid(worker: &Program) -> String {
    let line = worker
        .lines()
        .into_iter()
        .find(|line| line.contains("READY"))
        .unwrap();
    line.rsplit_once('(')
        .unwrap()
        .1
        .trim_end_matches(')')
        .to_owned()
}

fn assert_each_slept_once(workers: &[Program], jobs: usize) {
    let count = |word| {
        workers
            .iter()
            .map(|worker| worker.count(word))
            .sum::<usize>()
    };
    assert_eq!((count("ASLEEP"), count("AWAKE")), (jobs, jobs));
}
