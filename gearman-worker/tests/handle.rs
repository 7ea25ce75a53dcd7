//! A running worker, told what to do through its handle and through the job server.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use gearman_client::{Job as ClientJob, JobError as ClientError};
use gearman_proto::FunctionName;
use gearman_worker::{CancelReason, Job, JobError, Stage, StopReason, Worker, WorkerBuilder};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

mod scene;

use scene::{PATIENCE, Scene};

async fn wait_until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it comes");
}

/// A handler that waits until it is let go, and counts.
#[derive(Clone, Default)]
struct Gate {
    begun: Arc<AtomicUsize>,
    go: Arc<Notify>,
}

impl Gate {
    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

impl gearman_worker::Handler for Gate {
    async fn run(&self, _: Job) -> Result<Bytes, JobError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.go.notified().await;
        Ok(Bytes::from_static(b"done"))
    }
}

fn name(name: &str) -> FunctionName {
    FunctionName::new(name).unwrap()
}

async fn echo(job: Job) -> Result<Bytes, JobError> {
    Ok(job.workload().clone())
}

#[tokio::test]
async fn a_quiet_worker_takes_no_job_until_it_resumes() {
    let scene = Scene::new().await;
    let worker = scene.run(scene.builder().function("echo", echo)).await;
    worker.handle.quiet();
    worker.reach(Stage::Quiet).await;
    // The server forgets a quiet worker.
    let abilities = || async {
        let count = |broker: &gearman_server::Broker| {
            broker
                .snapshot()
                .connections
                .iter()
                .map(|one| one.abilities.len())
                .sum::<usize>()
        };
        scene.server.inspect(count).await.unwrap()
    };
    while abilities().await > 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let asked = tokio::spawn({
        let client = scene.client.clone();
        async move { client.run(ClientJob::new("echo", "hello").unwrap()).await }
    });
    worker.handle.resume();
    assert_eq!(
        timeout(PATIENCE, asked).await.unwrap().unwrap().unwrap(),
        "hello"
    );
    worker.handle.drain();
    assert_eq!(worker.end().await.completed, 1);
}

#[tokio::test]
async fn a_drain_within_a_limit_hands_back_what_still_runs() {
    let scene = Scene::new().await;
    let gate = Gate::default();
    let worker = scene
        .run(scene.builder().function("gate", gate.clone()))
        .await;
    scene
        .client
        .submit_background(ClientJob::new("gate", "").unwrap())
        .await
        .unwrap();
    wait_until(|| gate.begun() == 1).await;
    worker.handle.drain_within(Duration::from_millis(50));
    let report = worker.end().await;
    assert_eq!((report.completed, report.abandoned.len()), (0, 1));
    assert_eq!(report.reason, StopReason::Handle);
    let queued = scene
        .server
        .inspect(|broker| broker.queued(&name("gate")))
        .await
        .unwrap();
    assert_eq!(queued, 1, "somebody else can take it");
}

#[tokio::test]
async fn a_job_that_ends_within_the_grace_is_not_handed_back() {
    let scene = Scene::new().await;
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let obedient = move |job: Job| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_eq!(job.cancelled().await, CancelReason::WorkerStopped);
            Ok("as far as I came")
        }
    };
    let builder = scene
        .builder()
        .function("obedient", obedient)
        .cancel_grace(PATIENCE);
    let worker = scene.run(builder).await;
    let asked = tokio::spawn({
        let client = scene.client.clone();
        async move { client.run(ClientJob::new("obedient", "").unwrap()).await }
    });
    wait_until(|| begun.load(Ordering::SeqCst) == 1).await;
    worker.handle.cancel();
    let report = worker.end().await;
    assert_eq!((report.completed, report.abandoned.len()), (1, 0));
    assert_eq!(asked.await.unwrap().unwrap(), "as far as I came");
}

#[tokio::test]
async fn a_second_cancel_ends_the_grace() {
    let scene = Scene::new().await;
    let gate = Gate::default();
    let builder = scene.builder().function("gate", gate.clone());
    let worker = scene
        .run(builder.cancel_grace(Duration::from_secs(3600)))
        .await;
    scene
        .client
        .submit_background(ClientJob::new("gate", "").unwrap())
        .await
        .unwrap();
    wait_until(|| gate.begun() == 1).await;
    worker.handle.cancel();
    worker.reach(Stage::Cancelling).await;
    worker.handle.cancel();
    assert_eq!(worker.end().await.abandoned.len(), 1);
}

