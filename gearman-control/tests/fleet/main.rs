//! `Fleet` against the embedded job server and workers that the test plays.

#![allow(clippy::unwrap_used, reason = "a failure in a test is the point")]

use std::time::{Duration, SystemTime};

use gearman_control::fleet::{Event, Fleet, FleetError, Termination, Which, WhyLeft};
use gearman_control::{Command, Pong, Secret, Verifier, WorkerId, unix_seconds};
use gearman_net::Endpoint;
use gearman_server::EmbeddedServer;
use tokio::time::timeout;

mod played;

use played::{PATIENCE, PlayedWorker};

async fn start() -> EmbeddedServer {
    EmbeddedServer::start().await.unwrap()
}

fn fleet_of<'a>(servers: impl IntoIterator<Item = &'a EmbeddedServer>) -> Fleet {
    let endpoints = servers
        .into_iter()
        .map(|server| Endpoint::from(server.local_addr()));
    Fleet::new(endpoints)
}

fn id(id: &str) -> WorkerId {
    WorkerId::new(id).unwrap()
}

fn ids(names: &[&str]) -> Which {
    Which::Ids(names.iter().copied().map(id).collect())
}

/// The next event in short; reminders are passed over.
async fn next(termination: &mut Termination) -> String {
    loop {
        let event = timeout(PATIENCE, termination.next_event())
            .await
            .expect("something happens");
        return match event {
            None => "end".to_owned(),
            Some(Event::Waiting(_)) => continue,
            Some(Event::Up(id)) => format!("UP {id}"),
            Some(Event::Down(id)) => format!("DOWN {id}"),
            Some(Event::Terminating { id, left: None }) => format!("TERM {id}"),
            Some(Event::Terminating {
                id,
                left: Some(left),
            }) => format!("TERM {id}, {left} left"),
            Some(Event::Unanswered(id)) => format!("unanswered: {id}"),
            Some(Event::Refused { id, reason }) => format!("{id} refuses: {reason}"),
            Some(Event::OrderLost { id, .. }) => format!("order lost: {id}"),
            Some(Event::ServerLost(_)) => "server lost".to_owned(),
            Some(Event::TimedOut(_)) => "time is over".to_owned(),
            Some(other) => format!("{other:?}"),
        };
    }
}

/// For as long as the servers are looked at several times, nothing is said.
async fn says_nothing(termination: &mut Termination) {
    let silence = timeout(Duration::from_millis(500), termination.next_event()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test]
async fn a_worker_finishes_its_jobs_and_is_down_when_its_connection_has_left() {
    let server = start().await;
    let mut worker = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]);
    let mut termination = fleet.terminate(ids(&["web-1"]), None).await.unwrap();
    assert_eq!(next(&mut termination).await, "UP web-1");

    worker.answer_ping().await;
    let order = worker.take_order().await;
    worker.has_finished(&order, 0, 2).await;
    assert_eq!(next(&mut termination).await, "TERM web-1, 2 left");
    worker.has_finished(&order, 1, 2).await;
    assert_eq!(next(&mut termination).await, "TERM web-1, 1 left");
    worker.complete_order(&order).await;
    says_nothing(&mut termination).await;
    assert_eq!(
        termination.summary().left[&id("web-1")],
        WhyLeft::StillThere
    );

    drop(worker);
    assert_eq!(next(&mut termination).await, "DOWN web-1");
    assert_eq!(next(&mut termination).await, "end");
    assert!(termination.summary().is_all_down());
    assert_eq!(termination.summary().down, [id("web-1")]);
}

#[tokio::test]
async fn a_worker_that_does_not_know_ping_gets_the_plain_order() {
    let server = start().await;
    let mut worker = PlayedWorker::connect_without_id(&server, "test4").await;
    let mut termination = fleet_of([&server])
        .terminate(Which::All, None)
        .await
        .unwrap();
    assert_eq!(next(&mut termination).await, "UP test4");

    // Anything but `terminate` is ignored and counts as done, says the script of 2013.
    let ping = worker.next_told().await;
    worker.complete(&ping, b"").await;
    assert_eq!(next(&mut termination).await, "unanswered: test4");
    let order = worker.next_told().await;
    assert_eq!(order.line, "terminate");
    worker.complete(&order, b"").await;
    assert_eq!(next(&mut termination).await, "TERM test4");
    says_nothing(&mut termination).await;
    drop(worker);
    assert_eq!(next(&mut termination).await, "DOWN test4");
    assert!(termination.finish().await.is_all_down());
}

#[tokio::test]
async fn a_worker_that_is_busy_and_can_not_answer_gets_the_plain_order() {
    let server = start().await;
    let mut worker = PlayedWorker::connect_without_id(&server, "test4").await;
    let mut termination = fleet_of([&server])
        .terminate(Which::All, None)
        .await
        .unwrap();
    assert_eq!(next(&mut termination).await, "UP test4");
    assert_eq!(next(&mut termination).await, "unanswered: test4");
    assert_eq!(worker.next_told().await.line, "ping");
    assert_eq!(worker.next_told().await.line, "terminate");
    drop(worker);
    assert_eq!(next(&mut termination).await, "DOWN test4");
}

