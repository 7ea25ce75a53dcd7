//! Functions from a type to a type.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::HashMap;
use std::num::TryFromIntError;

use gearman_client::JobError as ClientError;
use gearman_worker::{Exceptions, Job, JobError, JsonHandler};
use serde::{Deserialize, Serialize};

mod scene;

use scene::Scene;

#[derive(Deserialize)]
struct Order {
    name: String,
    sizes: Vec<u8>,
}

#[derive(Serialize)]
struct Made {
    what: String,
    total: u32,
}

async fn make(order: Order, _: Job) -> Result<Made, TryFromIntError> {
    let total = order.sizes.iter().map(|size| u32::from(*size)).sum();
    // For the tests: a total over 255 is an error.
    u8::try_from(total)?;
    let what = order.name;
    Ok(Made { what, total })
}

fn exception(end: Result<String, ClientError>) -> String {
    let Err(ClientError::Exception(text)) = end else {
        panic!("no exception: {end:?}");
    };
    String::from_utf8(text.to_vec()).unwrap()
}

#[tokio::test]
async fn values_come_in_and_go_out() {
    let scene = Scene::new().await;
    let worker = scene.run(scene.builder().json_function("make", make)).await;
    let made = scene.ask("make", r#"{"name":"hat","sizes":[1,2]}"#).await;
    assert_eq!(made.unwrap(), r#"{"what":"hat","total":3}"#);
    worker.handle.drain();
    assert_eq!(worker.end().await.completed, 1);
}

#[tokio::test]
async fn a_bad_workload_is_an_exception_that_says_where() {
    let scene = Scene::new().await;
    let worker = scene.run(scene.builder().json_function("make", make)).await;
    let bad = "{\"name\":\"hat\",\n\"sizes\":[1,256]}";
    let text = exception(scene.ask("make", bad).await);
    assert!(
        text.contains("256") && text.contains("line 2 column"),
        "{text}"
    );
    let text = exception(scene.ask("make", "").await);
    assert!(text.contains("line 1 column 0"), "{text}");
    worker.handle.drain();
    assert_eq!(worker.end().await.failed, 2);
}

#[tokio::test]
async fn errors_of_the_closure_are_exceptions_and_job_errors_are_what_they_are() {
    let scene = Scene::new().await;
    let builder = scene.builder().json_function("make", make).json_function(
        "fail",
        async |(): (), job: Job| {
            Err::<(), _>(JobError::fail_with(format!("no {}", job.function())))
        },
    );
    let worker = scene.run(builder).await;
    let text = exception(scene.ask("make", r#"{"name":"","sizes":[200,200]}"#).await);
    assert!(text.contains("out of range"), "{text}");
    let (warnings, end) = scene.hear("fail", "null").await;
    assert_eq!(warnings, ["no fail"]);
    assert!(matches!(end, Err(ClientError::Failed)));
    worker.handle.drain();
    worker.end().await;
}

#[tokio::test]
async fn a_result_that_json_has_no_words_for_is_an_exception() {
    let scene = Scene::new().await;
    let handler = JsonHandler::new(async |(): (), _: Job| {
        Ok::<_, JobError>(HashMap::from([([1_u8], "keys are texts in JSON")]))
    });
    let worker = scene.run(scene.builder().function("map", handler)).await;
    let text = exception(scene.ask("map", "null").await);
    assert!(text.starts_with("the result is no JSON: "), "{text}");
    worker.handle.drain();
    worker.end().await;
}

#[tokio::test]
async fn exceptions_are_warnings_where_the_worker_says_so() {
    let scene = Scene::new().await;
    let builder = scene.builder().exceptions(Exceptions::AsWarning);
    let worker = scene.run(builder.json_function("make", make)).await;
    let (warnings, end) = scene.hear("make", "[]").await;
    assert!(warnings[0].contains("line 1 column"), "{warnings:?}");
    assert!(matches!(end, Err(ClientError::Failed)));
    worker.handle.drain();
    worker.end().await;
}
