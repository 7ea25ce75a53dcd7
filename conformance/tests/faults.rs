//! Servers that die, freeze and come back, and networks that cut and swallow, with the real gearmand: jobs
//! finish somewhere, the worker comes back by itself, and a drain ends whatever happens.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod hand;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use gearman_client::FunctionName;
use gearman_conformance::{Direction, Gearmand, Proxy, Signal};
use gearman_worker::{CancelReason, Handler, Job, Stage};
use hand::{
    FOR_EVER, Gate, Running, ask, ask_meanwhile, echo, jobs, offering, soon, submit, wait_until,
    worker,
};
use tokio::net::TcpListener;

/// A server that takes connections and never says a word.
async fn mute_server() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A handler that answers with so many bytes, and counts how often it was asked.
fn large(bytes: usize) -> (impl Handler, Arc<AtomicUsize>) {
    let begun = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&begun);
    let handler = move |_: Job| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Bytes::from(vec![b'x'; bytes])) }
    };
    (handler, begun)
}

fn name(name: &str) -> FunctionName {
    FunctionName::new(name).unwrap()
}

// A server that is killed.

#[tokio::test]
async fn a_server_that_comes_back_knows_the_worker_by_id_and_functions_again() {
    let mut server = Gearmand::start(&[]).await;
    let address = server.address();
    let running = Running::start_up(worker(address).id("w1").function("echo", echo)).await;
    server.kill().await;
    running.servers_up(0).await;
    server.restart().await;
    running.servers_up(1).await;
    assert_eq!(offering(address, "echo").await, ["w1"]);
    assert_eq!(offering(address, "_worker_w1").await, ["w1"]);
    assert_eq!(ask(address, "echo", "hello").await.unwrap(), "hello");
    let pong = ask(address, "_worker_w1", "ping").await.unwrap();
    assert!(pong.starts_with(b"{"), "{pong:?}");
    assert_eq!(running.drain().await.completed, 1);
}

#[tokio::test]
async fn a_job_that_runs_when_its_server_dies_is_told_and_gives_its_slot_back() {
    let mut server = Gearmand::start(&[]).await;
    let address = server.address();
    let gate = Gate::new();
    let running = Running::start_up(worker(address).function("gate", gate.clone())).await;
    submit(address, "gate", "1").await;
    gate.has_begun(1).await;
    server.kill().await;
    assert_eq!(gate.was_cancelled().await, CancelReason::ConnectionLost);
    server.restart().await;
    gate.let_go(1);
    assert_eq!(ask(address, "gate", "2").await.unwrap(), "2");
    let report = running.drain().await;
    assert_eq!((report.completed, report.undelivered), (1, 1));
}

#[tokio::test]
async fn the_jobs_of_a_durable_queue_are_done_though_their_server_died() {
    const JOBS: usize = 20;
    let durable = ["-q", "libsqlite3", "--libsqlite3-db", "{dir}/queue"];
    let mut server = Gearmand::start(&durable).await;
    let address = server.address();
    let gate = Gate::new();
    let builder = worker(address).function("gate", gate.clone());
    let running = Running::start_up(builder.concurrency(2)).await;
    for number in 0..JOBS {
        submit(address, "gate", &number.to_string()).await;
    }
    gate.has_begun(2).await;
    server.kill().await;
    gate.was_cancelled().await;
    running.servers_up(0).await;
    gate.let_go(JOBS);
    server.restart().await;
    wait_until("all jobs are done", async || {
        jobs(address, "gate").await == (0, 0)
    })
    .await;
    // The two that ran when the server died have run twice.
    gate.has_begun(JOBS + 2).await;
    let report = running.drain().await;
    assert_eq!((report.completed, report.undelivered), (20, 2));
}

#[tokio::test]
async fn a_draining_worker_finishes_its_job_though_the_server_dies_and_leaves() {
    let mut server = Gearmand::start(&[]).await;
    let gate = Gate::deaf();
    let builder = worker(server.address()).function("gate", gate.clone());
    let running = Running::start_up(builder).await;
    submit(server.address(), "gate", "1").await;
    gate.has_begun(1).await;
    running.handle.drain();
    server.kill().await;
    running.servers_up(0).await;
    assert!(!running.has_ended());
    gate.let_go(1);
    let report = running.end().await;
    assert_eq!((report.completed, report.undelivered), (0, 1));
}

