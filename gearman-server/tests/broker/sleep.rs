//! Sleeping and waking: chapter 2 of the protocol.

use bytes::Bytes;
use gearman_proto::{Request, Response};
use gearman_server::BrokerOptions;

use crate::world::{World, data, epoch, function};

fn one_at_a_time() -> World {
    World::with(BrokerOptions::default().worker_wakeup(1))
}

#[test]
fn pre_sleep_is_not_answered_when_there_is_no_job() {
    let mut world = World::new();
    let worker = world.sleeper(&["f"]);
    world.nothing(worker);
}

#[test]
fn a_job_between_no_job_and_pre_sleep_is_answered_by_noop_without_sleep() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    assert_eq!(world.grab(worker), None);
    world.background(client, "f");
    world.nothing(worker);
    world.pre_sleep(worker);
    world.woken(worker);
    assert!(!world.broker.is_sleeping(worker));
    world.pre_sleep(worker);
    world.woken(worker);
}

#[test]
fn many_jobs_give_one_noop_until_the_next_grab() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f", "g"]), world.connect());
    for name in ["f", "g", "f"] {
        world.background(client, name);
    }
    world.woken(worker);
    for _ in 0..3 {
        assert!(world.grab(worker).is_some());
    }
    assert_eq!(world.grab(worker), None);
    world.pre_sleep(worker);
    world.background(client, "g");
    world.woken(worker);
}

#[test]
fn all_sleepers_are_woken_and_one_of_them_wins() {
    let mut world = World::new();
    let (a, b, client) = (
        world.sleeper(&["f"]),
        world.sleeper(&["f"]),
        world.connect(),
    );
    world.background(client, "f");
    world.woken(a);
    world.woken(b);
    assert!(world.grab(b).is_some());
    assert_eq!(world.grab(a), None);
}

#[test]
fn noop_may_come_before_the_answer_to_a_grab() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f"]), world.connect());
    world.background(client, "f");
    world.send(worker, Request::GrabJob(gearman_proto::GrabForm::Plain));
    assert_eq!(world.next(worker), Response::Noop);
    assert!(matches!(world.next(worker), Response::JobAssign(_)));
}

#[test]
fn who_was_woken_and_sleeps_again_without_a_grab_is_never_woken_again() {
    let mut world = World::new();
    let (worker, other) = (world.sleeper(&["f"]), world.worker(&["f"]));
    let client = world.connect();
    world.background(client, "f");
    world.woken(worker);
    assert!(world.grab(other).is_some());
    world.pre_sleep(worker);
    assert!(world.broker.is_sleeping(worker));
    world.background(client, "f");
    world.nothing(worker);
    assert!(world.grab(worker).is_some());
    world.pre_sleep(worker);
    world.background(client, "f");
    world.woken(worker);
}

#[test]
fn a_woken_worker_that_does_nothing_is_not_woken_twice() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f"]), world.connect());
    world.background(client, "f");
    world.background(client, "f");
    world.woken(worker);
    assert_eq!(world.queued("f"), 2);
}

#[test]
fn with_a_wake_up_of_1_nobody_else_is_told_when_the_woken_worker_hangs() {
    let mut world = one_at_a_time();
    let (a, b, client) = (
        world.sleeper(&["f"]),
        world.sleeper(&["f"]),
        world.connect(),
    );
    world.background(client, "f");
    world.woken(a);
    world.nothing(b);
    world.background(client, "f");
    world.nothing(a);
    world.woken(b);
}

#[test]
fn with_a_wake_up_of_1_a_job_is_stuck_when_the_woken_worker_dies() {
    let mut world = one_at_a_time();
    let (a, b, client) = (
        world.sleeper(&["f"]),
        world.sleeper(&["f"]),
        world.connect(),
    );
    world.background(client, "f");
    world.woken(a);
    world.disconnect(a);
    world.nothing(b);
    assert_eq!(world.queued("f"), 1);
}

