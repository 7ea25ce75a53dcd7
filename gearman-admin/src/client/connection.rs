use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use gearman_net::Endpoint;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::call::Call;
use super::{AdminError, Loss};
use crate::framer::ReplyFramer;
use crate::reply::{Reply, ReplyError};

/// Replies that may be owed to us at once. A server prepares each as a whole, and the lists of a large
/// one are megabytes; calls beyond this wait in the channel.
const IN_FLIGHT: usize = 64;

/// Room for one read. Most replies fit; a list that does not makes the buffer grow by doubling.
const READ_STEP: usize = 16 << 10;

/// One connection, from its first byte to its end.
pub(super) struct Connection<S> {
    endpoint: Endpoint,
    reply_limit: Duration,
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    framer: ReplyFramer,
    /// Who gets the next reply, and the ones after it: one for each reply that the framer expects.
    waiters: VecDeque<Call>,
    input: BytesMut,
    output: BytesMut,
    /// Something was put into `output` that has not left for certain.
    is_unwritten: bool,
    /// When the server last did something, or came to owe us something.
    last_sign: Instant,
}

/// Why a connection came to its end.
enum End {
    /// There is no client any more.
    NobodyCalls,
    Lost(Loss),
    TimedOut,
}

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    pub(super) fn new(endpoint: Endpoint, reply_limit: Duration, stream: S) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            endpoint,
            reply_limit,
            reader,
            writer,
            framer: ReplyFramer::new(),
            waiters: VecDeque::new(),
            input: BytesMut::new(),
            output: BytesMut::new(),
            is_unwritten: false,
            last_sign: Instant::now(),
        }
    }

    /// Queues a call's command. One that was given up before is not sent at all.
    pub(super) fn ask(&mut self, call: Call) {
        if call.is_given_up() {
            return;
        }
        if self.waiters.is_empty() {
            self.last_sign = Instant::now();
        }
        call.command.encode(&mut self.output);
        self.framer.expect(&call.command);
        self.waiters.push_back(call);
        self.is_unwritten = true;
    }

    /// Serves calls until the connection is at its end; then each call that has no reply is told.
    pub(super) async fn run(mut self, calls: &mut mpsc::Receiver<Call>) {
        let end = self.serve(calls).await;
        if let End::Lost(reason) = &end {
            tracing::debug!(server = %self.endpoint, %reason, "admin connection ended");
        }
        let endpoint = self.endpoint;
        let error = match end {
            End::NobodyCalls => return,
            End::Lost(reason) => AdminError::ConnectionLost { endpoint, reason },
            End::TimedOut => AdminError::TimedOut {
                endpoint,
                limit: self.reply_limit,
            },
        };
        for call in self.waiters {
            call.finish(Err(error.clone()));
        }
    }

    /// All arms keep their progress here, so it does not matter which of them loses.
    async fn serve(&mut self, calls: &mut mpsc::Receiver<Call>) -> End {
        let mut come = Vec::with_capacity(IN_FLIGHT);
        loop {
            let room = IN_FLIGHT.saturating_sub(self.waiters.len());
            self.input.reserve(READ_STEP);
            // In this order: bytes that are there count before the time limit is looked at, which
            // matters after the process was suspended; and a write follows all calls that have come.
            tokio::select! {
                biased;
                read = self.reader.read_buf(&mut self.input) => match read {
                    Ok(0) => return End::Lost(Loss::Closed),
                    Ok(_) => {
                        self.last_sign = Instant::now();
                        if let Err(loss) = self.deliver() {
                            return End::Lost(loss);
                        }
                    }
                    Err(error) => return End::Lost(error.into()),
                },
                count = calls.recv_many(&mut come, room), if room > 0 => {
                    if count == 0 {
                        return End::NobodyCalls;
                    }
                    come.drain(..).for_each(|call| self.ask(call));
                }
                written = write(&mut self.writer, &mut self.output), if self.is_unwritten => {
                    match written {
                        Ok(()) => self.is_unwritten = false,
                        Err(error) => return End::Lost(error.into()),
                    }
                }
                // Only what is read counts as a sign of life: a mute server takes commands for a long
                // time, and who asks it every second would wait for ever.
                () = sleep(self.reply_limit.saturating_sub(self.last_sign.elapsed())),
                    if !self.waiters.is_empty() => return End::TimedOut,
            }
        }
    }

    /// Gives every complete reply to the one who waits for it.
    fn deliver(&mut self) -> Result<(), Loss> {
        while let Some(reply) = self
            .framer
            .next_reply(&mut self.input)
            .map_err(Loss::Framing)?
        {
            let call = self
                .waiters
                .pop_front()
                .expect("each reply that the framer expects has its waiter");
            match Reply::parse(&call.command, &reply) {
                Ok(reply) => call.finish(Ok(reply)),
                Err(ReplyError::Server(refusal)) => call.finish(Err(AdminError::Refused(refusal))),
                Err(ReplyError::Malformed { expected, found }) => {
                    let endpoint = self.endpoint.clone();
                    call.finish(Err(AdminError::Malformed {
                        endpoint,
                        expected,
                        found,
                    }));
                    return Err(Loss::OutOfStep);
                }
            }
        }
        Ok(())
    }
}

/// Writes all there is. When the future is dropped, what has not left stays in `output`.
async fn write(writer: &mut (impl AsyncWrite + Unpin), output: &mut BytesMut) -> io::Result<()> {
    while output.has_remaining() {
        if writer.write_buf(output).await? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    writer.flush().await
}