#[tokio::test]
async fn functions_come_and_go_while_the_worker_runs() {
    let scene = Scene::new().await;
    let worker = scene.run(scene.builder().function("echo", echo)).await;
    worker
        .handle
        .add_function(name("twice"), async |job: Job| {
            Ok([&job.workload()[..], job.workload()].concat())
        })
        .await
        .unwrap();
    assert_eq!(scene.ask("twice", "ab").await.unwrap(), "abab");
    assert_eq!(worker.handle.functions(), [name("echo"), name("twice")]);

    worker.handle.remove_function(name("twice")).await.unwrap();
    scene
        .client
        .submit_background(ClientJob::new("twice", "").unwrap())
        .await
        .unwrap();
    assert_eq!(scene.ask("echo", "still").await.unwrap(), "still");
    let queued = scene
        .server
        .inspect(|broker| broker.queued(&name("twice")))
        .await
        .unwrap();
    assert_eq!(queued, 1, "it waits for somebody else");
    let handle = worker.handle.clone();
    handle.drain();
    worker.end().await;
    assert!(handle.add_function(name("late"), echo).await.is_err());
}

#[tokio::test]
async fn a_function_is_gone_only_when_its_running_job_has_ended() {
    let scene = Scene::new().await;
    let gate = Gate::default();
    let worker = scene
        .run(scene.builder().function("gate", gate.clone()))
        .await;
    let asked = tokio::spawn({
        let client = scene.client.clone();
        async move { client.run(ClientJob::new("gate", "").unwrap()).await }
    });
    wait_until(|| gate.begun() == 1).await;
    let removing = tokio::spawn({
        let handle = worker.handle.clone();
        async move { handle.remove_function(name("gate")).await }
    });
    sleep(Duration::from_millis(20)).await;
    assert!(!removing.is_finished());
    gate.go.notify_one();
    removing.await.unwrap().unwrap();
    assert_eq!(asked.await.unwrap().unwrap(), "done");
}

#[tokio::test]
async fn the_cap_can_be_raised_and_lowered() {
    let scene = Scene::new().await;
    let gate = Gate::default();
    let worker = scene
        .run(scene.builder().function("gate", gate.clone()))
        .await;
    for _ in 0..3 {
        scene
            .client
            .submit_background(ClientJob::new("gate", "").unwrap())
            .await
            .unwrap();
    }
    wait_until(|| gate.begun() == 1).await;
    worker.handle.set_concurrency(2);
    wait_until(|| gate.begun() == 2).await;
    assert_eq!(worker.handle.stats().running, 2);
    worker.handle.set_concurrency(1);
    gate.go.notify_one();
    wait_until(|| worker.handle.stats().completed + worker.handle.stats().running as u64 == 2)
        .await;
    assert_eq!(gate.begun(), 2, "one runs, and one is allowed");
    worker.handle.set_concurrency(3);
    wait_until(|| gate.begun() == 3).await;
    gate.go.notify_one();
    gate.go.notify_one();
    worker.handle.drain();
    gate.go.notify_waiters();
    worker.end().await;
}

#[tokio::test]
async fn a_job_that_passes_its_limit_fails_and_the_next_one_runs() {
    let scene = Scene::new().await;
    let slow = async |job: Job| {
        assert!(job.time_left().is_some());
        if job.workload() == "slow" {
            std::future::pending::<()>().await;
        }
        Ok("quick")
    };
    let limit = Duration::from_millis(200);
    let worker = scene
        .run(scene.builder().function_with_timeout("job", limit, slow))
        .await;
    assert!(matches!(
        scene.ask("job", "slow").await,
        Err(ClientError::Failed)
    ));
    assert_eq!(scene.ask("job", "").await.unwrap(), "quick");
    worker.handle.drain();
    let report = worker.end().await;
    assert_eq!((report.completed, report.failed), (1, 1));
}

