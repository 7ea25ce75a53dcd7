use std::collections::{BTreeSet, HashMap, VecDeque};

use gearman_admin::QueueLimits;
use gearman_proto::{FunctionName, Priority};

use crate::ids::{ConnectionId, FunctionId, JobId, Table};

/// The levels in the order in which they are served.
pub(crate) const LEVELS: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

/// A function: its waiting jobs and the connections that work on it.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: FunctionName,
    pub(crate) limits: QueueLimits,
    pub(crate) running: usize,
    /// Epoch jobs whose time has not come. They are in no level.
    pub(crate) waiting: usize,
    levels: [VecDeque<JobId>; 3],
    /// One entry for each registration. The next walk for sleepers begins at the front: where gearmand
    /// moves a pointer around a ring, the ring turns here.
    ring: VecDeque<ConnectionId>,
    /// The connections in the ring that sleep and were not told of a job yet. Busy workers are never
    /// looked at when a job comes.
    sleepers: BTreeSet<ConnectionId>,
}

impl Function {
    fn new(name: FunctionName) -> Self {
        Self {
            name,
            limits: QueueLimits::UNLIMITED,
            running: 0,
            waiting: 0,
            levels: Default::default(),
            ring: VecDeque::new(),
            sleepers: BTreeSet::new(),
        }
    }

    /// Puts a job behind the others of its level.
    pub(crate) fn push(&mut self, priority: Priority, job: JobId) {
        self.levels[level(priority)].push_back(job);
    }

    /// The job that is to be assigned next.
    pub(crate) fn front(&self) -> Option<JobId> {
        self.levels.iter().find_map(VecDeque::front).copied()
    }

    /// Takes off what [`front`](Self::front) shows.
    pub(crate) fn pop(&mut self) -> Option<JobId> {
        self.levels.iter_mut().find_map(VecDeque::pop_front)
    }

    /// The jobs of one level in their order.
    pub(crate) fn queue(&self, priority: Priority) -> impl ExactSizeIterator<Item = JobId> {
        self.levels[level(priority)].iter().copied()
    }

    pub(crate) fn queued(&self) -> usize {
        self.levels.iter().map(VecDeque::len).sum()
    }

    pub(crate) fn total(&self) -> usize {
        self.queued() + self.waiting + self.running
    }

    /// Whether its queue is too long for another job of that priority.
    ///
    /// The limit is the priority's own; it is compared with all jobs, running ones included.
    pub(crate) fn is_full(&self, priority: Priority) -> bool {
        let limit = match priority {
            Priority::High => self.limits.high,
            Priority::Normal => self.limits.normal,
            Priority::Low => self.limits.low,
        };
        limit.is_some_and(|limit| self.total() >= limit.get() as usize)
    }

    pub(crate) fn register(&mut self, worker: ConnectionId) {
        self.ring.push_back(worker);
    }

    /// Forgets all registrations of a connection.
    pub(crate) fn unregister(&mut self, worker: ConnectionId) {
        self.ring.retain(|registered| *registered != worker);
        self.sleepers.remove(&worker);
    }

    /// The registrations, beginning where the next walk begins.
    pub(crate) fn ring(&self) -> impl ExactSizeIterator<Item = ConnectionId> {
        self.ring.iter().copied()
    }

    pub(crate) fn add_sleeper(&mut self, worker: ConnectionId) {
        self.sleepers.insert(worker);
    }

    pub(crate) fn remove_sleeper(&mut self, worker: ConnectionId) {
        self.sleepers.remove(&worker);
    }

    /// Chooses the sleepers that are told of a new job: `at_most` of them in the ring's order, or all if
    /// that is 0.
    pub(crate) fn choose_sleepers(&mut self, at_most: usize) -> Vec<ConnectionId> {
        if at_most == 0 {
            return std::mem::take(&mut self.sleepers).into_iter().collect();
        }
        let mut chosen = Vec::new();
        let mut passed = 0;
        for worker in &self.ring {
            if self.sleepers.is_empty() || chosen.len() == at_most {
                break;
            }
            passed += 1;
            if self.sleepers.remove(worker) {
                chosen.push(*worker);
            }
        }
        // A walk that finds too few ends where it began.
        if chosen.len() == at_most {
            self.ring.rotate_left(passed);
        }
        chosen
    }
}

