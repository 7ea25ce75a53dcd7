//! Epoch jobs and CAN_DO_TIMEOUT.

use std::time::Duration;

use gearman_proto::Request;
use gearman_server::{BrokerOptions, ConnectionId};

use crate::world::{World, completed, epoch, error, failed, function, job};

fn at(world: &mut World, milliseconds: u64) {
    world
        .broker
        .advance_clock(Duration::from_millis(milliseconds));
    world.collect();
}

fn worker_with_limit(world: &mut World, milliseconds: u32) -> ConnectionId {
    let worker = world.connect();
    world.send(worker, Request::CanDoTimeout(function("f"), milliseconds));
    worker
}

#[test]
fn an_epoch_job_waits_for_its_time_and_counts_as_queued() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    at(&mut world, 99_000);
    let handle = world.submit(client, epoch("f", 100));
    assert_eq!(world.broker.next_alarm(), Some(Duration::from_secs(100)));
    assert_eq!(world.queued("f"), 1);
    assert_eq!(world.command(client, "status"), "f\t1\t0\t1\n.\n");
    assert_eq!(
        world.command(client, "prioritystatus"),
        "f\t0\t1\t0\t1\n.\n"
    );
    assert_eq!(world.grab(worker), None);
    at(&mut world, 99_999);
    assert_eq!(world.grab(worker), None);
    at(&mut world, 100_000);
    assert_eq!(world.broker.next_alarm(), None);
    assert_eq!(world.grab(worker), Some(handle));
}

#[test]
fn an_epoch_job_of_the_past_runs_at_once() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    at(&mut world, 100_000);
    for second in [0, 99, 100] {
        let handle = world.submit(client, epoch("f", second));
        assert_eq!(world.grab(worker), Some(handle));
    }
}

#[test]
fn epoch_jobs_become_runnable_in_the_order_of_their_times() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let [c, a, b] = [3, 1, 2].map(|second| world.submit(client, epoch("f", second)));
    at(&mut world, 10_000);
    assert_eq!(
        [(); 3].map(|()| world.grab(worker)),
        [Some(a), Some(b), Some(c)]
    );
}

#[test]
fn an_epoch_job_outlives_its_client_and_does_not_hold_up_others() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let later = world.submit(client, epoch("f", 100));
    let now = world.background(client, "f");
    world.disconnect(client);
    assert_eq!(world.grab(worker), Some(now));
    at(&mut world, 100_000);
    assert_eq!(world.grab(worker), Some(later));
}

#[test]
fn a_client_may_join_an_epoch_job_in_the_foreground() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let unique = crate::world::unique("u");
    let handle = world.submit(client, epoch("f", 100).with_unique(unique));
    assert_eq!(world.submit(client, job("f").with_unique(unique)), handle);
    at(&mut world, 100_000);
    world.grab(worker);
    world.complete(worker, handle);
    assert_eq!(world.next(client), completed(handle));
}

#[test]
fn the_clock_never_goes_back() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    at(&mut world, 100_000);
    at(&mut world, 0);
    world.submit(client, epoch("f", 100));
    assert!(world.grab(worker).is_some());
}

#[test]
fn a_job_held_past_its_limit_is_requeued_as_if_its_worker_had_died() {
    let mut world = World::new();
    let (worker, client) = (worker_with_limit(&mut world, 2_000), world.connect());
    let handle = world.foreground(client, "f");
    assert_eq!(world.grab(worker), Some(handle));
    at(&mut world, 1_999);
    assert_eq!(world.running("f"), 1);
    at(&mut world, 2_000);
    assert_eq!(world.broker.retries(&handle), Some(1));
    world.nothing(worker);
    world.complete(worker, handle);
    assert_eq!(
        world.next(worker),
        error("JOB_NOT_FOUND", "Job given in work result not found")
    );
    assert_eq!(world.grab(worker), Some(handle));
    world.complete(worker, handle);
    assert_eq!(world.next(client), completed(handle));
}

#[test]
fn running_out_of_time_counts_as_an_attempt() {
    let mut world = World::with(BrokerOptions::default().job_retries(1));
    let (worker, client) = (worker_with_limit(&mut world, 1), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    at(&mut world, 999);
    world.nothing(client);
    at(&mut world, 1_000);
    assert_eq!(world.next(client), failed(handle));
}

#[test]
fn a_job_that_ended_in_time_leaves_no_alarm() {
    let mut world = World::new();
    let (worker, client) = (worker_with_limit(&mut world, 1_000), world.connect());
    for _ in 0..2 {
        let handle = world.background(client, "f");
        world.grab(worker);
        world.complete(worker, handle);
        assert_eq!(world.broker.next_alarm(), None);
    }
}

#[test]
fn each_held_job_has_its_own_limit() {
    let mut world = World::new();
    let (worker, client) = (worker_with_limit(&mut world, 1_000), world.connect());
    let first = world.background(client, "f");
    let second = world.background(client, "f");
    world.grab(worker);
    at(&mut world, 500);
    world.grab(worker);
    at(&mut world, 1_000);
    assert_eq!(world.broker.retries(&first), Some(1));
    assert_eq!(world.broker.retries(&second), Some(0));
    at(&mut world, 1_500);
    assert_eq!(world.broker.retries(&second), Some(1));
}

#[test]
fn a_limit_of_0_is_none() {
    let mut world = World::new();
    let (worker, client) = (worker_with_limit(&mut world, 0), world.connect());
    world.background(client, "f");
    assert!(world.grab(worker).is_some());
    assert_eq!(world.broker.next_alarm(), None);
}