#[tokio::test]
async fn a_worker_stops_after_so_many_jobs() {
    let scene = Scene::new().await;
    for _ in 0..5 {
        scene
            .client
            .submit_background(ClientJob::new("echo", "").unwrap())
            .await
            .unwrap();
    }
    let worker = scene
        .run(scene.builder().function("echo", echo).stop_after_jobs(3))
        .await;
    let report = worker.end().await;
    assert_eq!((report.completed, report.reason), (3, StopReason::Recycled));
    let queued = scene
        .server
        .inspect(|broker| broker.queued(&name("echo")))
        .await
        .unwrap();
    assert_eq!(queued, 2);
}

#[tokio::test]
async fn a_worker_stops_at_the_end_of_its_life() {
    let scene = Scene::new().await;
    let builder = scene.builder().function("echo", echo);
    let life = Duration::from_millis(50);
    let worker = scene
        .run(builder.stop_after(life, Duration::from_millis(10)))
        .await;
    assert_eq!(worker.end().await.reason, StopReason::Recycled);
}

#[tokio::test]
async fn whoever_has_a_handle_can_wait_for_the_report() {
    let scene = Scene::new().await;
    let worker = scene.run(scene.builder().function("echo", echo)).await;
    scene.ask("echo", "x").await.unwrap();
    let handle = worker.handle.clone();
    handle.drain();
    assert_eq!(
        timeout(PATIENCE, handle.wait())
            .await
            .unwrap()
            .unwrap()
            .completed,
        1
    );
    assert_eq!(handle.stage(), Stage::Closed);
}

#[tokio::test]
async fn dropping_the_future_of_run_drains() {
    let scene = Scene::new().await;
    let gate = Gate::default();
    let worker = scene
        .builder()
        .function("gate", gate.clone())
        .build()
        .unwrap();
    let handle = worker.handle();
    let asked = tokio::spawn({
        let client = scene.client.clone();
        async move { client.run(ClientJob::new("gate", "").unwrap()).await }
    });
    let running = tokio::spawn(worker.run());
    wait_until(|| gate.begun() == 1).await;
    running.abort();
    let _ = running.await;
    gate.go.notify_one();
    assert_eq!(asked.await.unwrap().unwrap(), "done");
    let report = timeout(PATIENCE, handle.wait()).await.unwrap().unwrap();
    assert_eq!((report.reason, report.completed), (StopReason::Trigger, 1));
}

#[tokio::test]
async fn blocking_handlers_run_beside_each_other_and_report_their_panics() {
    let scene = Scene::new().await;
    let both = Arc::new(std::sync::Barrier::new(2));
    let builder = scene
        .builder()
        .concurrency(2)
        .blocking_function("meet", move |job| {
            both.wait();
            assert_ne!(job.workload(), "panic", "as you wish");
            Ok("met")
        });
    let worker = scene.run(builder).await;
    let (well, badly) = tokio::join!(scene.ask("meet", ""), scene.ask("meet", "panic"));
    assert_eq!(well.unwrap(), "met");
    assert!(matches!(badly, Err(ClientError::Failed)));
    worker.handle.drain();
    worker.end().await;
}

#[tokio::test]
async fn a_namespace_stands_before_every_function() {
    let scene = Scene::new().await;
    let builder = scene
        .builder()
        .namespace("shop:")
        .function("name", async |job: Job| Ok(job.function().to_string()));
    let _worker = scene.run(builder).await;
    assert_eq!(scene.ask("shop:name", "").await.unwrap(), "shop:name");
}

