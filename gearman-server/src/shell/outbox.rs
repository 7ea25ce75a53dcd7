//! What a connection is to be sent, on its way from the broker task to the connection task.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use gearman_proto::{EncodeError, Response};
use tokio::sync::mpsc;

use crate::Output;

/// The most that is kept for a peer that does not read. gearmand has no limit: one peer that asks for
/// echoes and never reads them takes all memory.
pub(super) const OUTPUT_LIMIT: usize = 64 << 20;

/// From this size on a payload is sent from where it lies; smaller ones are cheaper to copy than to give
/// a slice of their own in the system call.
const LARGE_PAYLOAD: usize = 8 << 10;

/// Room for the small packets of a connection, made once and used again when they have been written.
const TAIL_ROOM: usize = 4 << 10;

/// The broker task's end.
pub(crate) struct Outbox {
    /// Small packets, one behind the other.
    tail: BytesMut,
    /// What stands before them.
    pieces: Vec<Bytes>,
    /// Bytes that were flushed and not written yet.
    unwritten: Arc<AtomicUsize>,
    sender: mpsc::UnboundedSender<Delivery>,
}

/// The connection task's end.
pub(super) struct Inbox {
    unwritten: Arc<AtomicUsize>,
    receiver: mpsc::UnboundedReceiver<Delivery>,
}

/// What comes out of an [`Inbox`].
pub(super) enum Delivery {
    Pieces(Vec<Bytes>),
    /// Nothing more comes: write what there is, then close.
    Close,
}

/// The connection can't be served any longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutboxError {
    /// Whoever holds the inbox is gone.
    #[error("the connection is gone")]
    Gone,
    #[error("the peer has not read {unwritten} bytes, and the limit is {OUTPUT_LIMIT}")]
    Full { unwritten: usize },
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// The two ends. There is no bound on the number of deliveries, but on their bytes.
pub(super) fn outbox() -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let unwritten = Arc::<AtomicUsize>::default();
    let outbox = Outbox {
        tail: BytesMut::with_capacity(TAIL_ROOM),
        pieces: Vec::new(),
        unwritten: Arc::clone(&unwritten),
        sender,
    };
    let inbox = Inbox {
        unwritten,
        receiver,
    };
    (outbox, inbox)
}

impl Outbox {
    /// Whether there is something that a flush would send.
    pub(super) fn is_dirty(&self) -> bool {
        !(self.tail.is_empty() && self.pieces.is_empty())
    }

    /// Adds an output to the next delivery. Close flushes.
    pub(super) fn push(&mut self, output: Output) -> Result<(), OutboxError> {
        match output {
            Output::Response(response) => self.push_response(&response),
            Output::Text(text) => {
                self.tail.extend_from_slice(&text);
                Ok(())
            }
            Output::Close => {
                self.flush()?;
                self.send(Delivery::Close)
            }
        }
    }

    /// Sends everything that was pushed.
    pub(super) fn flush(&mut self) -> Result<(), OutboxError> {
        self.seal_tail();
        let pieces = std::mem::take(&mut self.pieces);
        let bytes: usize = pieces.iter().map(Bytes::len).sum();
        if bytes == 0 {
            return Ok(());
        }
        // Only a count, which publishes nothing: the channel orders what matters.
        let unwritten = self.unwritten.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if unwritten > OUTPUT_LIMIT {
            return Err(OutboxError::Full { unwritten });
        }
        self.send(Delivery::Pieces(pieces))
    }

    fn push_response(&mut self, response: &Response) -> Result<(), OutboxError> {
        match response.encode_head(&mut self.tail)? {
            Some(payload) if payload.len() >= LARGE_PAYLOAD => {
                let payload = payload.clone();
                self.seal_tail();
                self.pieces.push(payload);
            }
            Some(payload) => self.tail.extend_from_slice(payload),
            None => {}
        }
        Ok(())
    }

    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push(self.tail.split().freeze());
        }
    }

    fn send(&self, delivery: Delivery) -> Result<(), OutboxError> {
        let sent = self.sender.send(delivery);
        sent.map_err(|_| OutboxError::Gone)
    }
}

impl Inbox {
    /// The next delivery; `None` when the connection is cut off.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn receive(&mut self) -> Option<Delivery> {
        self.receiver.recv().await
    }

    /// Makes room in the outbox.
    pub(super) fn written(&self, bytes: usize) {
        self.unwritten.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(length: usize) -> Output {
        Output::Response(Response::Echo(vec![b'x'; length].into()))
    }

    fn pieces(inbox: &mut Inbox) -> Vec<usize> {
        match inbox.receiver.try_recv() {
            Ok(Delivery::Pieces(pieces)) => pieces.iter().map(Bytes::len).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn small_packets_are_gathered_and_large_payloads_are_not_copied() {
        let (mut outbox, mut inbox) = outbox();
        for length in [0, 10, LARGE_PAYLOAD, 1] {
            outbox.push(echo(length)).unwrap();
        }
        assert!(outbox.is_dirty());
        outbox.flush().unwrap();
        assert!(!outbox.is_dirty());
        assert_eq!(pieces(&mut inbox), [12 + 22 + 12, LARGE_PAYLOAD, 13]);
    }

    #[test]
    fn nothing_is_sent_for_nothing() {
        let (mut outbox, mut inbox) = outbox();
        outbox.flush().unwrap();
        assert!(inbox.receiver.try_recv().is_err());
    }

    #[test]
    fn a_peer_that_does_not_read_is_cut_off_at_the_limit() {
        let (mut outbox, inbox) = outbox();
        outbox.push(echo(OUTPUT_LIMIT - 12)).unwrap();
        outbox.flush().unwrap();
        outbox.push(echo(0)).unwrap();
        assert!(matches!(outbox.flush(), Err(OutboxError::Full { .. })));
        drop(inbox);
    }

    #[test]
    fn what_was_written_makes_room() {
        let (mut outbox, inbox) = outbox();
        for _ in 0..3 {
            outbox.push(echo(OUTPUT_LIMIT - 12)).unwrap();
            outbox.flush().unwrap();
            inbox.written(OUTPUT_LIMIT);
        }
    }
}