const fn level(priority: Priority) -> usize {
    match priority {
        Priority::High => 0,
        Priority::Normal => 1,
        Priority::Low => 2,
    }
}

/// All functions that were ever named, but for those that were dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions {
    pub(crate) table: Table<FunctionId, Function>,
    names: HashMap<FunctionName, FunctionId>,
}

impl Functions {
    pub(crate) fn find(&self, name: &FunctionName) -> Option<FunctionId> {
        self.names.get(name).copied()
    }

    /// The function of that name; a function comes into being when it is first named.
    pub(crate) fn find_or_add(&mut self, name: FunctionName) -> FunctionId {
        *self
            .names
            .entry(name)
            .or_insert_with_key(|name| self.table.insert(Function::new(name.clone())))
    }

    pub(crate) fn remove(&mut self, id: FunctionId) -> Option<Function> {
        let function = self.table.remove(id)?;
        self.names.remove(&function.name);
        Some(function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Serial;

    fn function(workers: u64) -> Function {
        let mut function = Function::new(FunctionName::new("f").unwrap());
        for worker in 1..=workers {
            function.register(ConnectionId::from_number(worker));
        }
        function
    }

    fn sleep(function: &mut Function, workers: &[u64]) {
        for worker in workers {
            function.add_sleeper(ConnectionId::from_number(*worker));
        }
    }

    fn choose(function: &mut Function, at_most: usize) -> Vec<u64> {
        let chosen = function.choose_sleepers(at_most);
        chosen.into_iter().map(Serial::number).collect()
    }

    #[test]
    fn high_goes_before_normal_before_low_and_each_is_first_in_first_out() {
        let mut function = function(0);
        let order = [Priority::Low, Priority::Normal, Priority::High];
        for (number, priority) in order.into_iter().chain(order).enumerate() {
            function.push(priority, JobId::from_number(number as u64));
        }
        let served: Vec<u64> = std::iter::from_fn(|| function.pop())
            .map(Serial::number)
            .collect();
        assert_eq!(served, [2, 5, 1, 4, 0, 3]);
    }

    #[test]
    fn a_walk_begins_where_the_last_one_ended() {
        let mut function = function(4);
        sleep(&mut function, &[1, 2, 3, 4]);
        assert_eq!(choose(&mut function, 1), [1]);
        sleep(&mut function, &[1]);
        assert_eq!(choose(&mut function, 2), [2, 3]);
        assert_eq!(choose(&mut function, 1), [4]);
        assert_eq!(choose(&mut function, 1), [1]);
    }

    #[test]
    fn a_walk_that_finds_too_few_sleepers_ends_where_it_began() {
        let mut function = function(3);
        sleep(&mut function, &[2]);
        assert_eq!(choose(&mut function, 2), [2]);
        assert_eq!(
            function.ring().map(Serial::number).collect::<Vec<_>>(),
            [1, 2, 3]
        );
    }

    #[test]
    fn a_new_registration_is_the_last_to_be_looked_at() {
        let mut function = function(2);
        sleep(&mut function, &[1, 2]);
        assert_eq!(choose(&mut function, 1), [1]);
        function.register(ConnectionId::from_number(3));
        sleep(&mut function, &[1, 3]);
        assert_eq!(choose(&mut function, 1), [2]);
        assert_eq!(choose(&mut function, 1), [1]);
        assert_eq!(choose(&mut function, 1), [3]);
    }

    #[test]
    fn a_connection_that_registered_twice_is_chosen_once() {
        let mut function = function(1);
        function.register(ConnectionId::from_number(1));
        sleep(&mut function, &[1]);
        assert_eq!(choose(&mut function, 5), [1]);
    }
}