#[tokio::test]
async fn a_worker_is_asked_and_told_through_the_server() {
    let scene = Scene::new().await;
    let builder = scene
        .builder()
        .id("test")
        .function("echo", echo)
        .function("other", echo);
    let worker = scene
        .run(builder.on_control("greet", async |rest| {
            Ok(Bytes::from(format!("hello {rest}")))
        }))
        .await;

    assert!(
        scene
            .control("ping")
            .await
            .unwrap()
            .contains("\"stage\":\"running\"")
    );
    assert_eq!(scene.control("quiet").await.unwrap(), r#"{"done":"quiet"}"#);
    worker.reach(Stage::Quiet).await;
    assert!(
        scene
            .control("stats")
            .await
            .unwrap()
            .contains("\"stage\":\"quiet\"")
    );
    scene.control("resume").await.unwrap();
    scene.control("concurrency 5").await.unwrap();
    assert_eq!(worker.handle.stats().concurrency, 5);

    scene.control("remove other").await.unwrap();
    let functions = scene.control("functions").await.unwrap();
    assert_eq!(
        functions,
        r#"{"taken":["echo"],"declared":["echo","other"]}"#
    );
    scene.control("add other").await.unwrap();
    assert_eq!(scene.ask("other", "back").await.unwrap(), "back");
    assert!(matches!(
        scene.control("add unknown").await,
        Err(ClientError::Failed)
    ));

    assert_eq!(scene.control("greet you").await.unwrap(), "hello you");
    assert!(matches!(
        scene.control("dance").await,
        Err(ClientError::Failed)
    ));
    assert_eq!(
        scene.control("cancel H:nobody:1").await.unwrap(),
        r#"{"cancelled":false}"#
    );

    scene.control("terminate").await.unwrap();
    assert_eq!(worker.end().await.reason, StopReason::Control);
}

#[tokio::test]
async fn a_job_is_cancelled_through_the_server_that_gave_it() {
    let scene = Scene::new().await;
    let gate = Gate::default();
    let worker = scene
        .run(scene.builder().id("test").function("gate", gate.clone()))
        .await;
    let mut job = scene
        .client
        .submit(ClientJob::new("gate", "").unwrap())
        .await
        .unwrap();
    wait_until(|| gate.begun() == 1).await;
    let command = format!("cancel {}", job.address().handle());
    assert_eq!(
        scene.control(&command).await.unwrap(),
        r#"{"cancelled":true}"#
    );
    let mut last = None;
    while let Some(event) = job.next().await {
        last = Some(event.unwrap());
    }
    let fail = gearman_client::WorkEvent::End(gearman_client::Outcome::Fail);
    assert_eq!(last, Some(fail));
    worker.handle.drain();
    assert_eq!(worker.end().await.failed, 1);
}

#[tokio::test]
async fn terminate_is_answered_when_the_last_job_has_ended() {
    let scene = Scene::new().await;
    let gate = Gate::default();
    let worker = scene
        .run(scene.builder().id("test").function("gate", gate.clone()))
        .await;
    scene
        .client
        .submit_background(ClientJob::new("gate", "").unwrap())
        .await
        .unwrap();
    wait_until(|| gate.begun() == 1).await;
    let order = ClientJob::new("_worker_test", "terminate").unwrap();
    let mut order = scene.client.submit(order).await.unwrap();
    let first = order.next().await.unwrap().unwrap();
    assert!(format!("{first:?}").contains("Status"), "{first:?}");
    assert_eq!(worker.handle.stage(), Stage::Draining);
    assert!(scene.control("ping").await.unwrap().contains("draining"));
    gate.go.notify_one();
    let mut last = first;
    while let Some(event) = order.next().await {
        last = event.unwrap();
    }
    assert!(format!("{last:?}").contains("completed"), "{last:?}");
    assert_eq!(worker.end().await.completed, 1);
}

#[tokio::test]
async fn an_order_for_another_incarnation_changes_nothing() {
    let scene = Scene::new().await;
    let worker = scene
        .run(scene.builder().id("test").function("echo", echo))
        .await;
    let answer = scene
        .control("terminate incarnation=0123456789abcdef")
        .await
        .unwrap();
    assert_eq!(answer, r#"{"refused":"other incarnation"}"#);
    assert_eq!(worker.handle.stage(), Stage::Running);
}

#[tokio::test]
async fn mistakes_in_the_making_are_told() {
    let builder = || Worker::builder().server("localhost").function("f", echo);
    let text = |builder: WorkerBuilder| builder.build().unwrap_err().to_string();
    assert!(text(Worker::builder().function("f", echo)).contains("no server"));
    assert!(text(Worker::builder().server("localhost")).contains("no function"));
    assert!(text(builder().server("a b")).contains("write host"));
    assert!(text(builder().function("", echo)).contains("empty"));
    assert!(text(builder().function("n\0ul", echo)).contains("NUL"));
    assert!(text(builder().function([b'x'; 513], echo)).contains("at most 512"));
    assert!(text(builder().function("f", echo)).contains("two handlers"));
    assert!(text(builder().id("two words")).contains("printable"));
    assert!(text(builder().control(true)).contains("needs an id"));
    assert!(text(builder().concurrency(0)).contains("concurrency is 0"));
    let own = async |_| Ok(Bytes::new());
    assert!(text(builder().id("x").on_control("ping", own)).contains("can't be replaced"));
}
