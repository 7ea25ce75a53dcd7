//! What went wrong in other Rust implementations (gearman 0.2.0: D1 to D17, rustygear 0.15.0: R1 to R11), and
//! must not go wrong in ours.
//!
//! | defect | kept away by |
//! |---|---|
//! | D1 a stop that hangs | [`a_drain_does_not_wait_for_a_connection_that_never_comes_about`]; faults: `a_drain_ends_though_...`, `a_mute_server_holds_neither_the_only_slot_nor_the_drain`; worker, connection: `a_mute_server_holds_no_slot_and_does_not_delay_the_end` |
//! | D2 a panic ends the worker | [`after_many_panics_every_slot_still_serves`]; worker, connection: `a_panic_fails_its_job_and_the_next_one_runs` |
//! | D3 a result over the limit leaves its job running | [`a_result_over_the_limit_ends_its_job_on_the_server`]; worker, connection: `a_result_over_the_limit_...`, `a_job_over_the_limit_...` |
//! | D4 an ERROR is taken for the answer to a grab | [`an_error_is_not_the_answer_to_a_grab`] |
//! | D5 removing a function loses its jobs, or is not heard | [`a_sleeping_workers_function_is_not_offered_once_it_is_removed`]; soak: `when_functions_come_and_go_meanwhile`; worker, every_interleaving: `a_worker_with_two_slots_removes_a_function` |
//! | D6 a question hangs while the server is down | client, driver: `a_mute_server_is_left_after_the_request_limit_and_everybody_is_told`; client, embedded_server: `a_server_that_stops_ends_its_jobs_and_is_then_unreachable` |
//! | D7 a client that failed to connect goes on in secret | [`a_client_that_could_not_connect_leaves_no_task`]; client, driver: `no_task_is_left_when_a_client_is_dropped_while_it_connects` |
//! | D8 a NUL in a name forges an argument | proto, names: `a_nul_would_forge_the_next_argument_and_is_refused`; client, job: `a_nul_in_a_name_never_becomes_a_job` |
//! | D9 a line end in a name forges a command | admin, argument: `no_byte_that_could_end_a_word_or_a_line_gets_in` |
//! | D10 one odd worker hides all others | admin, client: `a_row_that_makes_no_sense_is_an_error_of_that_row_only`; admin, row/worker: `an_id_may_be_odd` |
//! | D11 dropping a worker aborts its jobs | worker, handle: `dropping_the_future_of_run_drains` |
//! | D12 a time limit below 1 s is none | worker, handle: `a_job_that_passes_its_limit_fails_and_the_next_one_runs` |
//! | D13 the concurrency counts for each server | [`one_cap_and_one_connection_for_all_that_a_server_gives`]; worker, every_interleaving: `one_process_with_two_servers_and_one_slot` |
//! | D14 a WORK_FAIL with something behind its handle is not heard | client, session: `a_failure_whose_handle_carries_a_nul_ends_its_job`; proto, quirks: `text_behind_the_handle_of_a_work_fail_is_dropped` |
//! | D15 names must be text | [`a_function_may_have_any_name_of_bytes`]; proto, names: `names_need_not_be_text` |
//! | D16 no id, no jitter, nothing bounded | faults: `a_server_that_comes_back_knows_the_worker_by_id_and_functions_again`; net, backoff; client, driver: `commands_wait_where_the_server_does_not_read` |
//! | D17 memory for what was only announced | proto, allocations: `an_announcement_of_4_gib_asks_for_the_documented_128_kib_at_most` |
//! | R1 WORK_FAIL and WORK_STATUS are no requests | [`gearmand_takes_progress_and_failure`] |
//! | R2 after a panic jobs vanish | as D2 |
//! | R3 jobs are hoarded | [`a_worker_has_no_more_jobs_than_it_runs`] |
//! | R4 after a restart of the server the worker is a zombie | [`a_server_may_come_back_again_and_again`]; faults |
//! | R5 all servers must be up | faults: `a_server_that_is_down_at_the_start_joins_when_it_comes`; client, embedded_server: `the_first_server_that_is_up_is_used` |
//! | R6 a result that comes at once, a refusal or a lost connection is not heard | client, session: `a_job_that_ends_in_the_same_read_as_it_was_created_is_heard_of`, `a_refusal_goes_to_its_own_question_only`, `a_lost_connection_is_told_to_everybody_once_and_leaves_nothing` |
//! | R7 futures that can't be spawned | client, driver: `all_futures_can_be_spawned`; every worker of this crate's tests is spawned |
//! | R8 an unknown packet is a panic | [`an_unknown_packet_disturbs_nobody`] |
//! | R9 reading is quadratic | proto, allocations: `a_payload_of_1_mib_is_not_copied`; net, transport: `a_packet_larger_than_what_is_read_at_once_arrives` |
//! | R10 each job leaves something behind | client, session_against_broker: `everybody_hears_all_that_is_his_once_and_nothing_is_left` |
//! | R11 the server loses the job of a worker that dies | server, broker/disconnecting: `a_lost_worker_requeues_its_job_and_the_client_is_not_told` |

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod hand;
mod played;

