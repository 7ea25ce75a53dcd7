//! Which job is handed out, and in which packet.

use gearman_proto::{
    AssignmentForm, GrabForm, Priority, ReducerName, Request, Submission, SubmissionMode,
};

use crate::world::{World, background_like, function, job, job_like, job_with, unique};

fn reduce(background: bool) -> Submission {
    let reducer = ReducerName::new("sum").expect("a good name");
    Submission {
        mode: SubmissionMode::Reduce {
            reducer,
            background,
        },
        ..job_like("f", "u")
    }
}

#[test]
fn priorities_order_the_jobs_of_one_function_and_each_level_is_a_queue() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let levels = [Priority::Low, Priority::Normal, Priority::High];
    let [l1, n1, h1] = levels.map(|level| world.submit(client, job_with("f", level)));
    let [l2, n2, h2] = levels.map(|level| world.submit(client, job_with("f", level)));
    for expected in [h1, h2, n1, n2, l1, l2] {
        assert_eq!(world.grab(worker), Some(expected));
    }
}

#[test]
fn the_function_registered_last_goes_first_whatever_the_priority() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f", "g"]), world.connect());
    let f = world.submit(client, job_with("f", Priority::High));
    let g = world.submit(client, job_with("g", Priority::Low));
    assert_eq!(world.grab(worker), Some(g));
    assert_eq!(world.grab(worker), Some(f));
}

#[test]
fn there_is_no_round_robin() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f", "g"]), world.connect());
    world.foreground(client, "f");
    for _ in 0..3 {
        let g = world.foreground(client, "g");
        assert_eq!(world.grab(worker), Some(g));
    }
}

#[test]
fn a_connection_may_hold_any_number_of_jobs_and_end_them_in_any_order() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let jobs = [(); 3].map(|()| world.background(client, "f"));
    for handle in jobs {
        assert_eq!(world.grab(worker), Some(handle));
    }
    assert_eq!(world.running("f"), 3);
    for handle in [jobs[1], jobs[2], jobs[0]] {
        world.complete(worker, handle);
    }
    assert_eq!(world.running("f"), 0);
    world.nothing(worker);
}

#[test]
fn each_grab_has_its_form_of_assignment() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    for (form, expected) in [
        (GrabForm::Plain, AssignmentForm::Plain),
        (GrabForm::Unique, AssignmentForm::Unique(Some(unique("u")))),
        (GrabForm::All, AssignmentForm::Unique(Some(unique("u")))),
    ] {
        let handle = world.submit(client, background_like("f", "u"));
        let assignment = world.grab_whole(worker, form).expect("a job");
        assert_eq!(assignment.handle(), handle);
        assert_eq!(assignment.function(), function("f"));
        assert_eq!(assignment.workload(), "w");
        assert_eq!(assignment.form(), expected);
        world.complete(worker, handle);
    }
}

#[test]
fn a_reducer_is_told_to_grab_job_all_only() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let reducer = ReducerName::new("sum").expect("a good name");
    for (form, expected) in [
        (GrabForm::Plain, None),
        (GrabForm::Unique, None),
        (GrabForm::All, Some(reducer)),
    ] {
        let handle = world.submit(client, reduce(true));
        let assignment = world.grab_whole(worker, form).expect("a job");
        assert_eq!(assignment.reducer(), expected);
        world.complete(worker, handle);
    }
}

#[test]
fn a_reduce_job_in_the_background_outlives_its_client_and_one_in_the_foreground_does_not() {
    let mut world = World::new();
    for background in [true, false] {
        let (worker, client) = (world.worker(&["f"]), world.connect());
        let handle = world.submit(client, reduce(background));
        world.disconnect(client);
        assert_eq!(world.grab(worker).is_some(), background);
        if background {
            world.complete(worker, handle);
        }
    }
}

#[test]
fn a_connection_may_work_on_its_own_jobs() {
    let mut world = World::new();
    let both = world.worker(&["f"]);
    let handle = world.foreground(both, "f");
    assert_eq!(world.grab(both), Some(handle));
    world.complete(both, handle);
    assert_eq!(world.next(both), crate::world::completed(handle));
}

#[test]
fn handles_count_from_1_behind_the_prefix() {
    let options = gearman_server::BrokerOptions::default().handle_prefix("X");
    let mut world = World::with(options);
    let client = world.connect();
    for number in 1..=3 {
        let handle = world.submit(client, job("f"));
        assert_eq!(handle.to_string(), format!("X:{number}"));
    }
}

#[test]
fn a_handle_is_known_only_as_it_was_given_out() {
    let mut world = World::new();
    let client = world.connect();
    world.foreground(client, "f");
    for (handle, known) in [
        ("H:embedded:1", true),
        ("H:embedded:01", false),
        ("H:embedded:+1", false),
        ("H:embedded:2", false),
        ("H:other:1", false),
        ("1", false),
    ] {
        let handle = handle.parse().expect("a good handle");
        assert_eq!(world.status(client, handle).known, known, "{handle}");
    }
}

#[test]
fn requests_of_a_connection_that_is_gone_are_ignored() {
    let mut world = World::new();
    let worker = world.worker(&["f"]);
    world.disconnect(worker);
    world.disconnect(worker);
    for request in [
        Request::PreSleep,
        Request::CanDo(function("f")),
        Request::Submit(job("f")),
    ] {
        world.send(worker, request);
    }
    world.nothing(worker);
    assert_eq!(world.queued("f"), 0);
}
