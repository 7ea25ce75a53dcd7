//! Whole clients against scripted servers, over pipes and with paused time.

mod peer;

use std::time::Duration;

use bytes::Bytes;
use gearman_net::{ConnectError, Connector};
use gearman_proto::{JobHandle, OptionName, Outcome, Request, Response, Update, Work, WorkEvent};
use tokio::time::Instant;

use peer::{Line, Peer, line};

use super::*;
use crate::connection::Connection;
use crate::{AskError, Client, FollowError, Job, JobError, NotSentReason, RunningJob, SubmitError};

const LIMIT: Duration = Duration::from_secs(10);

const SETTINGS: Settings = Settings {
    request_limit: LIMIT,
    body_limit: 1 << 20,
    exceptions: false,
};

fn client_of(lines: impl IntoIterator<Item = Line>, settings: &Settings) -> Client {
    let connections = lines
        .into_iter()
        .map(|line| Connection::spawn(line, settings.clone(), None));
    Client::new(
        connections.collect(),
        Connector::default(),
        settings.clone(),
    )
}

/// A client, and its server after the first connection.
async fn connected() -> (Client, Peer, peer::Plug) {
    let (line, plug) = line("one");
    let peer = plug.plug_in(64 << 10);
    (client_of([line], &SETTINGS), peer, plug)
}

fn job() -> Job {
    Job::new("f", "workload").unwrap()
}

fn handle(number: u32) -> JobHandle {
    JobHandle::new(format!("H:vm:{number}")).unwrap()
}

fn data(number: u32, part: &'static str) -> Response {
    let part = Bytes::from_static(part.as_bytes());
    Response::Work(Work::update(handle(number), Update::Data(part)))
}

fn complete(number: u32, result: &'static str) -> Response {
    let result = Bytes::from_static(result.as_bytes());
    Response::Work(Work::end(handle(number), Outcome::Complete(result)))
}

/// Submits a job in the foreground, which the server accepts.
async fn submit(client: &Client, peer: &mut Peer, number: u32) -> RunningJob {
    let accept = async {
        peer.receive_submission().await;
        peer.send(Response::JobCreated(handle(number))).await;
    };
    let (job, ()) = tokio::join!(client.submit(job()), accept);
    job.unwrap()
}

async fn echo_works(client: &Client, peer: &mut Peer) {
    let answer = async {
        let request = peer.receive().await;
        assert_eq!(request, Request::Echo("ping".into()));
        peer.send(Response::Echo("ping".into())).await;
    };
    let (echo, ()) = tokio::join!(client.echo("ping"), answer);
    assert_eq!(echo.unwrap(), "ping");
}

