//! `submit`, mostly against workers that are `gearctl work`.

use serde_json::{Value, json};

use crate::stage::{Marks, Server};

#[test]
fn a_payload_goes_there_and_its_result_comes_back_byte_by_byte() {
    let server = Server::start();
    let _worker = server.worker("rev", &["--", "rev"]);
    let ended = server.run(&["submit", "rev", "abc", "def"]);
    ended.with(0);
    assert_eq!(ended.text(), "cbafed");
}

#[test]
fn without_a_payload_stdin_is_the_payload() {
    let server = Server::start();
    let _worker = server.worker("echo", &[]);
    let payload: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let submit = server.start_gearctl(&["submit", "echo"]).feed(&payload);
    assert_eq!(submit.wait().stdout, payload);
}

#[test]
fn results_come_in_the_order_of_the_lines_also_when_they_end_in_another() {
    let (server, marks) = (Server::start(), Marks::new());
    // The first job ends when all others have.
    let script = marks.script(
        "read n; if [ $n = 1 ]; then while [ ! -e 2 -o ! -e 3 ]; do sleep 0.02; done; fi; : > $n; echo $n",
    );
    let _worker = server.worker("f", &["-c", "3", "--", "sh", "-c", &script]);
    let submit = server
        .start_gearctl(&["submit", "f", "--lines"])
        .feed(b"1\n2\n3\n");
    let ended = submit.wait();
    ended.with(0);
    assert_eq!(ended.text(), "1\n2\n3\n");
}

#[test]
fn any_number_of_lines_passes_through_a_small_window() {
    let server = Server::start();
    let _worker = server.worker("echo", &["-c", "4"]);
    let lines: String = (0..1000).map(|n| format!("{n},\n")).collect();
    let submit = server.start_gearctl(&["submit", "echo", "--lines", "-c", "3"]);
    let ended = submit.feed(lines.as_bytes()).wait();
    ended.with(0);
    assert_eq!(ended.text(), lines.replace('\n', ""));
}

#[test]
fn a_job_that_fails_is_code_1_after_the_others_are_done() {
    let server = Server::start();
    let script = "read -r what; echo $what; test $what != bad";
    let _worker = server.worker("f", &["--", "sh", "-c", script]);
    let payloads = ["good\n", "bad\n", "better\n"];
    let ended = server.run(&[&["submit", "f"][..], &payloads].concat());
    let said = ended.with(1);
    assert_eq!(ended.text(), "good\nbetter\n");
    assert!(
        said.contains("job 2") && said.contains("the job has failed"),
        "{said}"
    );
    assert!(
        said.contains("warning:") && said.contains("exit status: 1"),
        "{said}"
    );
}

#[test]
fn a_payload_over_the_limit_is_refused_and_the_others_are_unharmed() {
    let server = Server::start();
    let _worker = server.worker("echo", &[]);
    let big = "x".repeat((64 << 20) + 1);
    let lines = format!("before\n{big}\nafter\n");
    let submit = server
        .start_gearctl(&["submit", "echo", "--lines"])
        .feed(lines.as_bytes());
    let ended = submit.wait();
    let said = ended.with(1);
    assert_eq!(ended.text(), "beforeafter");
    assert!(said.contains("job 2: the payload is too large"), "{said}");
}

#[test]
fn a_background_job_leaves_its_address() {
    let server = Server::start();
    let ended = server.run(&["submit", "-b", "-p", "high", "f", "a", "b"]);
    ended.with(0);
    let lines: Vec<_> = ended.text().lines().collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(
            line.starts_with(&format!("{}/H:", server.address)),
            "{line}"
        );
    }
    assert_eq!(server.numbers("f"), Some((2, 0, 0)));
}

#[test]
fn a_unique_id_makes_one_job_of_two() {
    let server = Server::start();
    for _ in 0..2 {
        server
            .run(&["submit", "-b", "-u", "once", "f", "x"])
            .with(0);
    }
    assert_eq!(server.numbers("f"), Some((1, 0, 0)));
}

#[test]
fn json_is_one_object_for_each_job() {
    let server = Server::start();
    let script = "read -r what; printf $what; test $what != bad";
    let _worker = server.worker("f", &["--", "sh", "-c", script]);
    let ended = server.run(&["submit", "f", "-o", "json", "\\377\n", "bad\n"]);
    ended.with(1);
    let mut objects: Vec<Value> = ended
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for object in &mut objects {
        let handle = object.as_object_mut().unwrap().remove("handle").unwrap();
        assert!(handle.as_str().unwrap().starts_with(&server.address));
    }
    let expected = [
        json!({"job": 1, "event": "completed", "result": "\\xff", "result_hex": "ff"}),
        json!({"job": 2, "event": "failed", "reason": "the job has failed"}),
    ];
    assert_eq!(objects, expected);
}

#[test]
fn parts_of_a_result_come_as_they_are_made() {
    let (server, marks) = (Server::start(), Marks::new());
    // Ends when its first part has been seen.
    let script = marks.script("echo one; while [ ! -e seen ]; do sleep 0.02; done; echo two");
    let _worker = server.worker("f", &["--stream", "--", "sh", "-c", &script]);
    let reader = format!(
        "'{}' submit --stream f x | while read -r line; do echo \"$line\"; : > '{}'; done",
        env!("CARGO_BIN_EXE_gearctl"),
        marks.path("seen").display()
    );
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &reader])
        .env("GEARMAN_SERVERS", &server.address);
    let ended = crate::stage::Running::start(&mut shell).wait();
    ended.with(0);
    assert_eq!(ended.text(), "one\ntwo\n");
}

#[test]
fn a_lost_connection_is_code_3_and_the_outcome_is_unknown() {
    let server = Server::start();
    let submit = server.start_gearctl(&["submit", "nobody-works-on-this", "x"]);
    crate::stage::until("the job's arrival", || {
        server.numbers("nobody-works-on-this") == Some((1, 0, 0))
    });
    drop(server);
    let ended = submit.wait();
    assert!(ended.with(3).contains("is unknown"), "{ended:?}");
}
