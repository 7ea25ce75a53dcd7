//! Clients over TCP against an embedded server.

#![allow(clippy::unwrap_used, reason = "a failure in a test is the point")]

mod worker;

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use gearman_client::{
    AskError, Client, Endpoint, Job, JobAddress, JobError, OpenError, Outcome, Priority, Progress,
    SubmitError, UniqueId, Update, WorkEvent,
};
use gearman_server::EmbeddedServer;
use tokio::net::TcpListener;

use worker::Worker;

async fn server_and_client() -> (EmbeddedServer, Client) {
    let server = EmbeddedServer::start().await.unwrap();
    let client = Client::connect(server.local_addr()).await.unwrap();
    (server, client)
}

fn job(workload: impl Into<Bytes>) -> Job {
    Job::new("f", workload).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_jobs_share_one_connection() {
    let (server, client) = server_and_client().await;
    let worker = Worker::of(&server, "f");
    tokio::spawn(worker.echo_for_ever());
    let jobs = (0..5000).map(|number| {
        let client = client.clone();
        tokio::spawn(async move {
            let workload = number.to_string();
            let result = client.run(job(workload.clone())).await.unwrap();
            assert_eq!(result, workload);
        })
    });
    for result in join_all(jobs).await {
        result.unwrap();
    }
    let connections = server.inspect(|broker| broker.snapshot().connections.len());
    assert_eq!(connections.await, Some(2));
}

#[tokio::test]
async fn jobs_of_higher_priority_go_first() {
    let (server, client) = server_and_client().await;
    for (workload, priority) in [
        ("low", Priority::Low),
        ("normal", Priority::Normal),
        ("high", Priority::High),
    ] {
        let job = job(workload).priority(priority);
        client.submit_background(job).await.unwrap();
    }
    let mut worker = Worker::of(&server, "f");
    for workload in ["high", "normal", "low"] {
        assert_eq!(worker.next_job().await.workload(), workload);
    }
}

#[tokio::test]
async fn a_job_tells_its_progress_its_parts_and_its_end() {
    let (server, client) = server_and_client().await;
    let mut worker = Worker::of(&server, "f");
    let running = client.submit(job("x")).await.unwrap();
    let events = [
        WorkEvent::Update(Update::Status(Progress::new(1, 2))),
        WorkEvent::Update(Update::Warning("careful".into())),
        WorkEvent::Update(Update::Data("part".into())),
        WorkEvent::End(Outcome::Complete("end".into())),
    ];
    let assignment = worker.next_job().await;
    assert_eq!(assignment.handle(), *running.address().handle());
    for event in events.clone() {
        worker.tell(&assignment, event).await;
    }
    let heard: Vec<_> = running.map(Result::unwrap).collect().await;
    assert_eq!(heard, events);
}

#[tokio::test]
async fn failures_and_exceptions_are_told_apart() {
    let (server, client) = server_and_client().await;
    let mut worker = Worker::of(&server, "f");
    for outcome in [Outcome::Fail, Outcome::Exception("why".into())] {
        let running = client.submit(job("x")).await.unwrap();
        let assignment = worker.next_job().await;
        worker
            .tell(&assignment, WorkEvent::End(outcome.clone()))
            .await;
        match (running.await, outcome) {
            (Err(JobError::Failed), Outcome::Fail) => {}
            (Err(JobError::Exception(reason)), Outcome::Exception(_)) => assert_eq!(reason, "why"),
            (result, _) => panic!("{result:?}"),
        }
    }
}

#[tokio::test]
async fn submissions_with_one_unique_id_are_one_job() {
    let (server, client) = server_and_client().await;
    let mut worker = Worker::of(&server, "f");
    let same = || client.submit(job("x").unique("u").unwrap());
    let (first, second) = (same().await.unwrap(), same().await.unwrap());
    assert_eq!(first.address(), second.address());
    let unique = UniqueId::new("u").unwrap();
    let status = client.unique_status(&unique).await.unwrap();
    assert_eq!(
        (status.known, status.running, status.clients),
        (true, false, 2)
    );
    let assignment = worker.next_job().await;
    let end = Outcome::Complete("done".into());
    worker.tell(&assignment, WorkEvent::End(end)).await;
    assert_eq!(first.await.unwrap(), "done");
    assert_eq!(second.await.unwrap(), "done");
}

#[tokio::test]
async fn a_background_job_can_be_asked_for_by_another_client() {
    let (server, client) = server_and_client().await;
    let mut worker = Worker::of(&server, "f");
    let address = client.submit_background(job("x")).await.unwrap();
    drop(client);
    let stored = address.to_string();
    // A client of another server: the address says where to ask.
    let elsewhere = EmbeddedServer::start().await.unwrap();
    let other = Client::connect(elsewhere.local_addr()).await.unwrap();
    let address: JobAddress = stored.parse().unwrap();
    let status = other.status(&address).await.unwrap();
    assert_eq!((status.known, status.running), (true, false));
    let assignment = worker.next_job().await;
    let progress = Update::Status(Progress::new(1, 4));
    worker.tell(&assignment, WorkEvent::Update(progress)).await;
    let status = other.status(&address).await.unwrap();
    assert_eq!((status.known, status.running), (true, true));
    assert_eq!(status.progress, Progress::new(1, 4));
    let end = Outcome::Complete("".into());
    worker.tell(&assignment, WorkEvent::End(end)).await;
    assert!(!other.status(&address).await.unwrap().known);
}

#[tokio::test]
async fn a_large_result_arrives_whole() {
    let (server, client) = server_and_client().await;
    tokio::spawn(Worker::of(&server, "f").echo_for_ever());
    let large = Bytes::from(vec![b'x'; 5 << 20]);
    let run = client.run(job(large.clone()));
    let result = tokio::time::timeout(Duration::from_secs(20), run);
    assert_eq!(result.await.unwrap().unwrap(), large);
}

#[tokio::test]
async fn a_server_that_stops_ends_its_jobs_and_is_then_unreachable() {
    let (server, client) = server_and_client().await;
    let running = client.submit(job("x")).await.unwrap();
    server.shut_down().await;
    assert!(matches!(running.await, Err(JobError::OutcomeUnknown(_))));
    let error = client.submit(job("x")).await.unwrap_err();
    assert!(matches!(error, SubmitError::NotSent(_)), "{error}");
    let error = client.echo("x").await.unwrap_err();
    assert!(matches!(error, AskError::NotSent(_)), "{error}");
}

#[tokio::test]
async fn a_client_needs_a_server_and_says_which_it_has_not_got() {
    assert!(matches!(
        Client::builder().connect().await,
        Err(OpenError::NoneNamed)
    ));
    let builder = Client::builder().servers(["localhost", "no:port"]);
    assert!(matches!(
        builder.connect_lazily(),
        Err(OpenError::InvalidEndpoint(_))
    ));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = Endpoint::from(listener.local_addr().unwrap());
    drop(listener);
    let error = Client::connect(dead.clone()).await.unwrap_err().to_string();
    assert!(error.starts_with("no server reachable: "), "{error}");
    assert!(error.contains(&dead.to_string()), "{error}");
}

#[tokio::test]
async fn the_first_server_that_is_up_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = listener.local_addr().unwrap();
    drop(listener);
    let server = EmbeddedServer::start().await.unwrap();
    let servers = [dead, server.local_addr()].map(Endpoint::from);
    for client in [
        Client::builder().servers(servers.clone()).connect().await,
        Client::builder().servers(servers.clone()).connect_lazily(),
    ] {
        let client = client.unwrap();
        let address = client.submit_background(job("x")).await.unwrap();
        assert_eq!(*address.server(), servers[1]);
    }
}
