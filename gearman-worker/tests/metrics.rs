//! What a recorder hears. Everything runs on the test's own thread, which is where the recorder is.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use gearman_worker::{Job, JobError};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::time::sleep;

mod scene;

use scene::Scene;

/// All numbers, by name and labels; of histograms how many values there are. The server's address is left
/// out.
fn numbers(snapshotter: &Snapshotter) -> BTreeMap<String, u64> {
    let mut numbers = BTreeMap::new();
    for (key, _, description, value) in snapshotter.snapshot().into_vec() {
        assert!(description.is_some(), "{key:?} is not described");
        let mut name = key.key().name().to_owned();
        for label in key.key().labels().filter(|label| label.key() != "server") {
            name += &format!(" {}={}", label.key(), label.value());
        }
        let number = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Gauge(number) => number.into_inner() as u64,
            DebugValue::Histogram(values) => values.len() as u64,
        };
        if number > 0 {
            numbers.insert(name, number);
        }
    }
    numbers
}

async fn even(job: Job) -> Result<Bytes, JobError> {
    match job.workload().len() {
        0 => Err(JobError::exception("nothing")),
        length if length % 2 == 0 => Ok(job.workload().clone()),
        _ => Err(JobError::fail()),
    }
}

#[tokio::test]
async fn jobs_and_connections_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let scene = Scene::new().await;
    let builder = scene
        .builder()
        .id("test")
        .concurrency(4)
        .function("even", even)
        .function("endless", async |_: Job| {
            pending::<Result<Bytes, _>>().await
        });
    let worker = scene.run(builder).await;
    for workload in ["ab", "abcd", "a", ""] {
        let _ = scene.ask("even", workload).await;
    }
    scene.control("ping").await.unwrap();
    let endless = gearman_client::Job::new("endless", "").unwrap();
    scene.client.submit_background(endless).await.unwrap();
    while worker.handle.stats().running < 1 {
        sleep(Duration::from_millis(5)).await;
    }
    let expected = [
        ("gearman_worker_connections_total", 1),
        ("gearman_worker_job_seconds function=even", 4),
        ("gearman_worker_jobs_running function=endless", 1),
        (
            "gearman_worker_jobs_total function=even outcome=complete",
            2,
        ),
        (
            "gearman_worker_jobs_total function=even outcome=exception",
            1,
        ),
        ("gearman_worker_jobs_total function=even outcome=fail", 1),
    ];
    let expected = expected.map(|(name, number)| (name.to_owned(), number));
    assert_eq!(numbers(&snapshotter), BTreeMap::from(expected));

    worker.handle.cancel();
    worker.end().await;
    let numbers = numbers(&snapshotter);
    let abandoned = "gearman_worker_jobs_total function=endless outcome=abandoned";
    assert_eq!(numbers.get(abandoned), Some(&1));
    assert_eq!(
        numbers.get("gearman_worker_jobs_running function=endless"),
        None,
        "it runs no more"
    );
}

#[tokio::test]
async fn lost_connections_and_what_they_cost_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let scene = Scene::new().await;
    let (go, gone) = tokio::sync::watch::channel(false);
    let worker = scene
        .run(scene.builder().function("wait", move |_: Job| {
            let mut gone = gone.clone();
            async move {
                let _ = gone.wait_for(|gone| *gone).await;
                Ok("done")
            }
        }))
        .await;
    let job = gearman_client::Job::new("wait", "").unwrap();
    scene.client.submit_background(job).await.unwrap();
    while worker.handle.stats().running < 1 {
        sleep(Duration::from_millis(5)).await;
    }
    drop(scene);
    let lost = "gearman_worker_connections_lost_total";
    while !numbers(&snapshotter).contains_key(lost) {
        sleep(Duration::from_millis(5)).await;
    }
    go.send_replace(true);
    worker.handle.drain();
    assert_eq!(worker.end().await.undelivered, 1);
    let numbers = numbers(&snapshotter);
    assert_eq!(numbers.get("gearman_worker_undelivered_total"), Some(&1));
    let ended = "gearman_worker_jobs_total function=wait outcome=complete";
    assert_eq!(numbers.get(ended), Some(&1));
}
