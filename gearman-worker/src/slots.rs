use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit};

use crate::cap::Cap;

type Acquire = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// One connection's share of the slots.
pub(crate) struct Slots {
    cap: Arc<Cap>,
    in_hand: Option<OwnedSemaphorePermit>,
    waiting: Option<Acquire>,
}

impl Slots {
    pub(crate) fn new(cap: Arc<Cap>) -> Self {
        Self {
            cap,
            in_hand: None,
            waiting: None,
        }
    }

    /// Takes a slot, or begins to wait for one. Says whether it was there.
    pub(crate) fn want(&mut self) -> bool {
        match self.cap.try_take() {
            Ok(permit) => {
                self.keep(permit);
                true
            }
            Err(_) => {
                self.waiting = Some(Box::pin(self.cap.take()));
                false
            }
        }
    }

    /// Waits until the slot that is wanted is there; for ever where none is.
    ///
    /// # Cancel safety
    ///
    /// The place in the queue is kept.
    pub(crate) async fn granted(&mut self) {
        let Some(waiting) = &mut self.waiting else {
            return pending().await;
        };
        let permit = waiting.await.expect("the semaphore is never closed");
        self.waiting = None;
        self.keep(permit);
    }

    pub(crate) fn release(&mut self, count: usize) {
        let released = self.in_hand.as_mut().and_then(|permit| permit.split(count));
        debug_assert!(
            released.is_some(),
            "{count} slots released that were not in hand"
        );
        if let Some(released) = released {
            self.cap.give_back(released);
        }
    }

    fn keep(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.in_hand {
            Some(in_hand) => in_hand.merge(permit),
            None => self.in_hand = Some(permit),
        }
    }
}