#[tokio::test(start_paused = true)]
async fn each_connection_asks_for_exceptions_first() {
    let (line, plug) = line("one");
    let settings = Settings {
        exceptions: true,
        ..SETTINGS
    };
    let client = client_of([line], &settings);
    for _ in 0..2 {
        let mut peer = plug.plug_in(1024);
        let answer = async {
            let option = OptionName::exceptions();
            assert_eq!(peer.receive().await, Request::SetOption(option));
            peer.send(Response::OptionSet(option)).await;
            assert_eq!(peer.receive().await, Request::Echo("x".into()));
            peer.send(Response::Echo("x".into())).await;
        };
        let (echo, ()) = tokio::join!(client.echo("x"), answer);
        assert_eq!(echo.unwrap(), "x");
        drop(peer);
        sleep(LIMIT).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_mute_server_is_left_after_the_request_limit_and_everybody_is_told() {
    let (client, mut peer, _plug) = connected().await;
    let running = submit(&client, &mut peer, 1).await;
    let begin = Instant::now();
    let (submitted, asked, followed) =
        tokio::join!(client.submit(job()), client.echo("x"), running.output());
    assert_eq!(begin.elapsed(), LIMIT);
    assert!(matches!(submitted, Err(SubmitError::OutcomeUnknown(lost)) if lost.timed_out()));
    assert!(matches!(asked, Err(AskError::ConnectionLost(lost)) if lost.timed_out()));
    assert!(matches!(followed, Err(JobError::OutcomeUnknown(lost)) if lost.timed_out()));
}

#[tokio::test(start_paused = true)]
async fn the_request_limit_counts_from_the_last_byte_that_moved() {
    let (client, mut peer, _plug) = connected().await;
    let slow = async {
        peer.receive_submission().await;
        for _ in 0..3 {
            sleep(LIMIT * 9 / 10).await;
            peer.send(Response::Noop).await;
        }
        peer.send(Response::JobCreated(handle(1))).await;
    };
    let (job, ()) = tokio::join!(client.submit(job()), slow);
    assert_eq!(*job.unwrap().address().handle(), handle(1));
}

#[tokio::test(start_paused = true)]
async fn a_job_may_take_longer_than_the_request_limit() {
    let (client, mut peer, _plug) = connected().await;
    let running = submit(&client, &mut peer, 1).await;
    sleep(LIMIT * 100).await;
    echo_works(&client, &mut peer).await;
    peer.send(complete(1, "done")).await;
    assert_eq!(running.await.unwrap(), "done");
}

#[tokio::test(start_paused = true)]
async fn a_mute_server_is_tried_after_the_others() {
    let ((one, plug_one), (two, plug_two)) = (line("one"), line("two"));
    let client = client_of([one, two], &SETTINGS);
    let _mute = plug_one.plug_in(1024);
    let mut good = plug_two.plug_in(1024);
    assert!(client.echo("x").await.is_err());
    let _still_mute = plug_one.plug_in(1024);
    echo_works(&client, &mut good).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_ends_what_it_carried_and_the_next_question_makes_a_new_one() {
    let (client, mut peer, plug) = connected().await;
    let mut running = submit(&client, &mut peer, 1).await;
    peer.send(data(1, "part")).await;
    let lose = async move {
        peer.receive_submission().await;
        drop(peer);
    };
    let (submitted, ()) = tokio::join!(client.submit(job()), lose);
    let error = submitted.unwrap_err();
    assert!(matches!(&error, SubmitError::OutcomeUnknown(_)), "{error}");
    assert!(error.to_string().contains("one:4730: "), "{error}");
    let part = Update::Data("part".into());
    assert_eq!(
        running.next().await.unwrap().unwrap(),
        WorkEvent::Update(part)
    );
    assert!(matches!(
        running.next().await,
        Some(Err(FollowError::OutcomeUnknown(_)))
    ));
    assert!(running.next().await.is_none());
    // Nothing is sent again: the first thing on the new connection is the new question.
    let mut peer = plug.plug_in(1024);
    echo_works(&client, &mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_written_whole_is_not_sent_for_certain() {
    let (line, plug) = line("one");
    let mut peer = plug.plug_in(256);
    let client = client_of([line], &SETTINGS);
    let large = Job::new("f", vec![0; 10_000]).unwrap();
    let lose = async move {
        peer.receive_submission().await;
        drop(peer);
        // And nobody answers from now on.
        drop(plug);
    };
    let (whole, part, none, ()) = tokio::join!(
        client.submit(job()),
        client.submit_background(large),
        client.run(job()),
        lose
    );
    assert!(matches!(whole, Err(SubmitError::OutcomeUnknown(_))));
    assert!(matches!(part, Err(SubmitError::NotSent(_))));
    let Err(JobError::NotSent(not_sent)) = none else {
        panic!("{none:?}")
    };
    assert!(matches!(not_sent.reasons(), [NotSentReason::Lost(_)]));
}

#[tokio::test(start_paused = true)]
async fn the_next_server_takes_over_and_the_error_names_all_that_were_tried() {
    let ((one, plug_one), (two, plug_two)) = (line("one"), line("two"));
    let client = client_of([one, two], &SETTINGS);
    drop(plug_one);
    let mut peer = plug_two.plug_in(1024);
    let running = submit(&client, &mut peer, 1).await;
    assert_eq!(running.address().to_string(), "two:4730/H:vm:1");
    drop((peer, plug_two));
    assert!(running.await.is_err());
    let error = client.submit(job()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "not sent: one:4730: no connection within 5s; two:4730: no connection within 5s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_lags_and_its_neighbour_does_not_notice() {
    let (client, mut peer, _plug) = connected().await;
    let mut slow = submit(&client, &mut peer, 1).await;
    let fast = submit(&client, &mut peer, 2).await;
    for _ in 0..1000 {
        peer.send(data(1, "x")).await;
    }
    peer.send(complete(1, "")).await;
    peer.send(complete(2, "fast")).await;
    assert_eq!(fast.await.unwrap(), "fast");
    for _ in 0..256 {
        assert!(slow.next().await.unwrap().is_ok());
    }
    assert!(matches!(slow.next().await, Some(Err(FollowError::Lagged))));
    assert!(slow.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_is_awake_takes_any_burst() {
    let (client, mut peer, _plug) = connected().await;
    let mut running = submit(&client, &mut peer, 1).await;
    let consume = tokio::spawn(async move {
        let mut count = 0;
        while let Some(event) = running.next().await {
            event.unwrap();
            count += 1;
        }
        count
    });
    let mut burst = vec![data(1, "x"); 1500];
    burst.push(complete(1, ""));
    peer.send_at_once(burst).await;
    assert_eq!(consume.await.unwrap(), 1501);
}

#[tokio::test(start_paused = true)]
async fn the_output_is_the_parts_and_the_result() {
    let (client, mut peer, _plug) = connected().await;
    let running = submit(&client, &mut peer, 1).await;
    let mut burst = vec![data(1, "x"); 1000];
    burst.push(complete(1, "end"));
    peer.send_at_once(burst).await;
    let output = running.await.unwrap();
    assert_eq!(output.len(), 1003);
    assert!(output.ends_with(b"xend"));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_does_not_disturb_another_follower_of_the_same_job() {
    let (client, mut peer, _plug) = connected().await;
    let first = submit(&client, &mut peer, 1).await;
    let second = submit(&client, &mut peer, 1).await;
    drop(first);
    for _ in 0..2 {
        peer.send(data(1, "a")).await;
    }
    for _ in 0..2 {
        peer.send(complete(1, "b")).await;
    }
    assert_eq!(second.await.unwrap(), "ab");
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_a_question_does_not_get_another_ones_answer() {
    let (client, mut peer, _plug) = connected().await;
    let patience = tokio::time::timeout(LIMIT / 2, client.echo("first"));
    assert!(patience.await.is_err());
    let answer = async {
        assert_eq!(peer.receive().await, Request::Echo("first".into()));
        assert_eq!(peer.receive().await, Request::Echo("second".into()));
        peer.send(Response::Echo("first".into())).await;
        peer.send(Response::Echo("second".into())).await;
    };
    let (second, ()) = tokio::join!(client.echo("second"), answer);
    assert_eq!(second.unwrap(), "second");
}

#[tokio::test(start_paused = true)]
async fn the_connection_is_closed_when_the_last_client_and_job_are_gone() {
    let (client, mut peer, _plug) = connected().await;
    let running = submit(&client, &mut peer, 1).await;
    drop(client);
    sleep(LIMIT).await;
    assert!(!peer.is_closed().await);
    drop(running);
    assert!(peer.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn no_task_is_left_when_a_client_is_dropped_while_it_connects() {
    let (line, plug) = line("one");
    let client = client_of([line], &SETTINGS);
    let patience = tokio::time::timeout(LIMIT, client.echo("x"));
    assert!(patience.await.is_err());
    assert!(!plug.is_abandoned());
    drop(client);
    sleep(Duration::from_millis(1)).await;
    assert!(plug.is_abandoned());
}

#[tokio::test(start_paused = true)]
async fn a_job_over_the_limit_is_refused_before_anything_is_sent() {
    let (client, mut peer, _plug) = connected().await;
    let large = Job::new("f", vec![0; 1 << 20]).unwrap();
    let error = client.submit(large).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a packet body of 1048579 bytes is over the limit of 1048576"
    );
    echo_works(&client, &mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_result_over_the_limit_is_the_error_of_its_job_and_the_connection_lives() {
    let settings = Settings {
        body_limit: 100,
        ..SETTINGS
    };
    let (line, plug) = line("one");
    let mut peer = plug.plug_in(1024);
    let client = client_of([line], &settings);
    let running = submit(&client, &mut peer, 1).await;
    let other = submit(&client, &mut peer, 2).await;
    let large = Outcome::Complete(vec![0; 200].into());
    peer.send(Response::Work(Work::end(handle(1), large))).await;
    peer.send(complete(2, "good")).await;
    assert!(matches!(
        running.await,
        Err(JobError::ResultTooLarge(oversized)) if oversized.limit == 100
    ));
    assert_eq!(other.await.unwrap(), "good");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_what_was_not_asked_is_left() {
    let (client, mut peer, _plug) = connected().await;
    let nonsense = async {
        peer.receive_submission().await;
        peer.send(Response::Echo("?".into())).await;
    };
    let (submitted, ()) = tokio::join!(client.submit(job()), nonsense);
    let error = submitted.unwrap_err().to_string();
    assert!(
        error.contains("ECHO_RES where JOB_CREATED was due"),
        "{error}"
    );
    assert!(peer.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn commands_wait_where_the_server_does_not_read() {
    let (line, plug) = line("one");
    let mut peer = plug.plug_in(1024);
    let connection = Connection::spawn(line, SETTINGS, None);
    let client = Client::new(vec![connection.clone()], Connector::default(), SETTINGS);
    const JOBS: usize = 3000;
    let workload = Bytes::from(vec![0; 8 << 10]);
    for _ in 0..JOBS {
        let client = client.clone();
        let job = Job::new("f", workload.clone()).unwrap();
        tokio::spawn(async move { client.submit_background(job).await });
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(connection.room(), 0);
    for _ in 0..JOBS {
        peer.receive_submission().await;
    }
    assert_eq!(connection.room(), COMMANDS_WAITING);
}

#[test]
fn all_futures_can_be_spawned() {
    fn sendable<T: Send>(_: &T) {}
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let (line, _plug) = line("one");
    let client = client_of([line], &SETTINGS);
    sendable(&client.submit(job()));
    sendable(&client.run(job()));
    sendable(&client.submit_background(job()));
    sendable(&client.echo(""));
    sendable(&Client::connect("localhost"));
}
