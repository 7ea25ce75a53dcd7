//! The task that owns the connection to one server: it moves packets between the stream, the
//! [`Session`](crate::session::Session) and those who wait.
//!
//! It connects when there is something to ask, and again after a lost connection when there is
//! something to ask again. Whoever waited for a lost connection is told; nothing is asked twice.

mod dial;
mod live;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use gearman_net::Endpoint;
use gearman_proto::OptionName;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

pub(crate) use dial::{Dial, DialTcp};

use crate::error::Failure;
use crate::health::{Condition, Health};
use crate::session::Question;
use crate::waiter::Waiter;
use crate::{LossReason, NotSentReason};
use live::{Live, Pace};

/// Commands that may wait for the driver: beyond, whoever asks waits himself. Enough for a burst of
/// submissions to leave in one write.
pub(crate) const COMMANDS_WAITING: usize = 1024;

/// Commands taken at once; then what the server has sent gets its turn.
const COMMANDS_AT_ONCE: usize = 256;

/// With this many bytes queued for a server that does not take them, no further command is taken. Large
/// enough to keep a fast connection busy.
const WRITE_AHEAD: usize = 1 << 20;

/// A question and the one who waits for its answer.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) question: Question,
    pub(crate) waiter: Waiter,
}

/// How the driver behaves; the same for all servers of a client.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) request_limit: Duration,
    pub(crate) body_limit: u32,
    pub(crate) exceptions: bool,
}

/// See the [module's documentation](self).
pub(crate) struct Driver<D> {
    dial: D,
    server: Arc<Endpoint>,
    settings: Settings,
    health: Health,
    commands: mpsc::Receiver<Command>,
}

impl<D: Dial> Driver<D> {
    pub(crate) fn new(
        dial: D,
        settings: Settings,
        health: Health,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let server = Arc::clone(dial.server());
        Self {
            dial,
            server,
            settings,
            health,
            commands,
        }
    }

    /// Works until every [`Connection`](crate::connection::Connection) to it is dropped, and begins
    /// with `stream` where there is one already.
    pub(crate) async fn run(mut self, mut stream: Option<D::Stream>) {
        let mut taken = Vec::new();
        loop {
            let stream = match stream.take() {
                Some(stream) => stream,
                None => match self.connect(&mut taken).await {
                    Some(stream) => stream,
                    None => return,
                },
            };
            tracing::debug!(server = %self.server, "connected");
            self.health.set(Condition::Up);
            let mut live = Live::new(stream, &self.server, self.settings.body_limit);
            let Err(reason) = self.exchange(&mut live, &mut taken).await else {
                return;
            };
            tracing::debug!(server = %self.server, %reason, "connection lost");
            // Before the callers are told: who then asks again is to know.
            self.health.set(match reason {
                LossReason::Mute(_) => Condition::Mute,
                _ => Condition::Down,
            });
            live.lose(reason);
        }
    }

    /// Waits for something to ask, then connects. Meanwhile it takes commands, to notice when nobody is
    /// left who could ask; then there is `None`.
    async fn connect(&mut self, taken: &mut Vec<Command>) -> Option<D::Stream> {
        loop {
            taken.push(self.commands.recv().await?);
            let dialled = {
                let dialling = self.dial.dial();
                tokio::pin!(dialling);
                loop {
                    tokio::select! {
                        dialled = &mut dialling => break dialled,
                        command = self.commands.recv(), if taken.len() < COMMANDS_WAITING => {
                            taken.push(command?);
                        }
                    }
                }
            };
            match dialled {
                Ok(stream) => return Some(stream),
                Err(error) => {
                    tracing::debug!(%error, "no connection");
                    let reason = NotSentReason::Unreachable(Arc::new(error));
                    for command in taken.drain(..) {
                        command.waiter.fail(Failure::NotSent(reason.clone().into()));
                    }
                }
            }
        }
    }

    /// Moves packets until the connection breaks, or nobody is left who could ask.
    /// Begins with the commands that are taken already.
    async fn exchange(
        &mut self,
        live: &mut Live<D::Stream>,
        taken: &mut Vec<Command>,
    ) -> Result<(), LossReason> {
        if self.settings.exceptions {
            live.ask(Question::SetOption(OptionName::exceptions()), None)?;
        }
        live.take(taken.drain(..))?;
        let limit = self.settings.request_limit;
        let timer = sleep(limit);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                moved = live.moved() => {
                    moved?;
                    while let Pace::Crowded(id) = live.handle_responses()? {
                        live.wait_for(id).await;
                    }
                }
                count = self.commands.recv_many(taken, COMMANDS_AT_ONCE),
                    if live.queued() < WRITE_AHEAD =>
                {
                    if count == 0 {
                        return Ok(());
                    }
                    live.take(taken.drain(..))?;
                }
                // Set again when it has fired, not with each packet: that is cheaper.
                () = &mut timer, if live.is_waiting() => {
                    let due = live.quiet_since() + limit;
                    if due <= Instant::now() {
                        return Err(LossReason::Mute(limit));
                    }
                    timer.as_mut().reset(due);
                }
            }
        }
    }
}
