//! A walk through everything that can happen in a small world.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};

use gearman_worker::machine::{Order, Timer};

use super::{Plan, Step, World};

/// More than any of the worlds has.
const MOST_STATES: usize = 2_000_000;

/// What a walk has seen.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) states: usize,
    /// States in which nothing could happen any more, each judged.
    pub(crate) ends: usize,
}

/// A situation: the world, and what will still befall it from outside.
#[derive(Clone, Hash)]
struct Situation {
    world: World,
    events: Vec<Step>,
}

/// A state that was seen, by its number.
#[derive(Default)]
struct Node {
    /// Where it was come from first, and by which step.
    first: Option<(usize, Step)>,
    /// All states from which one step leads here.
    before: Vec<usize>,
}

/// Walks through every interleaving of `events` (each befalls the world once, at any moment, the same kind
/// in the order given) with everything that the world does by itself.
///
/// # Errors
///
/// A story that ends badly or has no end: its steps, and what was wrong.
pub(crate) fn walk(plan: Plan, events: &[Step]) -> Result<Walk, String> {
    let mut world = World::new(plan);
    for i in 0..world.workers.len() {
        world.step(Step::Connect(i));
    }
    let hasher = RandomState::new();
    let first = Situation {
        world,
        events: events.to_vec(),
    };
    let mut known = HashMap::from([(hasher.hash_one(&first), 0)]);
    let mut nodes = vec![Node::default()];
    let mut open = vec![(first, 0)];
    let mut ends = Vec::new();
    while let Some((situation, at)) = open.pop() {
        let next = situation.possible();
        if next.is_empty() {
            ends.push(at);
            let judged = catch_unwind(AssertUnwindSafe(|| situation.world.check_at_rest()));
            judged.map_err(|panic| story(&nodes, at, None, &*panic))?;
            continue;
        }
        for step in next {
            let mut after = situation.clone();
            let stepped = catch_unwind(AssertUnwindSafe(|| after.step(step)));
            stepped.map_err(|panic| story(&nodes, at, Some(step), &*panic))?;
            let new = nodes.len();
            let node = *known.entry(hasher.hash_one(&after)).or_insert(new);
            if node == new {
                assert!(
                    new < MOST_STATES,
                    "the world is too large to be walked through"
                );
                nodes.push(Node {
                    first: Some((at, step)),
                    before: Vec::new(),
                });
                open.push((after, node));
            }
            nodes[node].before.push(at);
        }
    }
    match endless(&nodes, &ends) {
        Some(at) => Err(story(&nodes, at, None, &"this never comes to an end")),
        None => Ok(Walk {
            states: nodes.len(),
            ends: ends.len(),
        }),
    }
}

/// A state that no path leads from to an end.
fn endless(nodes: &[Node], ends: &[usize]) -> Option<usize> {
    let mut ending = vec![false; nodes.len()];
    let mut open = ends.to_vec();
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut ending[at], true) {
            open.extend(&nodes[at].before);
        }
    }
    ending.iter().position(|ending| !ending)
}

impl Situation {
    fn step(&mut self, step: Step) {
        if let Some(at) = self.events.iter().position(|event| *event == step) {
            self.events.remove(at);
        }
        self.world.step(step);
    }

    /// What can happen next.
    fn possible(&self) -> Vec<Step> {
        let mut steps = self.events.clone();
        for (i, worker) in self.world.workers.iter().enumerate() {
            if worker.connection.is_some() && !worker.to_server.is_empty() {
                steps.push(Step::ReachServer(i));
            }
            if !worker.to_worker.is_empty() {
                steps.push(Step::ReachWorker(i));
            }
            steps.extend((0..worker.running.len()).map(|job| Step::Finish(i, job, true)));
            // A pause ends by itself; the safety poll is an event from outside, for it never stops.
            if let Some(Timer::BackOff(_)) = worker.machine.timer() {
                steps.push(Step::Timer(i));
            }
            let ordered = worker.machine.order() >= Order::Drain;
            if worker.connection.is_none() && !ordered {
                steps.push(Step::Connect(i));
            }
        }
        for (index, process) in self.world.processes.iter().enumerate() {
            if process.free_slots > 0 && !process.queue.is_empty() {
                steps.push(Step::Grant(index));
            }
        }
        steps.sort();
        steps.dedup();
        steps
    }
}

fn story(
    nodes: &[Node],
    mut at: usize,
    last: Option<Step>,
    panic: &(dyn std::any::Any + Send),
) -> String {
    let mut story: Vec<Step> = last.into_iter().collect();
    while let Some((before, step)) = nodes[at].first {
        story.push(step);
        at = before;
    }
    story.reverse();
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("{} after {story:?}", text.unwrap_or_default())
}