#[tokio::test]
async fn when_one_id_is_unknown_nobody_is_told_anything() {
    let server = start().await;
    let mut worker = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]);
    let error = fleet.terminate(ids(&["web-1", "web-2"]), None).await;
    let error = error.unwrap_err();
    assert!(matches!(&error, FleetError::NoSuchWorker { ids, .. } if *ids == [id("web-2")]));
    assert_eq!(error.to_string(), "no connected worker is called web-2");
    assert!(worker.is_told_nothing().await);
}

#[tokio::test]
async fn a_worker_that_has_left_is_unknown_though_its_function_is_listed_for_ever() {
    let server = start().await;
    let fleet = fleet_of([&server]);
    let worker = PlayedWorker::connect(&server, "web-1").await;
    assert_eq!(fleet.workers().await.unwrap().workers.len(), 1);
    drop(worker);
    timeout(PATIENCE, async {
        while !fleet.workers().await.unwrap().workers.is_empty() {}
    })
    .await
    .unwrap();
    assert!(fleet.terminate(ids(&["web-1"]), None).await.is_err());
    let everybody = fleet.terminate(Which::All, None).await.unwrap();
    assert!(everybody.finish().await.is_all_down());
}

#[tokio::test]
async fn a_successor_is_not_told_to_stop() {
    let server = start().await;
    let mut old = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]);
    let mut termination = fleet.terminate(ids(&["web-1"]), None).await.unwrap();
    old.answer_ping().await;
    let order = old.take_order().await;
    let mut successor = PlayedWorker::connect(&server, "web-1").await;
    old.complete_order(&order).await;
    drop(old);
    assert_eq!(next(&mut termination).await, "UP web-1");
    assert_eq!(next(&mut termination).await, "TERM web-1, 0 left");
    successor.answer_ping().await;
    assert_eq!(next(&mut termination).await, "DOWN web-1");
    assert_eq!(next(&mut termination).await, "end");
    assert!(successor.is_told_nothing().await);
}

#[tokio::test]
async fn a_worker_that_dies_with_its_order_is_down_and_its_successor_lives() {
    let server = start().await;
    let mut old = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]);
    let mut termination = fleet.terminate(ids(&["web-1"]), None).await.unwrap();
    old.answer_ping().await;
    let order = old.take_order().await;
    old.has_finished(&order, 0, 1).await;
    let mut successor = PlayedWorker::connect(&server, "web-1").await;
    drop(old);
    let order = successor.next_told().await;
    assert!(order.line.starts_with("terminate incarnation="));
    successor.refuse(&order).await;
    successor.answer_ping().await;
    assert_eq!(next(&mut termination).await, "UP web-1");
    assert_eq!(next(&mut termination).await, "TERM web-1, 1 left");
    assert_eq!(next(&mut termination).await, "DOWN web-1");
    assert_eq!(next(&mut termination).await, "end");
    assert!(successor.is_told_nothing().await);
}

#[tokio::test]
async fn who_fails_the_order_is_named_with_its_reason() {
    let server = start().await;
    let mut worker = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]);
    let mut termination = fleet.terminate(Which::All, None).await.unwrap();
    worker.answer_ping().await;
    let order = worker.take_order().await;
    worker.fail(&order, "only signed orders, please").await;
    worker.answer_ping().await;
    assert_eq!(next(&mut termination).await, "UP web-1");
    assert_eq!(
        next(&mut termination).await,
        "web-1 refuses: only signed orders, please"
    );
    assert_eq!(next(&mut termination).await, "end");
    assert!(!termination.summary().is_all_down());
}

#[tokio::test]
async fn workers_are_found_on_all_servers_and_one_order_is_enough() {
    let (first, second) = (start().await, start().await);
    let mut here = PlayedWorker::connect(&first, "web-1").await;
    let mut there = PlayedWorker::connect(&second, "web-1").await;
    let mut other = PlayedWorker::connect(&second, "web-2").await;
    let fleet = fleet_of([&first, &second]);
    let census = fleet.workers().await.unwrap();
    let seen: Vec<_> = census
        .workers
        .iter()
        .map(|seen| (seen.id.as_str(), seen.server.port(), seen.connections))
        .collect();
    let (first_port, second_port) = (first.local_addr().port(), second.local_addr().port());
    assert_eq!(
        seen,
        [
            ("web-1", first_port, 1),
            ("web-1", second_port, 1),
            ("web-2", second_port, 1)
        ]
    );

    let only_web_1 = Which::matching(|id| id.as_str().ends_with('1'));
    let mut termination = fleet.terminate(only_web_1, None).await.unwrap();
    assert_eq!(next(&mut termination).await, "UP web-1");
    here.answer_ping().await;
    let order = here.take_order().await;
    here.complete_order(&order).await;
    assert_eq!(next(&mut termination).await, "TERM web-1, 0 left");
    assert!(there.is_told_nothing().await);
    drop(here);
    says_nothing(&mut termination).await;
    drop(there);
    assert_eq!(next(&mut termination).await, "DOWN web-1");
    assert_eq!(next(&mut termination).await, "end");
    assert!(other.is_told_nothing().await);
}