#[tokio::test]
async fn a_worker_leaves_while_no_server_is_there() {
    let mut server = Gearmand::start(&[]).await;
    let running = Running::start_up(worker(server.address()).function("echo", echo)).await;
    server.kill().await;
    running.servers_up(0).await;
    running.drain().await;
}

#[tokio::test]
async fn a_worker_waits_for_its_first_server() {
    let mut server = Gearmand::start(&[]).await;
    server.kill().await;
    let running = Running::start(worker(server.address()).id("w1").function("echo", echo));
    server.restart().await;
    assert_eq!(
        ask(server.address(), "echo", "hello").await.unwrap(),
        "hello"
    );
    assert_eq!(running.drain().await.completed, 1);
}

#[tokio::test]
async fn a_quiet_worker_stays_quiet_when_its_server_comes_back() {
    let mut server = Gearmand::start(&[]).await;
    let address = server.address();
    let running = Running::start_up(worker(address).function("echo", echo)).await;
    running.handle.quiet();
    server.kill().await;
    running.servers_up(0).await;
    server.restart().await;
    running.servers_up(1).await;
    let asked = ask_meanwhile(address, "echo", "hello");
    wait_until("the job is queued", async || {
        jobs(address, "echo").await == (1, 0)
    })
    .await;
    wait_until("nobody offers", async || {
        offering(address, "echo").await.is_empty()
    })
    .await;
    assert!(!asked.is_finished());
    running.handle.resume();
    assert_eq!(soon(asked).await.unwrap().unwrap(), "hello");
    assert_eq!(running.handle.stage(), Stage::Running);
}

