//! A connection goes, and with it the jobs that it held and those that it waited for.

use super::Broker;
use crate::ids::{ConnectionId, JobId};

impl Broker {
    /// The connection is gone: its jobs are requeued, and foreground jobs for which nobody else waits are
    /// abandoned.
    pub fn disconnect(&mut self, connection: ConnectionId) {
        if self.connections.get(connection).is_none() {
            return;
        }
        // First: who leaves must not be the one that is woken for a job that it gives back.
        self.wake_up(connection);
        let mut awaited: Vec<JobId> = self.connections[connection]
            .awaits
            .iter()
            .copied()
            .collect();
        awaited.sort_unstable();
        for job in awaited {
            self.unsubscribe(connection, job);
        }
        self.unregister_all(connection);
        self.connections.remove(connection);
    }

    /// Even a job that was submitted in the background is abandoned when a client that joined it leaves.
    fn unsubscribe(&mut self, client: ConnectionId, job: JobId) {
        let job = &mut self.jobs[job];
        job.subscribers.retain(|subscriber| *subscriber != client);
        job.abandoned |= job.subscribers.is_empty();
    }
}
