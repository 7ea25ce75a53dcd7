use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

type Acquire = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// One connection's share of the slots. All connections of a worker draw on one semaphore, which serves
/// them in the order in which they came.
pub(crate) struct Slots {
    semaphore: Arc<Semaphore>,
    in_hand: Option<OwnedSemaphorePermit>,
    waiting: Option<Acquire>,
}

impl Slots {
    pub(crate) fn new(semaphore: Arc<Semaphore>) -> Self {
        Self {
            semaphore,
            in_hand: None,
            waiting: None,
        }
    }

    /// Takes a slot, or begins to wait for one. Says whether it was there.
    pub(crate) fn want(&mut self) -> bool {
        match Arc::clone(&self.semaphore).try_acquire_owned() {
            Ok(permit) => {
                self.keep(permit);
                true
            }
            Err(_) => {
                self.waiting = Some(Box::pin(Arc::clone(&self.semaphore).acquire_owned()));
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
    }

    fn keep(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.in_hand {
            Some(in_hand) => in_hand.merge(permit),
            None => self.in_hand = Some(permit),
        }
    }
}
