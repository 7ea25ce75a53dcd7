use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gearman_net::{Endpoint, Transport, TransportError};
use gearman_proto::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};

use super::Command;
use crate::error::Failure;
use crate::mailbox::Told;
use crate::session::{Action, Question, RequestId, Session};
use crate::waiter::Waiter;
use crate::{ConnectionLost, LossReason, NotSentReason};

/// How long a connection waits for a consumer that has as many events as may wait. One that is alive
/// but was not scheduled needs no more, even on a busy machine; one that is not costs its neighbours no
/// more, and only once.
const PATIENCE: Duration = Duration::from_millis(20);

/// One connection as long as it lasts: the stream, the session, and who waits for what.
pub(super) struct Live<S> {
    transport: Transport<S>,
    session: Session,
    server: Arc<Endpoint>,
    /// Who has given up may be missing; the session does not mind.
    waiters: HashMap<RequestId, Waiter>,
    next_id: u64,
    /// Bytes handed to the transport so far.
    handed: u64,
    /// For each request that is not written whole: where it ends, counted as `handed`.
    unwritten: VecDeque<u64>,
    quiet_since: Instant,
}

/// Why handling packets has come to a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// All packets that were read have been handled.
    Dry,
    /// The events of this one's job are as many as may wait.
    Crowded(RequestId),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Live<S> {
    pub(super) fn new(stream: S, server: &Arc<Endpoint>, body_limit: u32) -> Self {
        Self {
            transport: Transport::new(stream, body_limit),
            session: Session::new(),
            server: Arc::clone(server),
            waiters: HashMap::new(),
            next_id: 0,
            handed: 0,
            unwritten: VecDeque::new(),
            quiet_since: Instant::now(),
        }
    }

    /// Asks all of it, to be written together.
    pub(super) fn take(
        &mut self,
        commands: impl Iterator<Item = Command>,
    ) -> Result<(), LossReason> {
        for Command { question, waiter } in commands {
            // Who has given up before his question was sent spares us sending it.
            if !waiter.has_left() {
                self.ask(question, Some(waiter))?;
            }
        }
        Ok(())
    }

    pub(super) fn ask(
        &mut self,
        question: Question,
        waiter: Option<Waiter>,
    ) -> Result<(), LossReason> {
        if !self.session.is_waiting() {
            self.quiet_since = Instant::now();
        }
        let id = RequestId(self.next_id);
        self.next_id += 1;
        if let Some(waiter) = waiter {
            self.waiters.insert(id, waiter);
        }
        self.session.ask(id, question);
        self.act().map(drop)
    }

    /// Waits until bytes have been read or written.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub(super) async fn moved(&mut self) -> Result<(), TransportError> {
        self.transport.moved().await?;
        self.quiet_since = Instant::now();
        self.note_written();
        Ok(())
    }

    /// Handles the packets that have been read.
    pub(super) fn handle_responses(&mut self) -> Result<Pace, LossReason> {
        while let Some(response) = self.transport.next_response()? {
            match response {
                Ok(response) => self.session.handle_response(response),
                Err(error) => {
                    tracing::debug!(server = %self.server, %error, "bad packet");
                    self.session.handle_bad_packet(error);
                }
            }
            let pace = self.act()?;
            if pace != Pace::Dry {
                return Ok(pace);
            }
        }
        Ok(Pace::Dry)
    }

    /// Gives a follower whose events are as many as may wait the time to take some, else the job up.
    pub(super) async fn wait_for(&mut self, id: RequestId) {
        let Some(waiter) = self.waiters.get(&id) else {
            return;
        };
        if timeout(PATIENCE, waiter.room()).await.is_err()
            && let Some(waiter) = self.waiters.remove(&id)
        {
            waiter.lagged();
        }
    }

    /// Bytes that wait for the server to take them.
    pub(super) fn queued(&self) -> usize {
        self.transport.queued()
    }

    /// Whether the server owes an answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.session.is_waiting()
    }

    /// When the last byte moved, or when the server began to owe an answer, whichever was later.
    pub(super) const fn quiet_since(&self) -> Instant {
        self.quiet_since
    }

    /// The connection is gone: tells everybody.
    pub(super) fn lose(mut self, reason: LossReason) {
        self.note_written();
        let lost = ConnectionLost::new(&self.server, reason);
        self.session.disconnected(self.unwritten.len());
        while let Some(action) = self.session.poll_action() {
            let Action::Lost { id, sent } = action else {
                continue;
            };
            if let Some(waiter) = self.waiters.remove(&id) {
                waiter.fail(if sent {
                    Failure::Lost(lost.clone())
                } else {
                    Failure::NotSent(NotSentReason::Lost(lost.clone()).into())
                });
            }
        }
    }

    /// Does what the session wants done.
    fn act(&mut self) -> Result<Pace, LossReason> {
        let mut pace = Pace::Dry;
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Send(request) => self.send(&request)?,
                Action::Answer { id, answer } => {
                    let waiter = self.waiters.remove(&id);
                    let stays = waiter.and_then(|waiter| waiter.answer(answer, &self.server));
                    if let Some(waiter) = stays {
                        self.waiters.insert(id, waiter);
                    }
                }
                Action::Event { id, event } => {
                    match self.waiters.get(&id).map(|waiter| waiter.event(event)) {
                        Some(Told::Last) => drop(self.waiters.remove(&id)),
                        Some(Told::Full) => pace = Pace::Crowded(id),
                        Some(Told::More) | None => {}
                    }
                }
                Action::Close(violation) => return Err(violation.into()),
                Action::Lost { .. } => {}
            }
        }
        Ok(pace)
    }

    fn send(&mut self, request: &Request) -> Result<(), LossReason> {
        let before = self.transport.queued();
        let sent = self.transport.send(request);
        self.handed += (self.transport.queued() - before) as u64;
        // Where it could not even be queued, it ends beyond everything that will be written.
        let end = if sent.is_ok() { self.handed } else { u64::MAX };
        self.unwritten.push_back(end);
        Ok(sent?)
    }

    fn note_written(&mut self) {
        let written = self.handed - self.transport.queued() as u64;
        while self.unwritten.front().is_some_and(|end| *end <= written) {
            self.unwritten.pop_front();
        }
    }
}
