//! Who leaves, and what becomes of jobs.

use gearman_server::BrokerOptions;

use crate::world::{World, background_like, completed, failed, job_like, progress};

#[test]
fn a_lost_worker_requeues_its_job_and_the_client_is_not_told() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.submit(client, job_like("f", "u"));
    world.grab(worker);
    world.update(worker, handle, progress(1, 2));
    world.next(client);
    world.disconnect(worker);
    world.nothing(client);
    assert_eq!(world.broker.retries(&handle), Some(1));
    let status = world.status(client, handle);
    assert!(status.known && !status.running);
    assert_eq!(status.progress, gearman_proto::Progress::new(0, 0));
    let successor = world.worker(&["f"]);
    let job = world
        .grab_whole(successor, gearman_proto::GrabForm::Unique)
        .expect("a job");
    assert_eq!((job.handle(), job.workload().as_ref()), (handle, &b"w"[..]));
    world.complete(successor, handle);
    assert_eq!(world.next(client), completed(handle));
}

#[test]
fn after_n_attempts_a_foreground_job_fails_and_a_background_job_vanishes() {
    let mut world = World::with(BrokerOptions::default().job_retries(2));
    let client = world.connect();
    let handles = [world.foreground(client, "f"), world.background(client, "f")];
    for _attempt in 0..2 {
        let worker = world.worker(&["f"]);
        while world.grab(worker).is_some() {}
        world.nothing(client);
        world.disconnect(worker);
    }
    assert_eq!(world.next(client), failed(handles[0]));
    world.nothing(client);
    for handle in handles {
        assert_eq!(world.broker.retries(&handle), None);
    }
}

#[test]
fn a_queued_job_without_clients_stays_in_the_lists_until_a_worker_grabs() {
    let mut world = World::new();
    let (client, admin) = (world.connect(), world.connect());
    let handle = world.foreground(client, "f");
    world.disconnect(client);
    assert_eq!(world.command(admin, "status"), "f\t1\t0\t0\n.\n");
    assert_eq!(
        world.command(admin, "show jobs"),
        format!("{handle}\t0\t1\t0\n.\n")
    );
    let worker = world.worker(&["f"]);
    assert_eq!(world.grab(worker), None);
    assert_eq!(world.command(admin, "status"), "f\t0\t0\t1\n.\n");
    assert!(!world.status(admin, handle).known);
}

#[test]
fn pre_sleep_collects_abandoned_jobs_too() {
    let mut world = World::new();
    let client = world.connect();
    for _ in 0..3 {
        world.foreground(client, "f");
    }
    world.disconnect(client);
    let worker = world.worker(&["f"]);
    world.pre_sleep(worker);
    world.nothing(worker);
    assert!(world.broker.is_sleeping(worker));
    assert_eq!(world.queued("f"), 0);
}

#[test]
fn the_worker_of_a_job_without_clients_is_not_told_and_its_news_are_taken() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    world.disconnect(client);
    world.update(worker, handle, progress(1, 2));
    world.complete(worker, handle);
    world.nothing(worker);
    assert_eq!(world.running("f"), 0);
}

#[test]
fn a_job_is_kept_while_one_of_its_clients_is_there() {
    let mut world = World::new();
    let (a, b) = (world.connect(), world.connect());
    let handle = world.submit(a, job_like("f", "u"));
    world.submit(b, job_like("f", "u"));
    world.disconnect(a);
    let worker = world.worker(&["f"]);
    assert_eq!(world.grab(worker), Some(handle));
    world.complete(worker, handle);
    assert_eq!(world.next(b), completed(handle));
    world.nothing(a);
}

#[test]
fn a_background_job_is_lost_when_a_client_that_joined_it_leaves() {
    let mut world = World::new();
    let (a, b, worker) = (world.connect(), world.connect(), world.worker(&["f"]));
    world.submit(a, background_like("f", "u"));
    world.submit(b, job_like("f", "u"));
    world.disconnect(b);
    assert_eq!(world.grab(worker), None);
}

#[test]
fn an_abandoned_job_is_wanted_again_when_it_is_submitted_again() {
    let mut world = World::new();
    for again in [job_like("f", "u"), background_like("f", "u")] {
        let (a, b, worker) = (world.connect(), world.connect(), world.worker(&["f"]));
        let handle = world.submit(a, job_like("f", "u"));
        world.disconnect(a);
        assert_eq!(world.submit(b, again), handle);
        assert_eq!(world.grab(worker), Some(handle));
        world.complete(worker, handle);
        world.disconnect(worker);
    }
}

#[test]
fn a_connection_that_leaves_its_own_running_job_abandons_it() {
    let mut world = World::new();
    let both = world.worker(&["f"]);
    let handle = world.foreground(both, "f");
    assert_eq!(world.grab(both), Some(handle));
    world.disconnect(both);
    let worker = world.worker(&["f"]);
    assert_eq!(world.grab(worker), None);
    assert_eq!(world.queued("f"), 0);
}

#[test]
fn who_leaves_is_sent_nothing_more() {
    let mut world = World::with(BrokerOptions::default().job_retries(1));
    let both = world.worker(&["f"]);
    let handle = world.foreground(both, "f");
    assert_eq!(world.grab(both), Some(handle));
    world.pre_sleep(both);
    world.disconnect(both);
    world.nothing(both);
    assert_eq!(world.broker.retries(&handle), None);
}

#[test]
fn an_abandoned_job_that_is_wanted_again_wakes_like_a_new_one() {
    let mut world = World::with(BrokerOptions::default().worker_wakeup(1));
    let (hangs, other) = (world.sleeper(&["f"]), world.sleeper(&["f"]));
    let (a, b) = (world.connect(), world.connect());
    world.submit(a, job_like("f", "u"));
    world.woken(hangs);
    world.disconnect(a);
    world.submit(b, job_like("f", "u"));
    world.woken(other);
}
