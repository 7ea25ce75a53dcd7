use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How many jobs run at once, over all connections of a worker. Slots go to whoever asked first.
#[derive(Debug)]
pub(crate) struct Cap {
    slots: Arc<Semaphore>,
    size: Mutex<usize>,
    /// Slots that are to vanish as they come back: the cap was lowered below what was in use.
    debt: AtomicUsize,
}

impl Cap {
    pub(crate) fn new(size: usize) -> Self {
        let debt = AtomicUsize::new(0);
        Self {
            slots: Arc::new(Semaphore::new(size)),
            size: Mutex::new(size),
            debt,
        }
    }

    pub(crate) fn size(&self) -> usize {
        *self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jobs that run, and grabs that are open, are honoured when the cap is lowered.
    pub(crate) fn resize(&self, size: usize) {
        let mut current = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if size > *current {
            let more = size - *current;
            let paid = self.pay(more);
            self.slots.add_permits(more - paid);
        } else {
            let fewer = *current - size;
            let forgotten = self.slots.forget_permits(fewer);
            self.debt.fetch_add(fewer - forgotten, Ordering::Relaxed);
        }
        *current = size;
    }

    /// Slots that nobody has.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.slots.available_permits()
    }

    pub(crate) fn try_take(&self) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        Arc::clone(&self.slots).try_acquire_owned()
    }

    pub(crate) fn take(
        &self,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + 'static {
        Arc::clone(&self.slots).acquire_owned()
    }

    /// Slots come back.
    pub(crate) fn give_back(&self, mut slots: OwnedSemaphorePermit) {
        let paid = self.pay(slots.num_permits());
        if let Some(paid) = slots.split(paid) {
            paid.forget();
        }
    }

    /// Pays off as much of the debt as so many slots allow.
    fn pay(&self, slots: usize) -> usize {
        let pay = |debt: usize| Some(debt - debt.min(slots));
        let before = self
            .debt
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay);
        before.unwrap_or_default().min(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_that_is_lowered_below_what_is_in_use_takes_back_what_returns() {
        let cap = Cap::new(3);
        let in_use: Vec<_> = (0..3).map(|_| cap.try_take().unwrap()).collect();
        cap.resize(1);
        let mut in_use = in_use.into_iter();
        cap.give_back(in_use.next().unwrap());
        cap.give_back(in_use.next().unwrap());
        assert!(
            cap.try_take().is_err(),
            "one is still in use, and one is allowed"
        );
        cap.give_back(in_use.next().unwrap());
        assert!(cap.try_take().is_ok());
    }

    #[test]
    fn a_cap_that_is_raised_again_pays_its_debt_first() {
        let cap = Cap::new(2);
        let one = cap.try_take().unwrap();
        let _two = cap.try_take().unwrap();
        cap.resize(1);
        cap.resize(2);
        assert!(cap.try_take().is_err());
        cap.give_back(one);
        assert!(cap.try_take().is_ok());
    }
}
