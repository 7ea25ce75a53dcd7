//! `terminate`: its lines and exit codes.

use rustix::process::Signal;

use crate::stage::{Marks, Server, until};

/// What stands behind the time of day, line by line. A line without a time is what it is.
fn without_times(said: &str) -> Vec<&str> {
    said.lines()
        .map(|line| match line.split_once("] ") {
            Some((time, rest)) if is_time(time) => rest,
            _ => line,
        })
        .collect()
}

fn is_time(text: &str) -> bool {
    let digits: Vec<_> = text.bytes().map(|b| b.is_ascii_digit()).collect();
    text.starts_with('[')
        && text.len() == 9
        && digits == [false, true, true, false, true, true, false, true, true]
}

#[test]
fn workers_that_are_told_to_stop_are_followed_until_they_are_down() {
    let server = Server::start();
    let idle = server.worker("f", &["--id", "test1"]);
    let other = server.worker("g", &["--id", "test2"]);
    let ended = server.run(&["terminate", "test1", "test2"]);
    let lines = without_times(ended.with(0));
    for id in ["test1", "test2"] {
        let place = |line: String| lines.iter().position(|said| *said == line);
        let places = ["UP", "SIGTERM", "DOWN"].map(|word| place(format!("{word} {id}")));
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{lines:?}"
        );
    }
    for worker in [idle, other] {
        worker.wait().with(0);
    }
}

#[test]
fn a_busy_worker_is_waited_for_and_its_job_is_not_interrupted() {
    let (server, marks) = (Server::start(), Marks::new());
    let script = marks.script(": > begun; while [ ! -e go ]; do sleep 0.02; done; echo done");
    let worker = server.worker("f", &["--id", "web-1", "--", "sh", "-c", &script]);
    let submit = server.start_gearctl(&["submit", "f", "x"]);
    marks.wait_for("begun");
    let mut terminate = server.start_gearctl(&["terminate", "--all", "--match", "web-*"]);
    until("the order", || {
        terminate.stderr().contains("SIGTERM web-1 (1 job left)")
    });
    assert!(terminate.is_running());
    marks.set("go");
    assert!(terminate.wait().with(0).contains("DOWN web-1"));
    assert_eq!(submit.wait().text(), "done\n");
    worker.wait().with(0);
}

#[test]
fn an_unknown_id_is_code_1_and_nobody_is_told_anything() {
    let server = Server::start();
    let mut worker = server.worker("f", &["--id", "web-1"]);
    let ended = server.run(&["terminate", "web-1", "nobody"]);
    let said = ended.with(1);
    assert!(
        said.contains("no connected worker is called nobody"),
        "{said}"
    );
    assert!(!said.contains("UP"), "{said}");
    assert!(worker.is_running());
    server.run(&["submit", "f", "x"]).with(0);
}

#[test]
fn all_of_none_is_code_0_and_a_sentence() {
    let server = Server::start();
    let _other = server.worker("f", &["--id", "web-1"]);
    let ended = server.run(&["terminate", "--all", "--match", "db-*"]);
    assert!(ended.with(0).contains("no such worker"), "{ended:?}");
}

#[test]
fn a_time_limit_says_who_is_left_with_code_4_and_the_drain_goes_on() {
    let (server, marks) = (Server::start(), Marks::new());
    let script = marks.script(": > begun; while [ ! -e go ]; do sleep 0.02; done");
    let mut worker = server.worker("f", &["--id", "web-1", "--", "sh", "-c", &script]);
    let submit = server.start_gearctl(&["submit", "f", "x"]);
    marks.wait_for("begun");
    let ended = server.run(&["terminate", "web-1", "--timeout", "1s", "-o", "json"]);
    assert!(ended.with(4).contains("Not down: web-1"), "{ended:?}");
    let expected = serde_json::json!({"down": [], "left": ["web-1"], "timed_out": true});
    assert_eq!(ended.json(), expected);
    assert!(worker.is_running());
    marks.set("go");
    submit.wait().with(0);
    worker.wait().with(0);
}

#[test]
fn ctrl_c_says_what_becomes_of_the_orders() {
    let (server, marks) = (Server::start(), Marks::new());
    let script = marks.script(": > begun; while [ ! -e go ]; do sleep 0.02; done");
    let worker = server.worker("f", &["--id", "web-1", "--", "sh", "-c", &script]);
    let submit = server.start_gearctl(&["submit", "f", "x"]);
    marks.wait_for("begun");
    let terminate = server.start_gearctl(&["terminate", "web-1"]);
    until("the order", || terminate.stderr().contains("SIGTERM web-1"));
    terminate.signal(Signal::INT);
    let ended = terminate.wait();
    let said = ended.with(130);
    assert!(said.contains("Orders that were not taken vanish"), "{said}");
    assert!(
        said.contains("web-1") && said.contains("go on draining"),
        "{said}"
    );
    marks.set("go");
    submit.wait().with(0);
    worker.wait().with(0);
}
