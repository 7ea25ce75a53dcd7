//! Which submissions are the same job.

use gearman_proto::{Priority, Submission};

use crate::world::{
    World, background_like, completed, data, function, job, job_like, unique, updated,
};

fn by_payload(workload: &'static str) -> Submission {
    Submission {
        workload: workload.into(),
        ..job_like("f", "-")
    }
}

#[test]
fn jobs_without_a_unique_are_never_the_same() {
    let mut world = World::new();
    let client = world.connect();
    assert_ne!(
        world.submit(client, job("f")),
        world.submit(client, job("f"))
    );
}

#[test]
fn the_second_submission_gets_the_handle_of_the_first_and_its_payload_is_discarded() {
    let mut world = World::new();
    let (a, b) = (world.connect(), world.connect());
    let first = world.submit(a, job_like("f", "u"));
    let second = Submission {
        workload: "other".into(),
        ..job_like("f", "u").with_priority(Priority::High)
    };
    assert_eq!(world.submit(b, second), first);
    let worker = world.worker(&["f"]);
    let job = world
        .grab_whole(worker, gearman_proto::GrabForm::Plain)
        .expect("a job");
    assert_eq!(job.workload(), "w");
    world.complete(worker, first);
    assert_eq!(world.next(a), completed(first));
    assert_eq!(world.next(b), completed(first));
}

#[test]
fn different_functions_have_different_jobs() {
    let mut world = World::new();
    let client = world.connect();
    let f = world.submit(client, job_like("f", "u"));
    assert_ne!(world.submit(client, job_like("g", "u")), f);
}

#[test]
fn a_dash_means_the_same_payload() {
    let mut world = World::new();
    let client = world.connect();
    let first = world.submit(client, by_payload("a"));
    assert_eq!(world.submit(client, by_payload("a")), first);
    assert_ne!(world.submit(client, by_payload("b")), first);
}

#[test]
fn a_dash_with_an_empty_payload_is_like_no_other() {
    let mut world = World::new();
    let client = world.connect();
    let first = world.submit(client, by_payload(""));
    assert_ne!(world.submit(client, by_payload("")), first);
}

#[test]
fn workers_see_the_dash_and_get_status_unique_does_not_find_it() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    world.submit(client, by_payload("a"));
    assert!(!world.unique_status(client, "-").known);
    let job = world
        .grab_whole(worker, gearman_proto::GrabForm::Unique)
        .expect("a job");
    assert_eq!(job.unique(), Some(unique("-")));
}

#[test]
fn who_joins_a_running_job_gets_what_comes_later() {
    let mut world = World::new();
    let (worker, a, b) = (world.worker(&["f"]), world.connect(), world.connect());
    let handle = world.submit(a, job_like("f", "u"));
    world.grab(worker);
    world.update(worker, handle, data("1"));
    assert_eq!(world.submit(b, job_like("f", "u")), handle);
    world.update(worker, handle, data("2"));
    assert_eq!(world.next(a), updated(handle, data("1")));
    assert_eq!(world.next(a), updated(handle, data("2")));
    assert_eq!(world.next(b), updated(handle, data("2")));
}

#[test]
fn k_subscriptions_of_one_connection_get_k_copies() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handles = [(); 3].map(|()| world.submit(client, job_like("f", "u")));
    let handle = handles[0];
    assert_eq!(world.unique_status(client, "u").clients, 3);
    world.grab(worker);
    world.update(worker, handle, data("d"));
    world.complete(worker, handle);
    for expected in [updated(handle, data("d")), completed(handle)] {
        for _ in 0..3 {
            assert_eq!(world.next(client), expected);
        }
    }
    world.nothing(client);
}

#[test]
fn a_background_submission_of_a_foreground_job_gets_the_handle_and_nothing_else() {
    let mut world = World::new();
    let (worker, a, b) = (world.worker(&["f"]), world.connect(), world.connect());
    let handle = world.submit(a, job_like("f", "u"));
    assert_eq!(world.submit(b, background_like("f", "u")), handle);
    world.grab(worker);
    world.complete(worker, handle);
    assert_eq!(world.next(a), completed(handle));
    world.nothing(b);
}

#[test]
fn a_job_that_has_ended_is_the_same_as_no_other() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let first = world.submit(client, background_like("f", "u"));
    world.grab(worker);
    world.complete(worker, first);
    assert_ne!(world.submit(client, background_like("f", "u")), first);
}

#[test]
fn joining_succeeds_on_a_full_queue() {
    let mut world = World::new();
    let client = world.connect();
    world.command(client, "create function f");
    world.command(client, "maxqueue f 1");
    let handle = world.submit(client, job_like("f", "u"));
    assert_eq!(world.submit(client, job_like("f", "u")), handle);
}

#[test]
fn get_status_unique_finds_the_job_of_whatever_function() {
    let mut world = World::new();
    let client = world.connect();
    world.submit(client, background_like("f", "u"));
    world.submit(client, background_like("g", "u"));
    let status = world.unique_status(client, "u");
    assert_eq!((status.known, status.clients), (true, 0));
    assert_eq!(world.broker.queued(&function("g")), 1);
}
