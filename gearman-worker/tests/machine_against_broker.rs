//! The worker's machine against the real broker: random interleavings of everything that can happen.
//! The rules themselves are in `world/wire.rs`; here are the stories.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use world::{Plan, Step, World};

/// Functions in a world.
const FUNCTIONS: usize = 2;

/// A worker of whatever world: counted around.
fn worker() -> impl Strategy<Value = usize> {
    0..6_usize
}

/// What happens in the ordinary course of things, packets moving most of the time.
fn ordinary() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..FUNCTIONS).prop_map(|function| Step::Submit(0, function)),
        1 => Just(Step::Calm),
        1 => worker().prop_map(Step::Connect),
        8 => worker().prop_map(Step::ReachServer),
        8 => worker().prop_map(Step::ReachWorker),
        4 => worker().prop_map(Step::Grant),
        1 => (worker(), 0..4_usize).prop_map(|(i, job)| Step::Update(i, job)),
        4 => (worker(), 0..4_usize, any::<bool>()).prop_map(|(i, job, well)| Step::Finish(i, job, well)),
        1 => worker().prop_map(Step::Timer),
    ]
}

fn with_drains() -> impl Strategy<Value = Step> {
    prop_oneof![30 => ordinary(), 1 => worker().prop_map(Step::ShutDown)]
}

fn with_changes() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => ordinary(),
        1 => worker().prop_map(Step::Quiet),
        1 => worker().prop_map(Step::Resume),
        1 => (worker(), 0..FUNCTIONS).prop_map(|(i, function)| Step::Remove(i, function)),
        1 => (worker(), 0..FUNCTIONS).prop_map(|(i, function)| Step::Add(i, function)),
        1 => worker().prop_map(Step::ShutDown),
    ]
}

fn with_everything() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => with_changes(),
        1 => worker().prop_map(Step::Cancel),
        2 => (worker(), 0..4_usize).prop_map(|(i, arrived)| Step::Cut(i, arrived)),
    ]
}

fn tell(wakeup: u8, caps: &[usize], steps: &[Step]) {
    let mut world = World::new(Plan::simple(wakeup, FUNCTIONS, caps));
    for step in steps {
        world.step(*step);
    }
    world.settle_and_check();
}

fn concurrencies() -> impl Strategy<Value = Vec<usize>> {
    vec(1..5_usize, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn drains_interrupt_lose_double_and_strand_no_job(
        wakeup in 0..2_u8,
        concurrencies in concurrencies(),
        steps in vec(with_drains(), 0..150),
    ) {
        tell(wakeup, &concurrencies, &steps);
    }

    #[test]
    fn quiet_resume_add_and_remove_hurt_no_job(
        wakeup in 0..2_u8,
        concurrencies in concurrencies(),
        steps in vec(with_changes(), 0..150),
    ) {
        tell(wakeup, &concurrencies, &steps);
    }

    #[test]
    fn lost_connections_and_cancelled_workers_lose_no_job(
        wakeup in 0..2_u8,
        concurrencies in concurrencies(),
        steps in vec(with_everything(), 0..150),
    ) {
        tell(wakeup, &concurrencies, &steps);
    }

    /// Few workers and short stories, so that the moments around a wake-up are hit often.
    #[test]
    fn a_woken_worker_that_drains_strands_no_job(
        steps in vec(with_drains(), 0..40),
    ) {
        tell(1, &[1, 1, 1], &steps);
    }
}
