//! The text protocol.

use bytes::Bytes;
use gearman_admin::Command;
use gearman_proto::{ClientId, Request};
use gearman_server::{BrokerOptions, Output};

use crate::world::{World, completed, epoch, failed, job_like, job_with};

#[test]
fn the_server_tells_about_itself() {
    let options = BrokerOptions::default().version("9.9").process_id(7);
    let mut world = World::with(options);
    let admin = world.connect();
    assert_eq!(world.command(admin, "version"), "OK 9.9\n");
    assert_eq!(world.command(admin, "getpid"), "OK 7\n");
    assert_eq!(world.command(admin, "verbose"), "OK ERROR\n");
}

#[test]
fn status_counts_jobs_and_registrations_and_never_forgets_a_function() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f", "f"]), world.connect());
    for _ in 0..3 {
        world.background(client, "f");
    }
    world.grab(worker);
    world.background(client, "g");
    assert_eq!(
        world.command(client, "STATUS"),
        "f\t3\t1\t2\ng\t1\t0\t0\n.\n"
    );
    world.disconnect(worker);
    assert_eq!(
        world.command(client, "status"),
        "f\t3\t0\t0\ng\t1\t0\t0\n.\n"
    );
}

#[test]
fn prioritystatus_counts_queued_jobs_only() {
    use gearman_proto::Priority::{High, Low, Normal};
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    for priority in [High, High, Normal, Low, Low, Low] {
        world.submit(client, job_with("f", priority));
    }
    world.grab(worker);
    assert_eq!(
        world.command(client, "prioritystatus"),
        "f\t1\t1\t3\t1\n.\n"
    );
}

#[test]
fn workers_lists_every_connection_with_its_functions_newest_first() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["a", "b", "a"]), world.connect());
    let id = ClientId::new("web-1").expect("a good id");
    world.send(worker, Request::SetClientId(id));
    assert_eq!(
        world.command(client, "workers"),
        "1 127.0.0.1 web-1 : a b a\n2 127.0.0.1 - :\n.\n"
    );
}

#[test]
fn maxqueue_is_forgotten_for_functions_that_nobody_knows() {
    let mut world = World::new();
    let client = world.connect();
    assert_eq!(world.command(client, "maxqueue f 1"), "OK\r\n");
    world.background(client, "f");
    world.background(client, "f");
    assert_eq!(world.queued("f"), 2);
}

#[test]
fn a_function_can_be_created_and_dropped() {
    let mut world = World::new();
    let admin = world.connect();
    for _ in 0..2 {
        assert_eq!(world.command(admin, "create function Resize"), "OK\r\n");
    }
    assert_eq!(world.command(admin, "status"), "Resize\t0\t0\t0\n.\n");
    assert_eq!(world.command(admin, "drop function resize"), "OK\r\n");
    assert_eq!(world.command(admin, "status"), ".\n");
    assert_eq!(
        world.command(admin, "drop function resize"),
        "ERR function not found\r\n"
    );
}

#[test]
fn a_function_with_workers_is_not_dropped() {
    let mut world = World::new();
    let worker = world.worker(&["f"]);
    let refusal = "ERR there are still connected workers or executing clients\r\n";
    assert_eq!(world.command(worker, "drop function f"), refusal);
}

#[test]
fn a_function_is_dropped_with_its_jobs_and_their_clients_are_told() {
    let mut world = World::new();
    let client = world.connect();
    let queued = world.submit(client, job_like("f", "u"));
    world.submit(client, epoch("f", 100));
    let admin = world.connect();
    assert_eq!(world.command(admin, "drop function f"), "OK\r\n");
    assert_eq!(world.next(client), failed(queued));
    assert_eq!(world.command(client, "show jobs"), ".\n");
    assert_eq!(world.broker.next_alarm(), None);
    assert_ne!(world.submit(client, job_like("f", "u")), queued);
}

#[test]
fn a_cancelled_queued_job_fails_at_once_and_is_deleted_by_the_next_grab() {
    let mut world = World::new();
    let (client, admin) = (world.connect(), world.connect());
    let handle = world.foreground(client, "f");
    let cancel = format!("cancel job {handle}");
    assert_eq!(world.command(admin, &cancel), "OK\r\n");
    assert_eq!(world.next(client), failed(handle));
    assert_eq!(world.command(admin, &cancel), "OK\r\n");
    world.nothing(client);
    assert_eq!(
        world.command(admin, "show jobs"),
        format!("{handle}\t0\t1\t0\n.\n")
    );
    let worker = world.worker(&["f"]);
    assert_eq!(world.grab(worker), None);
    assert_eq!(world.command(admin, &cancel), "ERR UNKNOWN_JOB\r\n");
}

#[test]
fn a_cancelled_running_job_fails_once_and_its_worker_is_not_told() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.foreground(client, "f");
    world.grab(worker);
    let admin = world.connect();
    world.command(admin, &format!("cancel job {handle}"));
    assert_eq!(world.next(client), failed(handle));
    world.complete(worker, handle);
    world.nothing(worker);
    world.nothing(client);
}

#[test]
fn a_cancelled_job_that_is_submitted_again_is_done_after_all() {
    let mut world = World::new();
    let (client, worker) = (world.connect(), world.worker(&["f"]));
    let handle = world.submit(client, job_like("f", "u"));
    world.command(worker, &format!("cancel job {handle}"));
    assert_eq!(world.next(client), failed(handle));
    assert_eq!(world.submit(client, job_like("f", "u")), handle);
    assert_eq!(world.grab(worker), Some(handle));
    world.complete(worker, handle);
    assert_eq!(world.next(client), completed(handle));
    world.nothing(client);
}

#[test]
fn show_jobs_and_show_unique_jobs_list_all_jobs() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handles = [
        world.submit(client, job_like("f", "u")),
        world.background(client, "f"),
    ];
    world.grab(worker);
    world.disconnect(worker);
    let [a, b] = handles;
    assert_eq!(
        world.command(client, "show jobs"),
        format!("{a}\t1\t0\t0\n{b}\t0\t0\t1\n.\n")
    );
    assert_eq!(world.command(client, "show unique jobs"), "u\n\n.\n");
}

#[test]
fn what_is_no_command_is_refused_and_six_words_close() {
    let mut world = World::new();
    let admin = world.connect();
    assert_eq!(
        world.command(admin, "shutdown"),
        "ERR UNKNOWN_COMMAND Unknown+server+commandshutdown\r\n"
    );
    let line = Bytes::from("maxqueue f 1 2 3 4");
    world.broker.handle_command(admin, Command::parse(&line));
    world.collect();
    assert_eq!(world.next_output(admin), Some(Output::Close));
}
