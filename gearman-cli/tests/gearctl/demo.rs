//! `demo`.

use rustix::process::Signal;

use crate::stage::{Running, gearctl, is_alive, until};

#[test]
fn the_demo_ends_well_and_says_so() {
    let ended = Running::start(gearctl().arg("demo")).wait();
    ended.with(0);
    let text = ended.text();
    assert!(
        text.contains("\n3 jobs completed, 0 interrupted, 0 lost\n"),
        "{text}"
    );
    let idle = text.lines().last().unwrap();
    assert!(
        idle.starts_with("idle worker test") && idle.ends_with("from SIGTERM to exit"),
        "{text}"
    );
    for (word, times) in [
        (" UP test", 4),
        ("  READY", 4),
        ("  ASLEEP", 3),
        ("  AWAKE", 3),
        ("  EXIT", 4),
        (" DOWN test", 4),
    ] {
        assert_eq!(text.matches(word).count(), times, "{word}: {text}");
    }
}

#[test]
fn a_demo_that_is_interrupted_or_killed_leaves_no_worker_behind() {
    for (signal, code) in [(Signal::INT, Some(130)), (Signal::KILL, None)] {
        let demo = Running::start(gearctl().args(["demo", "--slow"]));
        until("the demo's begin", || {
            demo.stdout_so_far().contains("ASLEEP")
        });
        let told = demo.stdout_so_far();
        let pids: Vec<_> = told
            .lines()
            .filter_map(|line| line.split_once(", process "))
            .map(|(_, pid)| pid.to_owned())
            .collect();
        assert_eq!(pids.len(), 4, "{told}");
        demo.signal(signal);
        let ended = demo.wait();
        assert_eq!(ended.status.code(), code, "{ended:?}");
        for pid in pids {
            until("the worker's end", || !is_alive(&pid));
        }
    }
}
