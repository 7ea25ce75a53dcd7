//! The task that owns the broker.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Event;
use super::clock::Clock;
use super::inbound::Message;
use super::outbox::{Outbox, OutboxError};
use crate::{Broker, ConnectionId, Output};

/// Events that are handled before outputs go out: enough to fill a write, too few to be felt as a delay.
const BATCH: usize = 64;

/// Runs the broker until `stop`. Then all connections are cut off, as with gearmand on SIGTERM.
pub(crate) async fn run(
    broker: Broker,
    mut events: mpsc::Receiver<Event>,
    stop: CancellationToken,
) {
    let clock = Clock::new();
    let mut task = BrokerTask {
        broker,
        outboxes: HashMap::new(),
        dirty: Vec::new(),
    };
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        // While nothing waits for its time there is no timer, and an idle server is asleep.
        let alarm = task.broker.next_alarm();
        tokio::select! {
            () = stop.cancelled() => return,
            received = events.recv_many(&mut batch, BATCH) => {
                // Nobody is left who could send one.
                if received == 0 {
                    return;
                }
            }
            () = clock.sleep_until(alarm) => {}
        }
        task.broker.advance_clock(clock.now());
        for event in batch.drain(..) {
            task.handle(event);
        }
        task.deliver();
    }
}

struct BrokerTask {
    broker: Broker,
    outboxes: HashMap<ConnectionId, Outbox>,
    /// The connections whose outbox is to be flushed.
    dirty: Vec<ConnectionId>,
}

impl BrokerTask {
    fn handle(&mut self, event: Event) {
        match event {
            Event::Connected { peer, outbox, id } => {
                let connection = self.broker.connect(peer);
                self.outboxes.insert(connection, outbox);
                // If nobody waits for it, the outbox will say so when it is used.
                if id.send(connection).is_err() {
                    self.cut_off(connection, &OutboxError::Gone);
                }
            }
            Event::Received(from, messages) => {
                for message in messages {
                    match message {
                        Message::Request(request) => self.broker.handle_request(from, request),
                        Message::BadPacket(error) => self.broker.handle_bad_packet(from, error),
                        Message::Command(command) => self.broker.handle_command(from, command),
                        Message::Nonsense => self.broker.close(from),
                    }
                }
            }
            Event::Disconnected(connection) => {
                self.broker.disconnect(connection);
                self.outboxes.remove(&connection);
            }
            Event::Inspect(look) => look(&self.broker),
        }
    }

    /// Hands out what the broker has to say. Whoever can't take it is cut off, which may give the broker
    /// more to say to others.
    fn deliver(&mut self) {
        loop {
            while let Some((to, output)) = self.broker.poll_output() {
                self.push(to, output);
            }
            let Some(connection) = self.dirty.pop() else {
                return;
            };
            let outbox = self.outboxes.get_mut(&connection);
            if let Some(Err(error)) = outbox.map(Outbox::flush) {
                self.cut_off(connection, &error);
            }
        }
    }

    fn push(&mut self, to: ConnectionId, output: Output) {
        let Some(outbox) = self.outboxes.get_mut(&to) else {
            return;
        };
        let was_dirty = outbox.is_dirty();
        let closes = matches!(output, Output::Close);
        if let Err(error) = outbox.push(output) {
            return self.cut_off(to, &error);
        }
        if closes {
            self.outboxes.remove(&to);
        } else if !was_dirty {
            self.dirty.push(to);
        }
    }

    fn cut_off(&mut self, connection: ConnectionId, error: &OutboxError) {
        tracing::debug!(%connection, %error, "connection is cut off");
        self.outboxes.remove(&connection);
        self.broker.disconnect(connection);
    }
}