#[test]
fn with_a_wake_up_of_1_sleepers_take_turns() {
    let mut world = one_at_a_time();
    let workers = [
        world.sleeper(&["f"]),
        world.sleeper(&["f"]),
        world.sleeper(&["f"]),
    ];
    let client = world.connect();
    for round in 0..7 {
        world.background(client, "f");
        let chosen = workers[round % 3];
        world.woken(chosen);
        assert!(world.grab(chosen).is_some());
        world.pre_sleep(chosen);
        for worker in workers {
            world.nothing(worker);
        }
    }
}

#[test]
fn can_do_while_asleep_does_not_wake_for_jobs_that_are_queued() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f"]), world.connect());
    world.background(client, "g");
    world.send(worker, Request::CanDo(function("g")));
    world.nothing(worker);
    world.background(client, "g");
    world.woken(worker);
}

#[test]
fn cant_do_while_asleep_leaves_the_sleep_for_the_other_functions() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f", "g"]), world.connect());
    world.send(worker, Request::CantDo(function("f")));
    world.background(client, "f");
    world.nothing(worker);
    world.background(client, "g");
    world.woken(worker);
}

#[test]
fn reset_abilities_while_asleep_ends_all_waking() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f"]), world.connect());
    world.send(worker, Request::ResetAbilities);
    world.background(client, "f");
    world.nothing(worker);
    assert!(world.broker.is_sleeping(worker));
}

#[test]
fn a_function_registered_again_after_reset_while_asleep_wakes_again() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f"]), world.connect());
    world.send(worker, Request::ResetAbilities);
    world.send(worker, Request::CanDo(function("f")));
    world.background(client, "f");
    world.woken(worker);
}

#[test]
fn pre_sleep_needs_no_grab_before_it_and_may_come_twice() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    world.pre_sleep(worker);
    world.pre_sleep(worker);
    world.background(client, "f");
    world.woken(worker);
}

#[test]
fn other_packets_and_text_are_served_while_asleep_and_do_not_wake() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.background(client, "f");
    assert!(world.grab(worker).is_some());
    world.pre_sleep(worker);
    world.send(worker, Request::Echo(Bytes::from("hello")));
    assert_eq!(world.next(worker), Response::Echo("hello".into()));
    assert!(world.command(worker, "version").starts_with("OK "));
    world.update(worker, handle, data("d"));
    world.complete(worker, handle);
    assert!(world.broker.is_sleeping(worker));
    world.background(client, "f");
    world.woken(worker);
}

#[test]
fn a_sleeper_that_still_runs_a_job_is_woken_for_the_next_one() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    world.background(client, "f");
    assert!(world.grab(worker).is_some());
    world.pre_sleep(worker);
    world.nothing(worker);
    world.background(client, "f");
    world.woken(worker);
}

#[test]
fn a_connection_registered_twice_is_woken_once() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f", "f"]), world.connect());
    world.background(client, "f");
    world.woken(worker);
}

#[test]
fn a_lost_job_wakes_the_sleepers() {
    let mut world = World::new();
    let (busy, client) = (world.worker(&["f"]), world.connect());
    world.background(client, "f");
    assert!(world.grab(busy).is_some());
    let sleeper = world.sleeper(&["f"]);
    world.disconnect(busy);
    world.woken(sleeper);
}

#[test]
fn joining_a_job_wakes_nobody() {
    let mut world = World::new();
    let (busy, client) = (world.worker(&["f"]), world.connect());
    world.submit(client, crate::world::job_like("f", "u"));
    assert!(world.grab(busy).is_some());
    let sleeper = world.sleeper(&["f"]);
    world.submit(client, crate::world::job_like("f", "u"));
    world.nothing(sleeper);
}

#[test]
fn a_client_that_is_its_own_sleeping_worker_gets_noop_before_job_created() {
    let mut world = World::new();
    let both = world.sleeper(&["f"]);
    world.send(both, Request::Submit(crate::world::job("f")));
    assert_eq!(world.next(both), Response::Noop);
    assert!(matches!(world.next(both), Response::JobCreated(_)));
}

#[test]
fn an_epoch_job_wakes_when_its_time_comes_and_not_before() {
    let mut world = World::new();
    let (worker, client) = (world.sleeper(&["f"]), world.connect());
    world.submit(client, epoch("f", 100));
    world.nothing(worker);
    world
        .broker
        .advance_clock(std::time::Duration::from_secs(100));
    world.collect();
    world.woken(worker);
}
