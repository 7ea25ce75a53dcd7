//! Our worker, client and embedded server with peers that we did not write: gearmand and libgearman's
//! `gearman` and `gearadmin`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::net::SocketAddr;

use gearman_admin::AdminClient;
use gearman_client::{Client, Job as ClientJob, JobError as ClientError};
use gearman_conformance::{Gearmand, Program, installed};
use gearman_server::EmbeddedServer;
use gearman_worker::{Job, JobError, StopReport, Worker, WorkerHandle};
use tokio::task::JoinHandle;

/// Starts one of libgearman's tools for a server.
fn tool(name: &'static str, server: SocketAddr, arguments: &[&str]) -> Program {
    let path = installed(name, "gearman-tools").unwrap_or_else(|why| panic!("{why}"));
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    let fixed = ["-h", &host, "-p", &port];
    Program::start(&path, &[&fixed, arguments].concat(), &[]).unwrap()
}

/// Our worker with the function `reverse`, and `fail`, which does.
async fn our_worker(server: SocketAddr) -> (WorkerHandle, JoinHandle<StopReport>) {
    let reverse = async |job: Job| Ok(job.workload().iter().rev().copied().collect::<Vec<u8>>());
    let fail = async |_: Job| Err::<Vec<u8>, _>(JobError::fail_with("no luck"));
    let worker = Worker::builder()
        .server(server.to_string())
        .function("reverse", reverse)
        .function("fail", fail)
        .build()
        .unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(async move { worker.run().await.unwrap() });
    handle.ready().await;
    (handle, running)
}

async fn our_worker_serves_libgearman(server: SocketAddr) {
    let (worker, running) = our_worker(server).await;
    let mut client = tool("gearman", server, &["-f", "reverse", "hello"]);
    assert!(client.exit().await.success(), "{:?}", client.lines());
    assert_eq!(client.lines(), ["olleh"]);

    let mut client = tool("gearman", server, &["-f", "fail", "hello"]);
    assert_eq!(client.exit().await.code(), Some(1), "{:?}", client.lines());
    assert_eq!(
        client.count("no luck"),
        1,
        "the reason is told: {:?}",
        client.lines()
    );

    worker.drain();
    let report = running.await.unwrap();
    assert_eq!(
        (report.completed, report.failed, report.undelivered),
        (1, 1, 0)
    );
}

async fn libgearman_serves_our_client(server: SocketAddr) {
    let _worker = tool(
        "gearman",
        server,
        &["-w", "-f", "upper", "--", "tr", "a-z", "A-Z"],
    );
    let client = Client::connect(server).await.unwrap();
    let job = |payload: &'static str| ClientJob::new("upper", payload).unwrap();
    let (one, two) = tokio::join!(client.run(job("one")), client.run(job("two")));
    assert_eq!((one.unwrap(), two.unwrap()), ("ONE".into(), "TWO".into()));
}

async fn gearadmin_and_our_client_read_the_same(server: SocketAddr) {
    let (worker, running) = our_worker(server).await;
    let client = Client::connect(server).await.unwrap();
    let job = ClientJob::new("waits", "for ever").unwrap();
    client.submit_background(job).await.unwrap();
    let admin = AdminClient::connect(server.into()).await.unwrap();

    let mut gearadmin = tool("gearadmin", server, &["--status"]);
    assert!(gearadmin.exit().await.success());
    let rows = admin.status().await.unwrap();
    let ours = rows.good().map(|row| {
        let function = String::from_utf8_lossy(&row.function).into_owned();
        format!(
            "{function}\t{}\t{}\t{}",
            row.total, row.running, row.workers
        )
    });
    let mut ours: Vec<String> = ours.chain([".".to_owned()]).collect();
    let mut theirs = gearadmin.lines();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    assert!(ours.contains(&"waits\t1\t0\t0".to_owned()), "{ours:?}");

    let mut gearadmin = tool("gearadmin", server, &["--workers"]);
    assert!(gearadmin.exit().await.success());
    assert_eq!(
        gearadmin.count(" : fail reverse") + gearadmin.count(" : reverse fail"),
        1
    );

    let mut gearadmin = tool("gearadmin", server, &["--server-version"]);
    assert!(gearadmin.exit().await.success());
    let version = String::from_utf8_lossy(&admin.version().await.unwrap()).into_owned();
    assert_eq!(gearadmin.lines(), [version]);
    worker.drain();
    running.await.unwrap();
}

#[tokio::test]
async fn our_worker_serves_libgearmans_client_through_gearmand() {
    our_worker_serves_libgearman(Gearmand::start(&[]).await.address()).await;
}

#[tokio::test]
async fn our_worker_serves_libgearmans_client_through_the_embedded_server() {
    let server = EmbeddedServer::start().await.unwrap();
    our_worker_serves_libgearman(server.local_addr()).await;
}

#[tokio::test]
async fn libgearmans_worker_serves_our_client_through_gearmand() {
    libgearman_serves_our_client(Gearmand::start(&[]).await.address()).await;
}

#[tokio::test]
async fn libgearmans_worker_serves_our_client_through_the_embedded_server() {
    let server = EmbeddedServer::start().await.unwrap();
    libgearman_serves_our_client(server.local_addr()).await;
}

#[tokio::test]
async fn gearadmin_reads_of_gearmand_what_our_client_reads() {
    gearadmin_and_our_client_read_the_same(Gearmand::start(&[]).await.address()).await;
}

#[tokio::test]
async fn gearadmin_reads_of_the_embedded_server_what_our_client_reads() {
    let server = EmbeddedServer::start().await.unwrap();
    gearadmin_and_our_client_read_the_same(server.local_addr()).await;
}

#[tokio::test]
async fn our_client_learns_of_a_failure_and_its_reason() {
    let server = Gearmand::start(&[]).await;
    let (_worker, _running) = our_worker(server.address()).await;
    let client = Client::connect(server.address()).await.unwrap();
    let outcome = client.run(ClientJob::new("fail", "").unwrap()).await;
    assert!(matches!(outcome, Err(ClientError::Failed)), "{outcome:?}");
}
