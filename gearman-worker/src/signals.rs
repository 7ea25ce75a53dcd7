use std::io;
use std::sync::Arc;

use tracing::info;

use crate::machine::Order;
use crate::report::StopReason;
use crate::wishes::Wishes;

/// What the user wants to be done on SIGHUP.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// What a signal asks for.
enum Wanted {
    Stop(Order, StopReason),
    Quiet(bool),
    HangUp,
}

/// The signals that a worker obeys, caught from the moment this exists.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    user_1: tokio::signal::unix::Signal,
    user_2: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> (&'static str, Wanted) {
        let drain = Wanted::Stop(Order::Drain, StopReason::Terminated);
        let cancel = Wanted::Stop(Order::Cancel, StopReason::Interrupted);
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", drain),
            _ = self.interrupt.recv() => ("SIGINT", cancel),
            _ = self.hang_up.recv() => ("SIGHUP", Wanted::HangUp),
            _ = self.user_1.recv() => ("SIGUSR1", Wanted::Quiet(true)),
            _ = self.user_2.recv() => ("SIGUSR2", Wanted::Quiet(false)),
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

    async fn next(&mut self) -> (&'static str, Wanted) {
        let _ = tokio::signal::ctrl_c().await;
        (
            "Ctrl-C",
            Wanted::Stop(Order::Cancel, StopReason::Interrupted),
        )
    }
}

impl Signals {
    /// Passes signals on for ever, and logs what comes next. A signal that asks for what is done already
    /// changes nothing and never delays the end.
    pub(crate) async fn forward(mut self, wishes: Wishes, hang_up: Option<Hook>) {
        loop {
            let (name, wanted) = self.next().await;
            match wanted {
                Wanted::Stop(order, reason) => wishes.stop(order, reason),
                Wanted::Quiet(quiet) => wishes.quiet(quiet),
                // The process manager starts the new configuration.
                Wanted::HangUp => match &hang_up {
                    Some(hook) => hook(),
                    None => wishes.stop(Order::Drain, StopReason::Terminated),
                },
            }
            info!("{name}: {}", next_step(wishes.current().order));
        }
    }
}

fn next_step(order: Order) -> &'static str {
    match order {
        Order::Work => "taking jobs",
        Order::Quiet => "taking no jobs until SIGUSR2; SIGTERM leaves",
        Order::Drain => "finishing running jobs, then leaving; SIGINT stops in the middle of them",
        Order::Cancel => "handing running jobs back and leaving; SIGINT does not wait for them",
    }
}
