use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use gearman_proto::{EncodeError, FrameDecoder, FrameError, PacketError, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::write_queue::WriteQueue;

/// Room for one read. A burst of small packets fits; an idle connection costs no more than this.
const READ_STEP: usize = 16 << 10;

/// Reading pauses after this many bytes, for the packets to be taken out: a fast sender can't keep us from
/// writing.
const READ_AT_ONCE: usize = 256 << 10;

/// Packets over a stream of bytes: the client's or worker's side of a connection.
///
/// [`send`](Self::send) only queues. [`moved`](Self::moved) is the one thing to wait for: it writes what
/// is queued and reads what has come, whichever the stream lets it do. Then take the packets out with
/// [`next_response`](Self::next_response) until there is none.
#[derive(Debug)]
pub struct Transport<S> {
    stream: S,
    decoder: FrameDecoder,
    input: BytesMut,
    output: WriteQueue,
}

/// What [`Transport::moved`] moved: at least one of the two is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Bytes read.
    pub read: usize,
    /// Bytes written.
    pub written: usize,
}

/// The connection is at its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The peer closed it.
    #[error("the server closed the connection")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The bytes read are no packets.
    #[error("the server does not speak Gearman: {0}")]
    Frame(#[from] FrameError),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    /// Packets over `stream`, with bodies of up to `body_limit` bytes accepted.
    pub fn new(stream: S, body_limit: u32) -> Self {
        Self {
            stream,
            decoder: FrameDecoder::new(body_limit),
            input: BytesMut::new(),
            output: WriteQueue::default(),
        }
    }

    /// Queues a request.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] where it has no wire form; the queue is as before.
    pub fn send(&mut self, request: &Request) -> Result<(), EncodeError> {
        self.output.push(|head| request.encode_head(head))
    }

    /// The next packet of what has been read.
    ///
    /// # Errors
    ///
    /// [`TransportError::Frame`]: the stream can't be followed any longer. An error inside is one bad
    /// packet; go on.
    pub fn next_response(
        &mut self,
    ) -> Result<Option<Result<Response, PacketError>>, TransportError> {
        let frame = self.decoder.decode(&mut self.input)?;
        Ok(frame.map(|packet| packet.and_then(Response::decode)))
    }

    /// Bytes that are queued and not yet written.
    pub fn queued(&self) -> usize {
        self.output.remaining()
    }

    /// Writes and reads, as far as the stream allows without waiting; waits until it allows one of them.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when the connection is at its end. Packets that came before can still be
    /// taken out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: all progress is kept here.
    pub async fn moved(&mut self) -> Result<Moved, TransportError> {
        poll_fn(|cx| self.poll_moved(cx)).await
    }

    fn poll_moved(&mut self, cx: &mut Context<'_>) -> Poll<Result<Moved, TransportError>> {
        let mut moved = Moved {
            read: 0,
            written: 0,
        };
        let mut end = self.poll_write(cx, &mut moved).err();
        // Even where writing failed: what the peer said before it left is worth having first.
        while moved.read < READ_AT_ONCE {
            self.input.reserve(READ_STEP);
            match poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.input) {
                Poll::Ready(Ok(0)) => {
                    end.get_or_insert(TransportError::Closed);
                    break;
                }
                Poll::Ready(Ok(count)) => moved.read += count,
                Poll::Ready(Err(error)) => {
                    end.get_or_insert_with(|| error.into());
                    break;
                }
                Poll::Pending => break,
            }
        }
        match end {
            // It will be found again by the next call.
            _ if moved.read > 0 => Poll::Ready(Ok(moved)),
            Some(end) => Poll::Ready(Err(end)),
            None if moved.written > 0 => Poll::Ready(Ok(moved)),
            None => Poll::Pending,
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        moved: &mut Moved,
    ) -> Result<(), TransportError> {
        while self.output.has_remaining() {
            match poll_write_buf(Pin::new(&mut self.stream), cx, &mut self.output) {
                Poll::Ready(Ok(0)) => return Err(TransportError::Closed),
                Poll::Ready(count) => moved.written += count?,
                Poll::Pending => break,
            }
        }
        // A no-op on TCP; other streams may hold bytes back until asked.
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(flushed) => Ok(flushed?),
            Poll::Pending => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_write_that_can_not_finish_does_not_keep_packets_from_being_read() {
        let (ours, mut theirs) = duplex(64);
        let mut transport = Transport::new(ours, 1024);
        transport
            .send(&Request::Echo(Bytes::from(vec![b'x'; 10_000])))
            .unwrap();
        theirs.write_all(b"\0RES\0\0\0\x06\0\0\0\0").await.unwrap();
        let moved = transport.moved().await.unwrap();
        assert_eq!(
            moved,
            Moved {
                read: 12,
                written: 64
            }
        );
        assert!(matches!(
            transport.next_response(),
            Ok(Some(Ok(Response::Noop)))
        ));
        assert!(transport.queued() > 0);
    }

    #[tokio::test]
    async fn a_packet_larger_than_what_is_read_at_once_arrives() {
        let (ours, mut theirs) = duplex(1 << 16);
        let mut transport = Transport::new(ours, 1 << 24);
        let response = Response::Echo(Bytes::from(vec![b'x'; 3 * READ_AT_ONCE]));
        let mut bytes = BytesMut::new();
        response.encode(&mut bytes).unwrap();
        let writer = tokio::spawn(async move { theirs.write_all(&bytes).await });
        let received = loop {
            transport.moved().await.unwrap();
            if let Some(packet) = transport.next_response().unwrap() {
                break packet.unwrap();
            }
        };
        assert_eq!(received, response);
        writer.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_came_before_a_failed_write_is_delivered_first() {
        let (ours, mut theirs) = duplex(64);
        let mut transport = Transport::new(ours, 1024);
        theirs.write_all(b"\0RES\0\0\0\x06\0\0\0\0").await.unwrap();
        drop(theirs);
        transport.send(&Request::PreSleep).unwrap();
        transport.moved().await.unwrap();
        assert!(matches!(
            transport.next_response(),
            Ok(Some(Ok(Response::Noop)))
        ));
        assert!(transport.moved().await.is_err());
    }

    #[tokio::test]
    async fn dropping_the_wait_loses_no_byte() {
        let (ours, mut theirs) = duplex(16);
        let mut transport = Transport::new(ours, 1024);
        let request = Request::Echo(Bytes::from(vec![b'x'; 100]));
        transport.send(&request).unwrap();
        let mut received = Vec::new();
        while received.len() < 112 {
            // One poll, then the future is dropped.
            let _ = poll_fn(|cx| Poll::Ready(transport.poll_moved(cx))).await;
            received.push(theirs.read_u8().await.unwrap());
        }
        let mut expected = BytesMut::new();
        request.encode(&mut expected).unwrap();
        assert_eq!(received, expected);
    }

    #[tokio::test]
    async fn what_came_before_the_end_is_delivered_before_the_end() {
        let (ours, mut theirs) = duplex(64);
        let mut transport = Transport::new(ours, 1024);
        theirs.write_all(b"\0RES\0\0\0\x06\0\0\0\0").await.unwrap();
        drop(theirs);
        transport.moved().await.unwrap();
        assert!(matches!(
            transport.next_response(),
            Ok(Some(Ok(Response::Noop)))
        ));
        assert!(matches!(
            transport.moved().await,
            Err(TransportError::Closed)
        ));
    }
}
