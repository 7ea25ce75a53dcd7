//! ERROR: requests that are understood and refused.

use bytes::Bytes;
use gearman_proto::{
    CronFields, OptionName, Priority, Request, Response, Submission, SubmissionMode,
};

use crate::world::{World, error, job, job_with};

#[test]
fn all_yours_and_cron_jobs_are_not_expected() {
    let mut world = World::new();
    let connection = world.connect();
    let fields = CronFields::new([(); 5].map(|()| Bytes::from("*"))).expect("no NUL");
    let cron = Submission {
        mode: SubmissionMode::Cron(fields),
        ..job("f")
    };
    for request in [Request::AllYours, Request::Submit(cron)] {
        world.send(connection, request);
        assert_eq!(
            world.next(connection),
            error("INVALID_COMMAND", "Command not expected")
        );
    }
    assert_eq!(world.command(connection, "status"), ".\n");
}

#[test]
fn an_unknown_option_is_refused() {
    let mut world = World::new();
    let connection = world.connect();
    let option = OptionName::new("exceptionss").expect("a good name");
    world.send(connection, Request::SetOption(option));
    assert_eq!(
        world.next(connection),
        error("UNKNOWN_OPTION", "Server does not recognize given option")
    );
}

#[test]
fn a_full_queue_refuses_and_counts_all_jobs_against_the_limit_of_the_priority() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    assert_eq!(world.command(client, "maxqueue f 0 2 1"), "OK\r\n");
    let full = error("QUEUE_ERROR", "Job queue is full");
    let offer = |world: &mut World, priority| {
        world.send(client, Request::Submit(job_with("f", priority)));
        matches!(world.next(client), Response::JobCreated(_))
    };
    assert!(offer(&mut world, Priority::Normal));
    assert!(!offer(&mut world, Priority::Low));
    assert!(world.grab(worker).is_some());
    assert!(!offer(&mut world, Priority::Low), "running jobs count");
    assert!(offer(&mut world, Priority::Normal));
    world.send(client, Request::Submit(job("f")));
    assert_eq!(world.next(client), full);
    assert!(offer(&mut world, Priority::High), "0 is no limit");
}

#[test]
fn replies_come_in_the_order_of_requests() {
    let mut world = World::new();
    let connection = world.connect();
    for request in [
        Request::Submit(job("f")),
        Request::AllYours,
        Request::Echo("x".into()),
        Request::Submit(job("f")),
    ] {
        world.broker.handle_request(connection, request);
    }
    world.collect();
    assert!(matches!(world.next(connection), Response::JobCreated(_)));
    assert!(matches!(world.next(connection), Response::Error(_)));
    assert!(matches!(world.next(connection), Response::Echo(_)));
    assert!(matches!(world.next(connection), Response::JobCreated(_)));
}
