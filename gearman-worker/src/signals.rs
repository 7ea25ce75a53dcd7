use std::io;

use tracing::info;

use crate::machine::Order;
use crate::report::StopReason;
use crate::stage::Wishes;

/// The signals that stop a worker, caught from the moment this exists.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> (&'static str, Order, StopReason) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", Order::Drain, StopReason::Terminated),
            _ = self.hang_up.recv() => ("SIGHUP", Order::Drain, StopReason::Terminated),
            _ = self.interrupt.recv() => ("SIGINT", Order::Cancel, StopReason::Interrupted),
        }
    }
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> (&'static str, Order, StopReason) {
        let _ = tokio::signal::ctrl_c().await;
        ("Ctrl-C", Order::Cancel, StopReason::Interrupted)
    }
}

impl Signals {
    /// Passes signals on for ever. A signal that asks for what is done already changes nothing and never
    /// delays the end.
    pub(crate) async fn forward(mut self, wishes: Wishes) {
        loop {
            let (name, order, reason) = self.next().await;
            let next = match order.max(wishes.current().order) {
                Order::Cancel => "handing running jobs back and leaving",
                _ => "finishing running jobs, then leaving; SIGINT stops in the middle of them",
            };
            info!("{name}: {next}");
            wishes.ask(order, reason);
        }
    }
}
