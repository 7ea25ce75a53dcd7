use tokio::sync::watch;
use tokio::time::Instant;

use crate::machine::Order;
use crate::report::StopReason;

/// What the worker is to do, and who asked for it first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) order: Order,
    pub(crate) reason: StopReason,
    /// When a drain is to become a cancel.
    pub(crate) deadline: Option<Instant>,
    /// Cancelled twice: no grace for the handlers.
    pub(crate) at_once: bool,
}

/// The one place where stopping is asked for: by signals, handles, triggers and control commands.
#[derive(Clone, Debug)]
pub(crate) struct Wishes(watch::Sender<Wish>);

impl Wishes {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Wish {
            order: Order::Work,
            reason: StopReason::Trigger,
            deadline: None,
            at_once: false,
        }))
    }

    /// Asks the worker to stop. One that is asked for more than before does it; nothing calls it back.
    pub(crate) fn stop(&self, order: Order, reason: StopReason) {
        self.0.send_if_modified(|wish| {
            if order > wish.order {
                (wish.order, wish.reason) = (order, reason);
                return true;
            }
            let again = order == Order::Cancel && !wish.at_once;
            wish.at_once |= again;
            again
        });
    }

    /// Asks for a drain that becomes a cancel at `deadline`; an earlier one stands.
    pub(crate) fn drain_until(&self, deadline: Instant, reason: StopReason) {
        self.stop(Order::Drain, reason);
        self.0.send_modify(|wish| {
            wish.deadline = Some(wish.deadline.map_or(deadline, |other| other.min(deadline)));
        });
    }

    /// Takes no jobs from now on, or takes them again. A worker that leaves does neither.
    pub(crate) fn quiet(&self, quiet: bool) {
        let (from, to) = if quiet {
            (Order::Work, Order::Quiet)
        } else {
            (Order::Quiet, Order::Work)
        };
        self.0.send_if_modified(|wish| {
            let changes = wish.order == from;
            if changes {
                wish.order = to;
            }
            changes
        });
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Wish> {
        self.0.subscribe()
    }

    pub(crate) fn current(&self) -> Wish {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_first_reason_stands_until_more_is_asked_for() {
        let wishes = Wishes::new();
        wishes.stop(Order::Drain, StopReason::Terminated);
        wishes.stop(Order::Drain, StopReason::Control);
        assert_eq!(wishes.current().reason, StopReason::Terminated);
        wishes.stop(Order::Cancel, StopReason::Interrupted);
        assert_eq!(wishes.current().reason, StopReason::Interrupted);
    }

    #[test]
    fn a_second_cancel_ends_the_grace() {
        let wishes = Wishes::new();
        wishes.stop(Order::Cancel, StopReason::Interrupted);
        assert!(!wishes.current().at_once);
        wishes.stop(Order::Cancel, StopReason::Interrupted);
        assert!(wishes.current().at_once);
    }

    #[test]
    fn nothing_brings_a_leaving_worker_back() {
        let wishes = Wishes::new();
        wishes.quiet(true);
        assert_eq!(wishes.current().order, Order::Quiet);
        wishes.quiet(false);
        assert_eq!(wishes.current().order, Order::Work);
        wishes.stop(Order::Drain, StopReason::Handle);
        wishes.quiet(false);
        wishes.quiet(true);
        assert_eq!(wishes.current().order, Order::Drain);
    }

    #[tokio::test(start_paused = true)]
    async fn the_earlier_deadline_stands() {
        let wishes = Wishes::new();
        let now = Instant::now();
        for seconds in [20, 10, 30] {
            wishes.drain_until(now + Duration::from_secs(seconds), StopReason::Handle);
        }
        assert_eq!(
            wishes.current().deadline,
            Some(now + Duration::from_secs(10))
        );
    }
}
