//! The task of one connection: bytes to messages, and outputs to bytes.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::Event;
use super::chunks::Chunks;
use super::inbound::Inbound;
use super::outbox::{Delivery, Inbox, outbox};
use crate::ConnectionId;

/// What one read may bring. With it the messages of one event are bounded too.
const READ_LIMIT: usize = 64 << 10;

/// Room that is made for a read; an idle connection keeps no more.
const READ_ROOM: usize = 16 << 10;

/// Serves a connection until it is closed by either side, or the broker task is gone.
pub(crate) async fn serve<S>(stream: S, peer: Bytes, body_limit: u32, events: mpsc::Sender<Event>)
where
    S: AsyncRead + AsyncWrite,
{
    let (outbox, inbox) = outbox();
    let (sender, id) = oneshot::channel();
    let connected = Event::Connected {
        peer,
        outbox,
        id: sender,
    };
    if events.send(connected).await.is_err() {
        return;
    }
    let Ok(id) = id.await else { return };
    let task = ConnectionTask {
        id,
        inbound: Inbound::new(body_limit),
        inbox,
        events: events.clone(),
    };
    if let Err(error) = task.run(stream).await {
        tracing::debug!(connection = %id, %error, "connection is lost");
    }
    // Where the broker has closed the connection it ignores this; where it is gone nobody hears it.
    _ = events.send(Event::Disconnected(id)).await;
}

struct ConnectionTask {
    id: ConnectionId,
    inbound: Inbound,
    inbox: Inbox,
    events: mpsc::Sender<Event>,
}

impl ConnectionTask {
    async fn run(mut self, stream: impl AsyncRead + AsyncWrite) -> io::Result<()> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut received = BytesMut::new();
        let mut unwritten = Chunks::default();
        let mut closing = false;
        while !closing || unwritten.has_remaining() {
            received.reserve(READ_ROOM);
            let mut room = (&mut received).limit(READ_LIMIT);
            // Each arm may lose its turn without losing bytes.
            tokio::select! {
                read = reader.read_buf(&mut room) => {
                    // Whoever closes only his sending half is gone all the same, as with gearmand.
                    if read? == 0 {
                        return Ok(());
                    }
                    if !self.tell_broker(&mut received).await {
                        return Ok(());
                    }
                }
                delivery = self.inbox.receive() => match delivery {
                    Some(Delivery::Pieces(pieces)) => unwritten.extend(pieces),
                    Some(Delivery::Close) => closing = true,
                    // Cut off; but behind Close it only means that the outbox has done its work.
                    None if closing => {}
                    None => return Ok(()),
                },
                written = writer.write_buf(&mut unwritten), if unwritten.has_remaining() => {
                    self.inbox.written(written?);
                }
            }
        }
        writer.shutdown().await
    }

    /// Sends on what is whole. `false` when nobody listens any more.
    async fn tell_broker(&mut self, received: &mut BytesMut) -> bool {
        let messages = self.inbound.decode(received);
        messages.is_empty() || {
            let event = Event::Received(self.id, messages);
            self.events.send(event).await.is_ok()
        }
    }
}
