//! Services and layers of tower as handlers.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use gearman_client::JobError as ClientError;
use gearman_worker::{Job, JobError, TowerHandler};
use tokio::time::sleep;
use tower::{ServiceBuilder, service_fn};

mod scene;

use scene::Scene;

#[tokio::test]
async fn a_service_runs_jobs() {
    let scene = Scene::new().await;
    let service = service_fn(async |job: Job| Ok::<_, Infallible>(job.workload().clone()));
    let worker = scene.run(scene.builder().service("echo", service)).await;
    assert_eq!(scene.ask("echo", "hello").await.unwrap(), "hello");
    worker.handle.drain();
    assert_eq!(worker.end().await.completed, 1);
}

#[tokio::test]
async fn a_layer_that_limits_counts_over_all_jobs() {
    let scene = Scene::new().await;
    let running = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&running);
    let service = ServiceBuilder::new()
        .concurrency_limit(2)
        .service_fn(move |_: Job| {
            let count = Arc::clone(&count);
            async move {
                let beside = count.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_millis(10)).await;
                count.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Infallible>(Bytes::from((beside + 1).to_string()))
            }
        });
    let builder = scene.builder().concurrency(8).service("count", service);
    let worker = scene.run(builder).await;
    let jobs = (0..8).map(|_| scene.ask("count", ""));
    let most = futures_util::future::try_join_all(jobs).await.unwrap();
    assert_eq!(most.iter().max().unwrap(), "2");
    worker.handle.drain();
    worker.end().await;
}

#[tokio::test]
async fn a_layer_that_gives_up_fails_the_job_and_says_why() {
    let scene = Scene::new().await;
    let service = ServiceBuilder::new()
        .timeout(Duration::from_millis(10))
        .service_fn(async |_: Job| pending::<Result<Bytes, Infallible>>().await);
    let worker = scene.run(scene.builder().service("slow", service)).await;
    let (warnings, end) = scene.hear("slow", "").await;
    assert_eq!(warnings, ["request timed out"]);
    assert!(matches!(end, Err(ClientError::Failed)));
    worker.handle.drain();
    assert_eq!(worker.end().await.failed, 1);
}

#[tokio::test]
async fn a_job_error_comes_through_the_layers_as_it_is() {
    let scene = Scene::new().await;
    let service = ServiceBuilder::new()
        .timeout(Duration::from_secs(60))
        .service_fn(async |_: Job| Err::<Bytes, _>(JobError::exception("on purpose")));
    let plain = service_fn(async |_: Job| Err::<Bytes, _>(JobError::exception("on purpose")));
    let builder = scene
        .builder()
        .service("layered", service)
        .function_with_timeout("plain", Duration::from_secs(60), TowerHandler(plain));
    let worker = scene.run(builder).await;
    for function in ["layered", "plain"] {
        let end = scene.ask(function, "").await;
        assert!(matches!(end, Err(ClientError::Exception(text)) if text == "on purpose"));
    }
    worker.handle.drain();
    worker.end().await;
}
