//! Small worlds, walked through completely: the real machines, the real broker, every order in which
//! packets, ends of jobs and orders from outside can come. The numbers of states are printed.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod world;

use world::walk::walk;
use world::{Plan, Sabotage, Step};

const SUBMIT: Step = Step::Submit(0, 0);

/// Every story ends well.
fn walk_well(name: &str, plan: Plan, events: &[Step]) {
    match walk(plan, events) {
        Ok(walk) => println!("{name}: {} states, {} ends", walk.states, walk.ends),
        Err(story) => panic!("{name}: {story}"),
    }
}

/// For both ways in which a server wakes workers.
fn walk_both(name: &str, functions: usize, caps: &[usize], events: &[Step]) {
    for wakeup in [0, 1] {
        let name = format!("{name}, wake-up {wakeup}");
        walk_well(&name, Plan::simple(wakeup, functions, caps), events);
    }
}

#[test]
fn two_workers_of_which_one_drains() {
    walk_both(
        "two jobs, one of two drains",
        1,
        &[1, 1],
        &[SUBMIT, SUBMIT, Step::ShutDown(0)],
    );
}

#[test]
fn two_workers_that_both_drain() {
    let events = [SUBMIT, SUBMIT, Step::ShutDown(0), Step::ShutDown(1)];
    walk_both("two jobs, both drain", 1, &[1, 1], &events);
}

#[test]
fn one_worker_with_two_slots_drains() {
    walk_both(
        "two slots drain",
        1,
        &[2],
        &[SUBMIT, SUBMIT, SUBMIT, Step::ShutDown(0)],
    );
}

#[test]
fn a_worker_goes_quiet_and_resumes_beside_another() {
    let events = [SUBMIT, SUBMIT, Step::Quiet(0), Step::Resume(0)];
    walk_both("quiet and resume", 1, &[1, 1], &events);
}

#[test]
fn a_quiet_worker_drains() {
    walk_both(
        "quiet, then drain",
        1,
        &[1, 1],
        &[SUBMIT, Step::Quiet(0), Step::ShutDown(0)],
    );
}

#[test]
fn a_worker_with_two_slots_removes_a_function() {
    let events = [SUBMIT, Step::Submit(0, 1), Step::Remove(0, 0)];
    walk_both("two slots, remove", 2, &[2], &events);
    walk_both("remove beside another worker", 2, &[1, 1], &events);
}

#[test]
fn a_worker_removes_a_function_and_adds_it_again() {
    let events = [
        SUBMIT,
        Step::Submit(0, 1),
        Step::Remove(0, 0),
        Step::Add(0, 0),
    ];
    walk_both("remove and add", 2, &[1], &events);
}

#[test]
fn a_connection_breaks_while_a_job_runs() {
    let events = [SUBMIT, Step::Cut(0, 0), Step::ShutDown(1), Step::Timer(0)];
    walk_well("a lost connection", Plan::simple(0, 1, &[1, 1]), &events);
}

#[test]
fn a_worker_is_cancelled_beside_a_sleeper() {
    walk_both(
        "cancelled beside a sleeper",
        1,
        &[2, 1],
        &[SUBMIT, SUBMIT, Step::Cancel(0)],
    );
}

#[test]
fn a_draining_worker_is_cancelled() {
    let events = [SUBMIT, SUBMIT, Step::ShutDown(0), Step::Cancel(0)];
    walk_both("drained, then cancelled", 1, &[1, 1], &events);
}

#[test]
fn one_process_with_two_servers_and_one_slot() {
    for wakeup in [0, 1] {
        let plan = Plan {
            servers: 2,
            workers: vec![(0, 0), (0, 1)],
            ..Plan::simple(wakeup, 1, &[1])
        };
        let events = [
            SUBMIT,
            Step::Submit(1, 0),
            Step::ShutDown(0),
            Step::ShutDown(1),
        ];
        walk_well("two servers, one slot", plan, &events);
    }
}

/// The mistake is found by what becomes of the jobs.
fn find(sabotage: Sabotage, wakeup: u8, caps: &[usize], events: &[Step], found: &str) {
    let plan = Plan {
        sabotage: Some(sabotage),
        ..Plan::simple(wakeup, 1, caps)
    };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let story = walk(plan, events);
    std::panic::set_hook(hook);
    let story = story.expect_err("the mistake is not found");
    assert!(story.contains(found), "{story}");
}

#[test]
fn dropping_abilities_first_makes_the_server_requeue_a_running_job() {
    find(
        Sabotage::ResetFirst,
        0,
        &[1, 1],
        &[SUBMIT, Step::ShutDown(0)],
        "requeued",
    );
}

#[test]
fn leaving_asleep_without_a_last_grab_strands_a_job() {
    find(
        Sabotage::NoLastGrab,
        1,
        &[1, 1],
        &[SUBMIT, Step::ShutDown(0)],
        "stranded",
    );
}

#[test]
fn a_reset_behind_a_grab_requeues_the_job_that_the_grab_brings() {
    find(
        Sabotage::ResetBehindGrab,
        0,
        &[1, 1],
        &[SUBMIT, Step::ShutDown(0)],
        "requeued",
    );
}

#[test]
fn closing_with_an_open_grab_requeues_the_job_that_is_on_its_way() {
    find(
        Sabotage::CloseWithOpenGrab,
        0,
        &[1, 1],
        &[SUBMIT, Step::ShutDown(0)],
        "requeued",
    );
}

#[test]
fn closing_without_a_barrier_loses_a_result() {
    find(
        Sabotage::NoBarrier,
        0,
        &[1, 1],
        &[SUBMIT, Step::ShutDown(0)],
        "requeued",
    );
}

#[test]
fn a_full_worker_that_sleeps_eats_the_wake_up_of_another() {
    let events = [SUBMIT, SUBMIT, SUBMIT, Step::ShutDown(0)];
    find(Sabotage::SleepWhenFull, 1, &[1, 1], &events, "stranded");
}

#[test]
fn sleeping_again_after_a_wake_up_loses_the_next_one() {
    let events = [SUBMIT, SUBMIT, Step::ShutDown(1)];
    find(Sabotage::SleepAgain, 0, &[1, 1], &events, "stranded");
}
