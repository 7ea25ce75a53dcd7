use std::sync::Arc;

use gearman_net::Endpoint;
use tokio::sync::mpsc;

use crate::driver::{COMMANDS_WAITING, Command, Dial, Driver, Settings};
use crate::error::Failure;
use crate::health::{Condition, Health};
use crate::session::Question;
use crate::waiter::Waiter;
use crate::{ConnectionLost, LossReason, NotSentReason};

/// A client's line to one server. The driver behind it works until every clone is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    server: Arc<Endpoint>,
    health: Health,
    commands: mpsc::Sender<Command>,
}

impl Connection {
    /// Spawns the driver, which connects when there is something to ask, unless it is given a stream.
    pub(crate) fn spawn<D: Dial>(dial: D, settings: Settings, stream: Option<D::Stream>) -> Self {
        let (commands, receiver) = mpsc::channel(COMMANDS_WAITING);
        let health = Health::new(if stream.is_some() {
            Condition::Up
        } else {
            Condition::Down
        });
        let server = Arc::clone(dial.server());
        let driver = Driver::new(dial, settings, health.clone(), receiver);
        // It ends with the last clone of this connection, and it waits for nothing without a limit.
        tokio::spawn(driver.run(stream));
        Self {
            server,
            health,
            commands,
        }
    }

    pub(crate) const fn server(&self) -> &Arc<Endpoint> {
        &self.server
    }

    pub(crate) fn condition(&self) -> Condition {
        self.health.condition()
    }

    /// Hands a question to the driver. The waiter hears what becomes of it.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, nothing has been handed over.
    pub(crate) async fn ask(&self, question: Question, waiter: Waiter) {
        if let Err(mpsc::error::SendError(command)) =
            self.commands.send(Command { question, waiter }).await
        {
            let reason = NotSentReason::Lost(self.stopped());
            command.waiter.fail(Failure::NotSent(reason.into()));
        }
    }

    /// Commands that can be handed over without waiting.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.commands.capacity()
    }

    /// What is said where the driver has ended before its time.
    pub(crate) fn stopped(&self) -> ConnectionLost {
        ConnectionLost::new(&self.server, LossReason::Stopped)
    }
}
