use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::machine::Tally;

/// What runs on all connections together and what came of it, for those who look from outside.
#[derive(Debug, Default)]
pub(crate) struct Load {
    running: AtomicUsize,
    changed: Notify,
    completed: AtomicU64,
    failed: AtomicU64,
    undelivered: AtomicU64,
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

    pub(crate) fn confirm(&self, tally: Tally) {
        self.completed.fetch_add(tally.completed, Ordering::Relaxed);
        self.failed.fetch_add(tally.failed, Ordering::Relaxed);
    }

    pub(crate) fn confirmed(&self) -> Tally {
        Tally {
            completed: self.completed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn lose(&self, tally: Tally) {
        self.undelivered.fetch_add(tally.total(), Ordering::Relaxed);
    }

    pub(crate) fn undelivered(&self) -> u64 {
        self.undelivered.load(Ordering::Relaxed)
    }
}
