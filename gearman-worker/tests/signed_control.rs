//! A worker that obeys signed commands only.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::time::SystemTime;

use gearman_client::JobError as ClientError;
use gearman_control::fleet::{Event, Fleet, Which};
use gearman_control::{Incarnation, Nonce, Pong, Secret, WorkerId, unix_seconds};
use gearman_net::Endpoint;
use gearman_worker::{Job, JobError, Stage, StopReason};

mod scene;

use scene::{Running, Scene};

fn secret() -> Secret {
    Secret::new("correct horse battery staple").unwrap()
}

fn id() -> WorkerId {
    WorkerId::new("test").unwrap()
}

fn now() -> u64 {
    unix_seconds(SystemTime::now())
}

async fn worker(scene: &Scene) -> Running {
    let echo = async |job: Job| Ok::<_, JobError>(job.workload().clone());
    let builder = scene.builder().id("test").function("echo", echo);
    scene.run(builder.control_secret(secret())).await
}

async fn incarnation(scene: &Scene) -> Incarnation {
    let ping = secret().sign("ping", &id(), None, now(), Nonce::random());
    let pong = scene.control(&ping).await.unwrap();
    Pong::from_json(pong.as_bytes()).unwrap().incarnation
}

/// The warning with which a line is refused.
async fn refusal(scene: &Scene, line: &str) -> String {
    let (warnings, end) = scene.hear("_worker_test", line).await;
    assert!(matches!(end, Err(ClientError::Failed)), "{end:?}");
    warnings.concat()
}

#[tokio::test]
async fn signed_commands_are_obeyed_once() {
    let scene = Scene::new().await;
    let worker = worker(&scene).await;
    let incarnation = incarnation(&scene).await;
    let signed = |command| secret().sign(command, &id(), Some(incarnation), now(), Nonce::random());
    let concurrency = signed("concurrency 7");
    scene.control(&concurrency).await.unwrap();
    assert_eq!(worker.handle.stats().concurrency, 7);
    worker.handle.set_concurrency(1);
    let text = refusal(&scene, &concurrency).await;
    assert!(text.contains("seen already"), "{text}");
    assert_eq!(worker.handle.stats().concurrency, 1);

    scene.control(&signed("terminate")).await.unwrap();
    assert_eq!(worker.end().await.reason, StopReason::Control);
}

#[tokio::test]
async fn what_is_not_signed_or_not_well_changes_nothing() {
    let scene = Scene::new().await;
    let worker = worker(&scene).await;
    let own = incarnation(&scene).await;
    let other = Secret::new("incorrect horse").unwrap();
    let signed = secret().sign("quiet", &id(), Some(own), now(), Nonce::random());
    let lines = [
        "terminate".to_owned(),
        "quiet".to_owned(),
        "ping".to_owned(),
        other.sign("terminate", &id(), Some(own), now(), Nonce::random()),
        secret().sign("terminate", &id(), None, now(), Nonce::random()),
        secret().sign("terminate", &id(), Some(own), now() - 61, Nonce::random()),
        secret().sign("terminate", &id(), Some(own), now() + 65, Nonce::random()),
        signed.replace("quiet", "terminate"),
    ];
    for line in lines {
        let text = refusal(&scene, &line).await;
        assert!(text.contains("sign"), "{line}: {text}");
    }
    assert_eq!(worker.handle.stage(), Stage::Running);
    assert_eq!(scene.ask("echo", "hello").await.unwrap(), "hello");

    let another = Incarnation::random();
    let order = format!("terminate incarnation={another}");
    let order = secret().sign(&order, &id(), Some(another), now(), Nonce::random());
    let refused = scene.control(&order).await.unwrap();
    assert_eq!(refused, r#"{"refused":"other incarnation"}"#);
    assert_eq!(worker.handle.stage(), Stage::Running);
    worker.handle.drain();
    worker.end().await;
}

#[tokio::test]
async fn a_fleet_with_the_secret_stops_it_and_one_without_does_not() {
    let scene = Scene::new().await;
    let worker = worker(&scene).await;
    let fleet = Fleet::new([Endpoint::from(scene.server.local_addr())]);
    let mut termination = fleet.terminate(Which::All, None).await.unwrap();
    let mut refused = None;
    while let Some(event) = termination.next_event().await {
        if let Event::Refused { reason, .. } = event {
            refused = Some(reason);
        }
    }
    let reason = refused.expect("it refuses");
    assert!(reason.contains("signed commands only"), "{reason}");
    assert_eq!(worker.handle.stage(), Stage::Running);

    let termination = fleet.secret(secret()).terminate(Which::All, None).await;
    assert!(termination.unwrap().finish().await.is_all_down());
    assert_eq!(worker.end().await.reason, StopReason::Control);
}

#[tokio::test]
async fn a_fleet_with_a_secret_does_not_order_around_who_has_none() {
    let scene = Scene::new().await;
    let echo = async |job: Job| Ok::<_, JobError>(job.workload().clone());
    let worker = scene
        .run(scene.builder().id("test").function("echo", echo))
        .await;
    let fleet = Fleet::new([Endpoint::from(scene.server.local_addr())]).secret(secret());
    let termination = fleet.terminate(Which::All, None).await.unwrap();
    assert!(!termination.finish().await.is_all_down());
    assert_eq!(worker.handle.stage(), Stage::Running);
    worker.handle.drain();
    worker.end().await;
}
