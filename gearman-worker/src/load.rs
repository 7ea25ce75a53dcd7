use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many jobs run on all connections together, for those who wait for the last one.
#[derive(Debug, Default)]
pub(crate) struct Load {
    running: AtomicUsize,
    changed: Notify,
}

impl Load {
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// One connection had `before` jobs and has `now`.
    pub(crate) fn update(&self, before: usize, now: usize) {
        if now != before {
            self.running
                .fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
            self.changed.notify_waiters();
        }
    }

    /// Waits until the number may differ from `seen`.
    pub(crate) async fn changed_from(&self, seen: usize) {
        let changed = self.changed.notified();
        if self.running() == seen {
            changed.await;
        }
    }
}
