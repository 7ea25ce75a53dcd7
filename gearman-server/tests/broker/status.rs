//! GET_STATUS and GET_STATUS_UNIQUE.

use gearman_proto::Progress;

use crate::world::{World, job_like, progress};

#[test]
fn a_job_is_known_while_it_exists_and_running_while_a_worker_has_it() {
    let mut world = World::new();
    let (worker, client) = (world.worker(&["f"]), world.connect());
    let handle = world.submit(client, job_like("f", "u"));
    let seen = |world: &mut World| {
        let by_handle = world.status(client, handle);
        let by_unique = world.unique_status(client, "u");
        let state = (by_handle.known, by_handle.running);
        assert_eq!((by_unique.known, by_unique.running), state);
        assert_eq!(by_unique.progress, by_handle.progress);
        (state, by_handle.progress)
    };
    assert_eq!(seen(&mut world), ((true, false), Progress::new(0, 0)));
    world.grab(worker);
    assert_eq!(seen(&mut world), ((true, true), Progress::new(0, 0)));
    world.update(worker, handle, progress(3, 4));
    world.next(client);
    assert_eq!(seen(&mut world), ((true, true), Progress::new(3, 4)));
    world.complete(worker, handle);
    world.next(client);
    assert_eq!(seen(&mut world), ((false, false), Progress::new(0, 0)));
}

#[test]
fn what_was_asked_for_is_echoed_though_it_is_unknown() {
    let mut world = World::new();
    let client = world.connect();
    let handle = "nobody".parse().expect("a good handle");
    assert_eq!(world.status(client, handle).handle, handle);
    assert_eq!(
        world.unique_status(client, "nothing").unique,
        crate::world::unique("nothing")
    );
}
