//! `work`: commands, big payloads, and all the ways of stopping.

use rustix::process::Signal;

use crate::stage::{Marks, Server, is_alive, until};

#[test]
fn four_megabytes_go_through_a_command_and_back() {
    let server = Server::start();
    let _worker = server.worker("cat", &["--", "cat"]);
    let payload: Vec<u8> = (0..4_u32 << 20).map(|n| (n % 251) as u8).collect();
    let submit = server.start_gearctl(&["submit", "cat"]).feed(&payload);
    let ended = submit.wait();
    ended.with(0);
    assert!(ended.stdout == payload);
}

#[test]
fn a_command_may_ignore_its_input_whatever_its_size() {
    let server = Server::start();
    let _worker = server.worker("ignore", &["--", "sh", "-c", "echo fine"]);
    let submit = server
        .start_gearctl(&["submit", "ignore"])
        .feed(&[b'x'; 4 << 20]);
    let ended = submit.wait();
    ended.with(0);
    assert_eq!(ended.text(), "fine\n");
}

#[test]
fn a_command_may_leave_its_input_to_somebody_who_never_reads_it() {
    let (server, marks) = (Server::start(), Marks::new());
    // The sleeper keeps stdin open, and nothing else.
    let script = marks.script("sleep 600 0<&0 >&- 2>&- & echo $! > sleeper; echo fine");
    let _worker = server.worker("f", &["--", "bash", "-c", &script]);
    let submit = server
        .start_gearctl(&["submit", "f"])
        .feed(&[b'x'; 1 << 20]);
    let ended = submit.wait();
    let sleeper = marks.read("sleeper");
    let _ = std::process::Command::new("kill")
        .arg(sleeper.trim())
        .status();
    ended.with(0);
    assert_eq!(ended.text(), "fine\n");
}

#[test]
fn the_command_is_told_what_it_works_on_and_its_stderr_is_ours() {
    let server = Server::start();
    let script = "echo to stderr >&2; printf %s/%s/%s/%s $GEARMAN_FUNCTION ${GEARMAN_HANDLE%%:*} \
                  $GEARMAN_UNIQUE $GEARMAN_WORKER_ID";
    let worker = server.worker("f", &["--id", "web-1", "--", "sh", "-c", script]);
    let ended = server.run(&["submit", "f", "x", "-u", "unique-1"]);
    ended.with(0);
    assert_eq!(ended.text(), "f/H/unique-1/web-1");
    until("the command's stderr", || {
        worker.stderr().contains("to stderr")
    });
}

#[test]
fn sigterm_lets_a_running_command_finish_and_its_result_is_delivered() {
    let (server, marks) = (Server::start(), Marks::new());
    let script = marks.script(": > begun; while [ ! -e go ]; do sleep 0.02; done; cat");
    let mut worker = server.worker("f", &["-v", "--", "sh", "-c", &script]);
    let submit = server.start_gearctl(&["submit", "f", "the payload"]);
    marks.wait_for("begun");
    worker.signal(Signal::TERM);
    until("the drain", || worker.stderr().contains("SIGTERM"));
    // A second one changes nothing.
    worker.signal(Signal::TERM);
    assert!(worker.is_running());
    marks.set("go");
    let ended = submit.wait();
    ended.with(0);
    assert_eq!(ended.text(), "the payload");
    let said = worker.wait();
    assert!(
        said.with(0)
            .contains("1 completed, 0 failed, 0 abandoned, 0 undelivered")
    );
    assert_eq!(server.numbers("f"), Some((0, 0, 0)));
}

#[test]
fn sigint_kills_the_command_with_its_children_and_gives_the_job_back() {
    let (server, marks) = (Server::start(), Marks::new());
    // Neither the shell nor its child hears SIGTERM.
    let script = marks.script(
        "trap '' TERM; sleep 600 & echo $! > sleeper; echo $$ > shell; : > begun; wait; sleep 600",
    );
    let worker = server.worker("f", &["--", "sh", "-c", &script]);
    server.run(&["submit", "-b", "f", "x"]).with(0);
    marks.wait_for("begun");
    worker.signal(Signal::INT);
    let ended = worker.wait();
    assert!(ended.with(130).contains("abandoned H:"), "{ended:?}");
    for mark in ["shell", "sleeper"] {
        let pid = marks.read(mark);
        until("the command's end", || !is_alive(pid.trim()));
    }
    assert_eq!(server.numbers("f"), Some((1, 0, 0)));
}

#[test]
fn a_command_that_takes_too_long_is_stopped_and_its_job_fails() {
    let (server, marks) = (Server::start(), Marks::new());
    let script = marks.script("trap ': > asked; exit' TERM; while :; do sleep 0.02; done");
    let _worker = server.worker("f", &["--job-timeout", "200ms", "--", "sh", "-c", &script]);
    let ended = server.run(&["submit", "f", "x"]);
    assert!(
        ended.with(1).contains("was stopped after 200ms"),
        "{ended:?}"
    );
    marks.wait_for("asked");
}

#[test]
fn a_command_whose_job_is_lost_with_the_connection_is_asked_to_end() {
    let (server, marks) = (Server::start(), Marks::new());
    let script =
        marks.script("trap ': > asked; exit' TERM; : > begun; while :; do sleep 0.02; done");
    let worker = server.worker("f", &["--", "sh", "-c", &script]);
    server.run(&["submit", "-b", "f", "x"]).with(0);
    marks.wait_for("begun");
    drop(server);
    marks.wait_for("asked");
    until("the log line", || {
        worker.stderr().contains("connection lost")
    });
}

#[test]
fn a_drain_that_takes_too_long_is_code_4_and_says_what_is_given_back() {
    let server = Server::start();
    let worker = server.worker("f", &["--drain-timeout", "100ms", "--", "sleep", "600"]);
    server.run(&["submit", "-b", "f", "x"]).with(0);
    until("the job's begin", || server.numbers("f") == Some((1, 1, 1)));
    worker.signal(Signal::TERM);
    let ended = worker.wait();
    assert!(ended.with(4).contains("abandoned H:"), "{ended:?}");
    assert_eq!(server.numbers("f"), Some((1, 0, 0)));
}

#[test]
fn a_worker_may_stop_after_so_many_jobs_and_takes_no_other() {
    let server = Server::start();
    server
        .run(&["submit", "-b", "f", "a", "b", "c", "d", "e"])
        .with(0);
    let worker = server.start_gearctl(&["work", "f", "--exit-after", "3", "--", "cat"]);
    let ended = worker.wait();
    assert!(ended.with(0).contains("3 completed"), "{ended:?}");
    assert_eq!(server.numbers("f"), Some((2, 0, 0)));
}

#[test]
fn without_a_server_a_worker_waits_for_one_and_says_so() {
    let mut nobody = crate::stage::gearctl();
    let address = crate::fake_server::absent();
    nobody.args(["work", "f", "-s", &address]);
    let mut worker = crate::stage::Running::start(&mut nobody);
    until("the log line", || {
        worker
            .stderr()
            .contains(&format!("{address}: Connection refused"))
    });
    assert!(worker.is_running());
    worker.signal(Signal::TERM);
    worker.wait().with(0);
}
