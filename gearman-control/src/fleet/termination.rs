use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::driver::Driver;
use super::{Event, Summary, Unasked};

/// Events that were not taken yet. The driver waits when there are more: they are news of workers, not
/// worth memory without bound, and none may be lost.
const EVENTS_WAITING: usize = 64;

/// Workers that are being stopped; see [`Fleet::terminate`](super::Fleet::terminate).
///
/// It goes on by itself as long as its events are taken. Dropped, it is at its end at once: orders that
/// no worker has taken vanish from the servers, and workers that drain go on draining.
#[derive(Debug)]
#[must_use = "dropped, it withdraws its orders"]
pub struct Termination {
    events: mpsc::Receiver<Event>,
    summary: Summary,
    /// One task, which is aborted when this is dropped.
    _driver: JoinSet<()>,
}

impl Termination {
    pub(super) fn begin(driver: Driver, unasked: Vec<Unasked>) -> Self {
        let (sender, events) = mpsc::channel(EVENTS_WAITING);
        let mut task = JoinSet::new();
        task.spawn(driver.run(unasked, sender));
        Self {
            events,
            summary: Summary::default(),
            _driver: task,
        }
    }

    /// The next thing that happens; `None` when there is nothing more to wait for.
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next_event(&mut self) -> Option<Event> {
        let event = self.events.recv().await?;
        self.summary.note(&event);
        Some(event)
    }

    /// What has become of the workers, as far as [`next_event`](Self::next_event) has told.
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Waits for the end, whatever happens meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the termination.
    pub async fn finish(mut self) -> Summary {
        while self.next_event().await.is_some() {}
        self.summary
    }
}