#[tokio::test]
async fn where_one_server_fails_the_order_goes_through_the_next() {
    let (first, second) = (start().await, start().await);
    let mut here = PlayedWorker::connect(&first, "web-1").await;
    let mut there = PlayedWorker::connect(&second, "web-1").await;
    // Told apart by nobody: two connections of one process.
    there.incarnation = here.incarnation;
    let fleet = fleet_of([&first, &second]);
    let mut termination = fleet.terminate(Which::All, None).await.unwrap();
    assert_eq!(next(&mut termination).await, "UP web-1");
    here.answer_ping().await;
    let _order = here.take_order().await;
    first.shut_down().await;
    let order = there.take_order().await;
    there.complete_order(&order).await;
    drop(there);
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(next(&mut termination).await);
    }
    said.sort_unstable();
    assert_eq!(said, ["DOWN web-1", "TERM web-1, 0 left", "server lost"]);
    assert_eq!(next(&mut termination).await, "end");
}

#[tokio::test]
async fn a_server_that_can_not_be_reached_is_named_and_the_others_are_asked() {
    let (server, gone) = (start().await, start().await);
    let fleet = fleet_of([&server, &gone]);
    gone.shut_down().await;
    let census = fleet.workers().await.unwrap();
    assert!(census.workers.is_empty());
    assert_eq!(census.unasked.len(), 1);
    let error = fleet.terminate(ids(&["web-1"]), None).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no connected worker is called web-1; 127.0.0.1:"),
        "{error}"
    );
    server.shut_down().await;
    assert!(
        matches!(fleet.workers().await, Err(FleetError::NoServer(unasked)) if unasked.len() == 2)
    );
}

#[tokio::test]
async fn when_the_time_is_over_it_is_said_who_is_left() {
    let server = start().await;
    let mut worker = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]);
    let limit = Duration::from_millis(500);
    let mut termination = fleet.terminate(Which::All, Some(limit)).await.unwrap();
    worker.answer_ping().await;
    assert_eq!(next(&mut termination).await, "UP web-1");
    assert_eq!(next(&mut termination).await, "time is over");
    let summary = termination.finish().await;
    assert!(summary.timed_out && !summary.is_all_down());
}

#[tokio::test]
async fn an_order_that_nobody_has_taken_vanishes_when_the_termination_is_dropped() {
    let server = start().await;
    let mut worker = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]);
    let mut termination = fleet.terminate(Which::All, None).await.unwrap();
    assert_eq!(next(&mut termination).await, "UP web-1");
    worker.answer_ping().await;
    let look = |wanted: fn(usize, bool) -> bool| {
        let server = &server;
        timeout(PATIENCE, async move {
            loop {
                let snapshot = server.inspect(|broker| broker.snapshot()).await.unwrap();
                let is_abandoned = snapshot.jobs.iter().all(|job| job.abandoned);
                if wanted(snapshot.jobs.len(), is_abandoned) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        })
    };
    look(|jobs, _| jobs == 1)
        .await
        .expect("the order is queued");
    drop(termination);
    look(|_, is_abandoned| is_abandoned)
        .await
        .expect("it is withdrawn");
    assert!(worker.is_told_nothing().await);
}

fn secret() -> Secret {
    Secret::new("correct horse battery staple").unwrap()
}

#[tokio::test]
async fn a_fleet_with_a_secret_signs_what_it_says() {
    let server = start().await;
    let mut worker = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]).secret(secret());
    let termination = fleet.terminate(Which::All, None).await.unwrap();
    let now = unix_seconds(SystemTime::now());
    let mut verifier = Verifier::new(secret(), id("web-1"), worker.incarnation, now - 1);
    let mut verify = |told: &played::Told| verifier.verify(told.line.as_bytes(), now).unwrap();

    let ping = worker.next_told().await;
    assert_eq!(verify(&ping), Command::Ping);
    let pong = Pong::new(id("web-1"), worker.incarnation, "running");
    worker.complete(&ping, &pong.to_json()).await;

    let order = worker.next_told().await;
    let incarnation = Some(worker.incarnation);
    assert_eq!(verify(&order), Command::Terminate { incarnation });
    worker.complete_order(&order).await;
    drop(worker);
    assert!(termination.finish().await.is_all_down());
}

#[tokio::test]
async fn no_order_is_given_without_a_signature_where_there_is_a_secret() {
    let server = start().await;
    let mut worker = PlayedWorker::connect(&server, "web-1").await;
    let fleet = fleet_of([&server]).secret(secret());
    let mut termination = fleet.terminate(Which::All, None).await.unwrap();
    let ping = worker.next_told().await;
    assert!(ping.line.starts_with("v1 "), "{}", ping.line);
    worker.fail(&ping, "unknown command").await;
    assert_eq!(next(&mut termination).await, "UP web-1");
    let refused = next(&mut termination).await;
    assert!(refused.starts_with("web-1 refuses: "), "{refused}");
    assert!(refused.contains("unknown command"), "{refused}");
    assert_eq!(next(&mut termination).await, "end");
    assert!(worker.is_told_nothing().await);
}