use std::net::Ipv4Addr;

use gearman_client::{
    Client, FunctionName, Job as ClientJob, JobError, Outcome, Update, WorkEvent,
};
use gearman_conformance::Gearmand;
use gearman_worker::{Job, JobError as Failure};
use hand::{
    FOR_EVER, Gate, Running, SHORT, ask, echo, jobs, offering, soon, submit, wait_until, worker,
};
use played::{ERROR, JOB_ASSIGN, NO_JOB, PRE_SLEEP, Played, WORK_COMPLETE};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// D1: the attempt to connect was not given up when the worker was told to stop.
#[tokio::test]
async fn a_drain_does_not_wait_for_a_connection_that_never_comes_about() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Once its queue is full it does not even refuse.
    let mut queue = Vec::new();
    while let Ok(stream) = timeout(SHORT, TcpStream::connect(address)).await {
        queue.push(stream.unwrap());
    }
    let builder = worker(address).connect_limit(FOR_EVER).id("w1");
    let running = Running::start(builder.function("echo", echo));
    running.drain().await;
}

/// D2, R2: a panic ended a loop for good, or left one that grabs jobs and drops them.
#[tokio::test]
async fn after_many_panics_every_slot_still_serves() {
    let server = Gearmand::start(&[]).await;
    let gate = Gate::new();
    let builder = worker(server.address()).concurrency(4);
    let builder = builder.function("gate", gate.clone());
    let running = Running::start_up(builder.function("panic", async |job: Job| {
        assert_ne!(job.workload(), "bad", "a bad job");
        Ok("")
    }))
    .await;
    for _ in 0..20 {
        let outcome = ask(server.address(), "panic", "bad").await;
        assert!(matches!(outcome, Err(JobError::Failed)), "{outcome:?}");
    }
    for number in 0..4 {
        submit(server.address(), "gate", &number.to_string()).await;
    }
    gate.has_begun(4).await;
    gate.let_go(4);
    let report = running.drain().await;
    assert_eq!((report.completed, report.failed), (4, 20));
}

/// D3: the error of the encoder was dropped, and with it the end of the job.
#[tokio::test]
async fn a_result_over_the_limit_ends_its_job_on_the_server() {
    let server = Gearmand::start(&[]).await;
    let builder = worker(server.address()).body_limit(10_000);
    let large = async |_: Job| Ok(vec![b'x'; 20_000]);
    let _running = Running::start_up(builder.function("large", large)).await;
    let outcome = ask(server.address(), "large", "").await;
    assert!(matches!(outcome, Err(JobError::Failed)), "{outcome:?}");
    assert_eq!(jobs(server.address(), "large").await, (0, 0));
}

/// D4: an ERROR, the answer to a late WORK_COMPLETE, say, made the worker grab once more, and from then on it held
/// a job that it did not read.
#[tokio::test]
async fn an_error_is_not_the_answer_to_a_grab() {
    let mut server = Played::new().await;
    let builder = worker(server.address()).read_limit(FOR_EVER);
    let _running = Running::start(builder.function("echo", echo));
    server.greet().await;
    server.expect_grab().await;
    let error = b"JOB_NOT_FOUND\0Job given in work result not found";
    for number in ["H:1", "H:2", "H:3"] {
        server.say(ERROR, error).await;
        let job = format!("{number}\0echo\0hello");
        server.say(JOB_ASSIGN, job.as_bytes()).await;
        let result = format!("{number}\0hello");
        assert_eq!(server.next().await, (WORK_COMPLETE, result.into_bytes()));
        server.expect_grab().await;
    }
    server.say(ERROR, error).await;
    server.say(NO_JOB, b"").await;
    assert_eq!(server.next().await.0, PRE_SLEEP);
}

/// D5: the server heard of it when the worker was woken next, and until then sent jobs that failed.
#[tokio::test]
async fn a_sleeping_workers_function_is_not_offered_once_it_is_removed() {
    let server = Gearmand::start(&[]).await;
    let builder = worker(server.address()).safety_poll(FOR_EVER);
    let builder = builder.function("echo", echo).function("old", echo);
    let running = Running::start_up(builder).await;
    assert_eq!(
        ask(server.address(), "old", "hello").await.unwrap(),
        "hello"
    );
    let old = FunctionName::new("old").unwrap();
    soon(running.handle.remove_function(old)).await.unwrap();
    assert_eq!(offering(server.address(), "old").await, [""; 0]);
    submit(server.address(), "old", "1").await;
    assert_eq!(
        ask(server.address(), "echo", "hello").await.unwrap(),
        "hello"
    );
    assert_eq!(jobs(server.address(), "old").await, (1, 0));
    assert_eq!(running.drain().await.failed, 0);
}

