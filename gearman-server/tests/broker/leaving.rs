//! Rules for leaving, quiet, removal and cancel: L1 to L12 of the protocol's chapter 2.5, as far as they
//! are the server's.

use gearman_proto::{Request, Response, Work};
use gearman_server::BrokerOptions;

use crate::world::{World, error, failed, function};

fn one_at_a_time() -> World {
    World::with(BrokerOptions::default().worker_wakeup(1))
}

#[test]
fn a_last_grab_before_reset_leaves_the_next_job_to_somebody_else() {
    let mut world = one_at_a_time();
    let (leaver, other, client) = (
        world.sleeper(&["f"]),
        world.sleeper(&["f"]),
        world.connect(),
    );
    assert_eq!(world.grab(leaver), None);
    world.background(client, "f");
    world.nothing(leaver);
    world.woken(other);
}

#[test]
fn reset_requeues_what_is_held_and_closing_adds_no_second_retry() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.background(client, "f");
    assert_eq!(world.grab(worker), Some(handle));
    world.send(worker, Request::ResetAbilities);
    world.disconnect(worker);
    assert_eq!(world.broker.retries(&handle), Some(1));
    assert_eq!((world.queued("f"), world.running("f")), (1, 0));
}

#[test]
fn a_sleeper_that_resets_is_told_of_its_own_job() {
    let mut world = one_at_a_time();
    let (holder, client) = (world.worker(&["f"]), world.connect());
    world.background(client, "f");
    assert!(world.grab(holder).is_some());
    world.pre_sleep(holder);
    let other = world.sleeper(&["f"]);
    world.send(holder, Request::ResetAbilities);
    world.woken(holder);
    world.nothing(other);
}

#[test]
fn a_sleeper_that_dies_is_not_told_of_its_own_job() {
    let mut world = one_at_a_time();
    let (holder, client) = (world.worker(&["f"]), world.connect());
    world.background(client, "f");
    assert!(world.grab(holder).is_some());
    world.pre_sleep(holder);
    let other = world.sleeper(&["f"]);
    world.disconnect(holder);
    world.woken(other);
}

#[test]
fn with_one_attempt_a_handed_back_job_fails() {
    let mut world = World::with(BrokerOptions::default().job_retries(1));
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    world.send(worker, Request::ResetAbilities);
    assert_eq!(world.next(client), failed(handle));
    assert_eq!(world.queued("f"), 0);
}

#[test]
fn requeued_jobs_go_to_the_tail_in_reverse_order_of_their_grabs() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let [a, b, c] = [(); 3].map(|()| world.background(client, "f"));
    assert_eq!(world.grab(worker), Some(a));
    assert_eq!(world.grab(worker), Some(b));
    world.disconnect(worker);
    let other = world.worker(&["f"]);
    let order = [(); 3].map(|()| world.grab(other));
    assert_eq!(order, [Some(c), Some(b), Some(a)]);
}

#[test]
fn cant_do_requeues_the_jobs_of_its_function_only() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f", "g"]), world.connect());
    let (f, g) = (world.background(client, "f"), world.background(client, "g"));
    assert_eq!((world.grab(worker), world.grab(worker)), (Some(g), Some(f)));
    world.send(worker, Request::CantDo(function("g")));
    assert_eq!(world.broker.retries(&g), Some(1));
    assert_eq!(world.broker.retries(&f), Some(0));
    world.complete(worker, g);
    let refusal = error("JOB_NOT_FOUND", "Job given in work result not found");
    assert_eq!(world.next(worker), refusal);
    world.complete(worker, f);
    world.nothing(worker);
}

#[test]
fn cant_do_takes_back_every_registration_of_the_name() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f", "f"]), world.connect());
    world.send(worker, Request::CantDo(function("f")));
    world.background(client, "f");
    assert_eq!(world.grab(worker), None);
}

#[test]
fn cant_do_of_a_function_that_nobody_knows_is_ignored() {
    let mut world = World::new();
    let worker = world.worker(&["f"]);
    world.send(worker, Request::CantDo(function("g")));
    world.nothing(worker);
    assert_eq!(world.command(worker, "status"), "f\t0\t0\t1\n.\n");
}

#[test]
fn a_job_may_follow_a_no_job_when_grabs_are_pipelined() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    assert_eq!(world.grab(worker), None);
    let handle = world.background(client, "f");
    assert_eq!(world.grab(worker), Some(handle));
}

#[test]
fn grab_pre_sleep_grab_ends_awake() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f"]), world.connect());
    assert_eq!(world.grab(worker), None);
    world.background(client, "f");
    world.nothing(worker);
}

#[test]
fn nothing_comes_to_a_connection_without_abilities() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    world.send(worker, Request::ResetAbilities);
    world.background(client, "f");
    assert_eq!(world.grab(worker), None);
    assert_eq!(world.command(client, "status"), "f\t1\t0\t0\n.\n");
}

#[test]
fn a_background_job_outlives_its_worker_and_reaches_the_next() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["_worker_x"]), world.connect());
    let handle = world.background(client, "_worker_x");
    world.disconnect(client);
    assert_eq!(world.grab(worker), Some(handle));
    world.disconnect(worker);
    let successor = world.worker(&["_worker_x"]);
    assert_eq!(world.grab(successor), Some(handle));
}

#[test]
fn warning_then_fail_reaches_everybody_without_an_error() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    let warning = gearman_proto::Update::Warning("panicked".into());
    world.update(worker, handle, warning.clone());
    world.end(worker, handle, gearman_proto::Outcome::Fail);
    let expected = Response::Work(Work::update(handle, warning));
    assert_eq!(world.next(client), expected);
    assert_eq!(world.next(client), failed(handle));
    world.nothing(worker);
}
