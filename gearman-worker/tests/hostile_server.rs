//! The machine and a server that keeps to no rule, with everything else that can happen in between. What
//! must hold is in `hostile/playground.rs`: it never panics, what one input brings forth is bounded, it
//! holds no job that it has not asked for and none without a slot, and it can always be brought to an end.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod hostile;

use hostile::play;
use proptest::collection::vec;
use proptest::prelude::*;

/// Stories of the length that most corners need.
fn story() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn no_server_breaks_the_machine(data in story()) {
        play(&data);
    }
}

/// Or the test above would prove nothing.
#[test]
fn the_stories_come_by_every_corner() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut reached = [0; 11];
    for _ in 0..500 {
        let data: Vec<u8> = (0..600).map(|_| random.u8(..)).collect();
        for (count, (_, corner)) in reached.iter_mut().zip(play(&data).all()) {
            *count += u32::from(corner);
        }
    }
    let names = hostile::Corners::default().all();
    for ((name, _), count) in names.into_iter().zip(reached) {
        println!("{name}: {count} of 500");
        assert!(count > 0, "no story comes by: {name}");
    }
}