#[tokio::test]
async fn a_function_that_goes_while_no_server_is_there_does_not_come_back() {
    let mut server = Gearmand::start(&[]).await;
    let address = server.address();
    let builder = worker(address).function("echo", echo).function("old", echo);
    let running = Running::start_up(builder).await;
    server.kill().await;
    running.servers_up(0).await;
    soon(running.handle.remove_function(name("old")))
        .await
        .unwrap();
    running
        .handle
        .add_function(name("new"), echo)
        .await
        .unwrap();
    server.restart().await;
    running.servers_up(1).await;
    assert_eq!(offering(address, "echo").await.len(), 1);
    assert_eq!(offering(address, "new").await.len(), 1);
    assert_eq!(offering(address, "old").await.len(), 0);
    assert_eq!(ask(address, "new", "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_function_whose_job_is_lost_with_the_server_can_be_removed() {
    let mut server = Gearmand::start(&[]).await;
    let gate = Gate::new();
    let builder = worker(server.address()).function("echo", echo);
    let running = Running::start_up(builder.function("gate", gate.clone())).await;
    submit(server.address(), "gate", "1").await;
    gate.has_begun(1).await;
    let handle = running.handle.clone();
    let removing = tokio::spawn(async move { handle.remove_function(name("gate")).await });
    server.kill().await;
    soon(removing).await.unwrap().unwrap();
    server.restart().await;
    running.servers_up(1).await;
    assert_eq!(offering(server.address(), "gate").await.len(), 0);
}

// A server that is frozen for longer than a worker waits for an answer.

#[tokio::test]
async fn a_server_that_thaws_has_its_worker_back_once() {
    let server = Gearmand::start(&[]).await;
    let address = server.address();
    let running = Running::start_up(worker(address).id("w1").function("echo", echo)).await;
    server.signal(Signal::STOP);
    running.servers_up(0).await;
    server.signal(Signal::CONT);
    running.servers_up(1).await;
    assert_eq!(ask(address, "echo", "hello").await.unwrap(), "hello");
    wait_until("the connections before are forgotten", async || {
        offering(address, "echo").await == ["w1"]
    })
    .await;
}

#[tokio::test]
async fn a_job_does_not_notice_that_its_server_pauses() {
    let server = Gearmand::start(&[]).await;
    let gate = Gate::new();
    let builder = worker(server.address()).read_limit(FOR_EVER);
    let running = Running::start_up(builder.function("gate", gate.clone())).await;
    let asked = ask_meanwhile(server.address(), "gate", "hello");
    gate.has_begun(1).await;
    server.signal(Signal::STOP);
    gate.let_go(1);
    wait_until("the job has ended", async || {
        running.handle.stats().running == 0
    })
    .await;
    server.signal(Signal::CONT);
    assert_eq!(soon(asked).await.unwrap().unwrap(), "hello");
    let report = running.drain().await;
    assert_eq!((report.completed, report.undelivered), (1, 0));
}

#[tokio::test]
async fn a_drain_ends_though_the_server_is_frozen() {
    let server = Gearmand::start(&[]).await;
    let running = Running::start_up(worker(server.address()).function("echo", echo)).await;
    server.signal(Signal::STOP);
    running.drain().await;
}

#[tokio::test]
async fn a_result_that_a_frozen_server_has_not_read_is_undelivered() {
    let server = Gearmand::start(&[]).await;
    let gate = Gate::new();
    let builder = worker(server.address()).function("gate", gate.clone());
    let running = Running::start_up(builder).await;
    submit(server.address(), "gate", "1").await;
    gate.has_begun(1).await;
    server.signal(Signal::STOP);
    running.handle.drain();
    gate.let_go(1);
    let report = running.end().await;
    assert_eq!((report.completed, report.undelivered), (0, 1));
}

#[tokio::test]
async fn a_cancelled_worker_does_not_wait_for_a_frozen_server() {
    let server = Gearmand::start(&[]).await;
    let gate = Gate::new();
    let builder = worker(server.address()).read_limit(FOR_EVER);
    let running = Running::start_up(builder.id("w1").function("gate", gate.clone())).await;
    submit(server.address(), "gate", "1").await;
    gate.has_begun(1).await;
    server.signal(Signal::STOP);
    running.handle.cancel();
    assert_eq!(running.end().await.abandoned.len(), 1);
}

// A connection that is cut in the middle of a packet.

#[tokio::test]
async fn a_job_that_is_cut_on_its_way_to_the_worker_runs_once() {
    let server = Gearmand::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&begun);
    let count = move |job: Job| {
        counter.fetch_add(1, Ordering::SeqCst);
        echo(job)
    };
    let running = Running::start_up(worker(proxy.address()).function("count", count)).await;
    proxy.cut_after(Direction::ToPeer, 100_000);
    let workload = Bytes::from(vec![b'w'; 1 << 20]);
    let result = ask(server.address(), "count", workload.clone()).await;
    assert!(result.unwrap() == workload);
    soon(proxy.was_cut()).await;
    assert_eq!((begun.load(Ordering::SeqCst), proxy.connections()), (1, 2));
    let report = running.drain().await;
    assert_eq!((report.completed, report.undelivered), (1, 0));
}

#[tokio::test]
async fn a_result_that_is_cut_on_its_way_to_the_server_is_made_again() {
    let server = Gearmand::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    let (handler, begun) = large(1 << 20);
    let running = Running::start_up(worker(proxy.address()).function("large", handler)).await;
    proxy.cut_after(Direction::ToServer, 100_000);
    let result = ask(server.address(), "large", "").await.unwrap();
    assert_eq!(result.len(), 1 << 20);
    assert_eq!(begun.load(Ordering::SeqCst), 2);
    let report = running.drain().await;
    assert_eq!((report.completed, report.undelivered), (1, 1));
}

#[tokio::test]
async fn a_greeting_that_is_cut_anywhere_is_said_again() {
    let server = Gearmand::start(&[]).await;
    for direction in [Direction::ToServer, Direction::ToPeer] {
        for bytes in [0, 1, 11, 12, 13, 20] {
            let proxy = Proxy::start(server.address()).await;
            proxy.cut_after(direction, bytes);
            let running = Running::start_up(worker(proxy.address()).function("echo", echo)).await;
            soon(proxy.was_cut()).await;
            assert_eq!(ask(server.address(), "echo", "hi").await.unwrap(), "hi");
            running.drain().await;
        }
    }
}

// A network that swallows packets without a word.

#[tokio::test]
async fn a_sleeping_worker_finds_out_that_nobody_hears_it() {
    let server = Gearmand::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    let running = Running::start_up(worker(proxy.address()).function("echo", echo)).await;
    proxy.fall_silent();
    running.servers_up(0).await;
    proxy.recover();
    assert_eq!(
        ask(server.address(), "echo", "hello").await.unwrap(),
        "hello"
    );
    assert_eq!(running.drain().await.completed, 1);
}

#[tokio::test]
async fn a_job_whose_result_vanished_is_run_again() {
    let server = Gearmand::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    let gate = Gate::new();
    let running = Running::start_up(worker(proxy.address()).function("gate", gate.clone())).await;
    let asked = ask_meanwhile(server.address(), "gate", "hello");
    gate.has_begun(1).await;
    proxy.fall_silent();
    gate.let_go(1);
    running.servers_up(0).await;
    proxy.recover();
    gate.has_begun(2).await;
    gate.let_go(1);
    assert_eq!(soon(asked).await.unwrap().unwrap(), "hello");
    let report = running.drain().await;
    assert_eq!((report.completed, report.undelivered), (1, 1));
}

#[tokio::test]
async fn a_drain_ends_though_nobody_hears_it() {
    let server = Gearmand::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    let builder = worker(proxy.address()).id("w1").function("echo", echo);
    let running = Running::start_up(builder).await;
    proxy.fall_silent();
    running.drain().await;
}

// Several servers.

#[tokio::test]
async fn the_only_slot_is_not_lost_with_the_server_that_had_it() {
    let mut first = Gearmand::start(&[]).await;
    let second = Gearmand::start(&[]).await;
    let gate = Gate::new();
    let builder = worker(first.address()).server(second.servers());
    let running = Running::start(builder.function("gate", gate.clone()));
    running.servers_up(2).await;
    submit(first.address(), "gate", "1").await;
    gate.has_begun(1).await;
    first.kill().await;
    gate.was_cancelled().await;
    gate.let_go(1);
    assert_eq!(ask(second.address(), "gate", "2").await.unwrap(), "2");

    first.restart().await;
    gate.let_go(2);
    assert_eq!(ask(first.address(), "gate", "3").await.unwrap(), "3");
    assert_eq!(ask(second.address(), "gate", "4").await.unwrap(), "4");
    let report = running.drain().await;
    assert_eq!((report.completed, report.undelivered), (3, 1));
}

#[tokio::test]
async fn a_drain_finishes_the_job_of_one_server_though_the_other_is_dead() {
    let mut dead = Gearmand::start(&[]).await;
    let server = Gearmand::start(&[]).await;
    let gate = Gate::new();
    let builder = worker(dead.address()).server(server.servers());
    let running = Running::start(builder.function("gate", gate.clone()));
    running.servers_up(2).await;
    let asked = ask_meanwhile(server.address(), "gate", "hello");
    gate.has_begun(1).await;
    dead.kill().await;
    running.servers_up(1).await;
    running.handle.drain();
    assert!(!running.has_ended());
    gate.let_go(1);
    assert_eq!(soon(asked).await.unwrap().unwrap(), "hello");
    assert_eq!(running.end().await.completed, 1);
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_joins_when_it_comes() {
    let mut late = Gearmand::start(&[]).await;
    let server = Gearmand::start(&[]).await;
    late.kill().await;
    let builder = worker(late.address()).server(server.servers());
    let running = Running::start_up(builder.function("echo", echo)).await;
    assert_eq!(ask(server.address(), "echo", "a").await.unwrap(), "a");
    late.restart().await;
    assert_eq!(ask(late.address(), "echo", "b").await.unwrap(), "b");
    assert_eq!(running.drain().await.completed, 2);
}

#[tokio::test]
async fn a_mute_server_holds_neither_the_only_slot_nor_the_drain() {
    let server = Gearmand::start(&[]).await;
    let (_listener, mute) = mute_server().await;
    let builder = worker(mute).read_limit(FOR_EVER).server(server.servers());
    let running = Running::start_up(builder.id("w1").function("echo", echo)).await;
    for _ in 0..20 {
        assert_eq!(ask(server.address(), "echo", "a").await.unwrap(), "a");
    }
    assert_eq!(running.drain().await.completed, 20);
}

#[tokio::test]
async fn an_order_to_leave_through_one_server_is_answered_though_the_other_is_dead() {
    let mut dead = Gearmand::start(&[]).await;
    let server = Gearmand::start(&[]).await;
    let builder = worker(dead.address()).server(server.servers()).id("w1");
    let running = Running::start(builder.function("echo", echo));
    running.servers_up(2).await;
    dead.kill().await;
    let answer = ask(server.address(), "_worker_w1", "terminate").await;
    assert!(answer.unwrap().starts_with(b"{"));
    running.end().await;
}
