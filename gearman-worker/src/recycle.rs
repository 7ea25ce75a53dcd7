use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::machine::Order;
use crate::report::StopReason;
use crate::wishes::Wishes;

/// Lets a worker drain when it has begun so many jobs: for handlers that leak.
#[derive(Clone, Debug)]
pub(crate) struct Recycle {
    left: Arc<AtomicU64>,
    wishes: Wishes,
}

impl Recycle {
    pub(crate) fn after(jobs: u64, wishes: Wishes) -> Self {
        Self {
            left: Arc::new(AtomicU64::new(jobs)),
            wishes,
        }
    }

    /// A job begins. Says whether it is the last that may be asked for.
    pub(crate) fn job_begins(&self) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        let before = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        let last = before.is_ok_and(|before| before == 1);
        if last {
            self.wishes.stop(Order::Drain, StopReason::Recycled);
        }
        last
    }
}