/// D7: it tried on for ever, and connected when nobody wanted it any more.
#[tokio::test]
async fn a_client_that_could_not_connect_leaves_no_task() {
    let mut server = Gearmand::start(&[]).await;
    server.kill().await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for _ in 0..3 {
        Client::connect(server.address()).await.unwrap_err();
    }
    assert_eq!(tasks(), before);
}

/// D13: two servers made twice as many jobs at once, on as many connections as jobs.
#[tokio::test]
async fn one_cap_and_one_connection_for_all_that_a_server_gives() {
    let servers = [Gearmand::start(&[]).await, Gearmand::start(&[]).await];
    let gate = Gate::new();
    let builder = worker(servers[0].address()).server(servers[1].servers());
    let running = Running::start(builder.concurrency(3).function("gate", gate.clone()));
    running.servers_up(2).await;
    for server in &servers {
        for number in 0..5 {
            submit(server.address(), "gate", &number.to_string()).await;
        }
    }
    for begun in 3..=10 {
        gate.has_begun(begun).await;
        let mut taken = 0;
        for server in &servers {
            taken += jobs(server.address(), "gate").await.1;
            assert_eq!(offering(server.address(), "gate").await.len(), 1);
        }
        // Between the end of one job and the begin of the next one there may be fewer.
        assert!(taken <= 3, "{taken} jobs are taken");
        gate.let_go(1);
    }
    gate.let_go(2);
    assert_eq!(running.drain().await.completed, 10);
}

/// D15: a function whose name is no UTF-8 became the function with the empty name, which nobody has.
#[tokio::test]
async fn a_function_may_have_any_name_of_bytes() {
    let server = Gearmand::start(&[]).await;
    let name = [0xff, b' ', 0x80, b'\n'];
    let builder = worker(server.address()).function(name, echo);
    let _running = Running::start_up(builder).await;
    let client = Client::connect(server.address()).await.unwrap();
    let job = ClientJob::of(FunctionName::new(name).unwrap(), "hello");
    assert_eq!(client.run(job).await.unwrap(), "hello");
}

/// R1: they were sent with the magic of a response. gearmand refused them, and the job ran for ever.
#[tokio::test]
async fn gearmand_takes_progress_and_failure() {
    let server = Gearmand::start(&[]).await;
    let halfway = async |job: Job| {
        job.progress(1, 2).await?;
        Err::<Vec<u8>, _>(Failure::fail())
    };
    let _running = Running::start_up(worker(server.address()).function("fail", halfway)).await;
    let client = Client::connect(server.address()).await.unwrap();
    let job = ClientJob::new("fail", "").unwrap();
    let mut job = client.submit(job).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = job.next().await {
        events.push(event.unwrap());
    }
    let [
        WorkEvent::Update(Update::Status(progress)),
        WorkEvent::End(Outcome::Fail),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert!(format!("{progress:?}").contains('2'), "{progress:?}");
    assert_eq!(jobs(server.address(), "fail").await, (0, 0));
}

/// R3: it took all that was there, ran one, and lost the others when it left.
#[tokio::test]
async fn a_worker_has_no_more_jobs_than_it_runs() {
    let server = Gearmand::start(&[]).await;
    let gate = Gate::new();
    for number in 0..100 {
        submit(server.address(), "gate", &number.to_string()).await;
    }
    let builder = worker(server.address()).concurrency(2);
    let running = Running::start_up(builder.function("gate", gate.clone())).await;
    gate.has_begun(2).await;
    assert_eq!(jobs(server.address(), "gate").await, (100, 2));
    running.handle.drain();
    gate.let_go(100);
    // How many it had begun when it heard that it should leave is chance.
    let left = 100 - running.end().await.completed;
    assert_eq!(jobs(server.address(), "gate").await, (left, 0));
}

/// R4: after the first restart it said nothing to the server, after the second it was not even there.
#[tokio::test]
async fn a_server_may_come_back_again_and_again() {
    let mut server = Gearmand::start(&[]).await;
    let running = Running::start_up(worker(server.address()).function("echo", echo)).await;
    for _ in 0..3 {
        server.kill().await;
        running.servers_up(0).await;
        server.restart().await;
        let result = ask(server.address(), "echo", "hello").await;
        assert_eq!(result.unwrap(), "hello");
    }
}

/// R8: it was a panic where packets are logged.
#[tokio::test]
async fn an_unknown_packet_disturbs_nobody() {
    let mut server = Played::new().await;
    let builder = worker(server.address()).read_limit(FOR_EVER);
    let running = Running::start(builder.function("echo", echo));
    server.greet().await;
    server.expect_grab().await;
    for kind in [0, 5, 43, 99, u32::MAX] {
        server.say(kind, b"what is this?").await;
    }
    server.say(JOB_ASSIGN, b"H:1\0echo\0hello").await;
    assert_eq!(server.next().await, (WORK_COMPLETE, b"H:1\0hello".to_vec()));
    wait_until("it runs nothing", async || {
        running.handle.stats().running == 0
    })
    .await;
}
