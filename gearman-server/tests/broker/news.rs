//! WORK_*: what is passed on to whom.

use gearman_proto::{OptionName, Outcome, Request, Response, Update, Work};
use gearman_server::BrokerOptions;

use crate::world::{World, completed, data, error, failed, progress, updated};

fn exception() -> Outcome {
    Outcome::Exception("e".into())
}

fn with_exceptions(world: &mut World, connection: gearman_server::ConnectionId) {
    let option = OptionName::exceptions();
    world.send(connection, Request::SetOption(option));
    assert_eq!(world.next(connection), Response::OptionSet(option));
}

#[test]
fn everything_is_passed_on_in_its_order() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    let updates = [
        data("d"),
        Update::Warning("w".into()),
        progress(1, 2),
        data(""),
    ];
    for update in &updates {
        world.update(worker, handle, update.clone());
    }
    world.complete(worker, handle);
    for update in updates {
        assert_eq!(world.next(client), updated(handle, update));
    }
    assert_eq!(world.next(client), completed(handle));
    world.nothing(client);
    world.nothing(worker);
}

#[test]
fn nothing_is_passed_on_of_a_background_job() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.background(client, "f");
    world.grab(worker);
    world.update(worker, handle, data("d"));
    world.complete(worker, handle);
    world.nothing(client);
}

#[test]
fn only_the_owner_may_tell_news() {
    let mut world = World::new();
    let (worker, other, client) = (world.worker(&["f"]), world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    let not_found = error("JOB_NOT_FOUND", "Job given in work result not found");
    world.complete(other, handle);
    assert_eq!(world.next(other), not_found);
    world.grab(worker);
    world.complete(other, handle);
    assert_eq!(world.next(other), not_found);
    world.complete(worker, handle);
    world.complete(worker, handle);
    assert_eq!(world.next(worker), not_found);
    assert_eq!(world.next(client), completed(handle));
    world.nothing(client);
}

#[test]
fn each_kind_of_news_has_its_words_for_a_job_that_is_not_found() {
    let mut world = World::new();
    let worker = world.connect();
    let handle = "H:embedded:7".parse().expect("a good handle");
    let not_on_server = "Job does not exist on server";
    let not_found = "Job given in work result not found";
    let for_exception = "An exception was received for a job that does not exist";
    for (work, text) in [
        (Work::update(handle, data("d")), not_on_server),
        (
            Work::update(handle, Update::Warning("w".into())),
            not_on_server,
        ),
        (Work::update(handle, progress(1, 2)), not_found),
        (Work::end(handle, Outcome::Complete("r".into())), not_found),
        (Work::end(handle, Outcome::Fail), not_found),
        (Work::end(handle, exception()), for_exception),
    ] {
        world.send(worker, Request::Work(work));
        assert_eq!(world.next(worker), error("JOB_NOT_FOUND", text));
    }
}

#[test]
fn an_exception_ends_the_job_and_is_a_fail_for_clients_without_the_option() {
    let mut world = World::new();
    let (worker, plain, modern) = (world.worker(&["f"]), world.connect(), world.connect());
    with_exceptions(&mut world, modern);
    let same = || crate::world::job_like("f", "u");
    let handle = world.submit(plain, same());
    world.submit(modern, same());
    world.grab(worker);
    world.end(worker, handle, exception());
    assert_eq!(world.next(plain), failed(handle));
    let exception = Response::Work(Work::end(handle, exception()));
    assert_eq!(world.next(modern), exception);
    world.end(worker, handle, Outcome::Fail);
    assert_eq!(
        world.next(worker),
        error("JOB_NOT_FOUND", "Job given in work result not found")
    );
    world.nothing(plain);
    world.nothing(modern);
}

#[test]
fn the_server_may_turn_exceptions_on_for_all() {
    let mut world = World::with(BrokerOptions::default().exceptions(true));
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    world.end(worker, handle, exception());
    assert_eq!(
        world.next(client),
        Response::Work(Work::end(handle, exception()))
    );
}

#[test]
fn the_option_is_told_by_name_without_regard_to_case_and_echoed_verbatim() {
    let mut world = World::new();
    let client = world.connect();
    let option = OptionName::new("ExCePtIoNs").expect("a good name");
    world.send(client, Request::SetOption(option));
    assert_eq!(world.next(client), Response::OptionSet(option));
}

#[test]
fn job_created_comes_before_all_news() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    world.send(client, Request::Submit(crate::world::job("f")));
    let handle = world.grab(worker).expect("a job");
    world.complete(worker, handle);
    assert_eq!(world.next(client), Response::JobCreated(handle));
    assert_eq!(world.next(client), completed(handle));
}
