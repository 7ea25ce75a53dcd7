use tokio::sync::watch;

use crate::machine::Order;
use crate::report::StopReason;

/// How far a worker is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// It takes jobs.
    Running,
    /// It takes no jobs until it is told to resume.
    Quiet,
    /// It takes no more jobs, and finishes those that it has.
    Draining,
    /// It hands back the jobs that it has.
    Cancelling,
    /// It has left all servers.
    Closed,
}

/// The stages of a worker as they come. Stages that passed while nobody looked are left out.
#[derive(Clone, Debug)]
pub struct Stages {
    pub(crate) receiver: watch::Receiver<Stage>,
}

impl Stages {
    /// The stage now.
    pub fn current(&self) -> Stage {
        *self.receiver.borrow()
    }

    /// Waits for the next stage; `None` after [`Stage::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Stage> {
        if *self.receiver.borrow_and_update() == Stage::Closed {
            return None;
        }
        self.receiver.changed().await.ok()?;
        Some(*self.receiver.borrow_and_update())
    }
}

/// What the worker is to do and who said so first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) order: Order,
    pub(crate) reason: StopReason,
}

/// The one place where stopping is asked for: by signals, handles, triggers and control commands.
#[derive(Clone, Debug)]
pub(crate) struct Wishes(watch::Sender<Wish>);

impl Wishes {
    pub(crate) fn new() -> Self {
        let wish = Wish {
            order: Order::Work,
            reason: StopReason::Trigger,
        };
        Self(watch::Sender::new(wish))
    }

    /// A worker that is asked for more than before does it; nothing calls it back.
    pub(crate) fn ask(&self, order: Order, reason: StopReason) {
        self.0.send_if_modified(|wish| {
            let more = order > wish.order;
            if more {
                *wish = Wish { order, reason };
            }
            more
        });
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Wish> {
        self.0.subscribe()
    }

    pub(crate) fn current(&self) -> Wish {
        *self.0.borrow()
    }
}
