//! CAN_DO, CANT_DO, RESET_ABILITIES: who works on what.

use std::time::Duration;

use gearman_proto::FunctionName;

use super::Broker;
use crate::connection::Ability;
use crate::ids::{ConnectionId, FunctionId};

/// gearmand counts its time limits in seconds and raises what is less.
const SHORTEST_TIME_LIMIT: Duration = Duration::from_secs(1);

/// The time limit that CAN_DO_TIMEOUT asks for; 0 is none.
pub(super) fn time_limit(milliseconds: u32) -> Option<Duration> {
    let asked = Duration::from_millis(milliseconds.into());
    (!asked.is_zero()).then(|| asked.max(SHORTEST_TIME_LIMIT))
}

impl Broker {
    /// Registers a connection for a function, once more if it is registered already. It is not told of
    /// jobs that are queued: only new ones wake.
    pub(super) fn register(
        &mut self,
        from: ConnectionId,
        name: FunctionName,
        time_limit: Option<Duration>,
    ) {
        let function = self.functions.find_or_add(name);
        let connection = &mut self.connections[from];
        connection.abilities.push_front(Ability {
            function,
            time_limit,
        });
        let can_be_woken = connection.sleep.can_be_woken();
        let function = &mut self.functions.table[function];
        function.register(from);
        if can_be_woken {
            function.add_sleeper(from);
        }
    }

    /// Takes back all registrations for a function. The connection stays asleep for its others.
    pub(super) fn unregister(&mut self, from: ConnectionId, name: &FunctionName) {
        if let Some(function) = self.functions.find(name) {
            self.withdraw(from, function);
        }
    }

    pub(super) fn unregister_all(&mut self, from: ConnectionId) {
        while let Some(ability) = self.connections[from].abilities.front() {
            self.withdraw(from, ability.function);
        }
    }

    fn withdraw(&mut self, from: ConnectionId, function: FunctionId) {
        // Requeued while still registered: a connection that sleeps and holds jobs is told of its own.
        let held: Vec<_> = self.connections[from].held_of(function).collect();
        for job in held {
            self.requeue(job);
        }
        let abilities = &mut self.connections[from].abilities;
        abilities.retain(|ability| ability.function != function);
        self.functions.table[function].unregister(from);
    }
}
