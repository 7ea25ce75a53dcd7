//! Where payloads come from: the command line, or stdin.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal as _, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::thread;

use bytes::Bytes;
use gearman_proto::DEFAULT_BODY_LIMIT;
use tokio::sync::mpsc;

use crate::output;

/// Lines that were read ahead of the jobs in flight.
const LINES_AHEAD: usize = 64;

/// What is kept of a payload: one byte more than could be sent, so that it is refused and costs no more.
const KEPT: u64 = DEFAULT_BODY_LIMIT as u64 + 1;

/// Payloads, one by one.
pub(super) enum Inputs {
    Given(std::vec::IntoIter<OsString>),
    /// A thread reads: stdin blocks, and nobody can interrupt it.
    Read(mpsc::Receiver<io::Result<Bytes>>),
}

impl Inputs {
    pub(super) fn given(payloads: Vec<OsString>) -> Self {
        Self::Given(payloads.into_iter())
    }

    /// All of stdin is one payload.
    pub(super) fn whole_stdin() -> Self {
        if io::stdin().is_terminal() {
            output::tell("reading the payload from the terminal, to Ctrl-D");
        }
        Self::read(|sender| {
            let mut payload = Vec::new();
            let read = io::stdin().lock().take(KEPT).read_to_end(&mut payload);
            // Where nobody listens any more, the command has ended.
            let _ = sender.blocking_send(read.map(|_| payload.into()));
        })
    }

    /// Each line of stdin is a payload, without its line end.
    pub(super) fn lines_of_stdin() -> Self {
        Self::read(|sender| {
            let mut stdin = io::stdin().lock();
            while let Some(line) = next_line(&mut stdin).transpose() {
                let is_over = line.is_err();
                if sender.blocking_send(line).is_err() || is_over {
                    return;
                }
            }
        })
    }

    fn read(read: impl FnOnce(mpsc::Sender<io::Result<Bytes>>) + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(LINES_AHEAD);
        thread::spawn(move || read(sender));
        Self::Read(receiver)
    }

    /// How many there are, where that is known before the end.
    pub(super) fn count(&self) -> Option<usize> {
        match self {
            Self::Given(payloads) => Some(payloads.len()),
            Self::Read(_) => None,
        }
    }

    /// # Cancel safety
    ///
    /// No payload is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Option<io::Result<Bytes>> {
        match self {
            Self::Given(payloads) => payloads.next().map(|payload| Ok(payload.into_vec().into())),
            Self::Read(receiver) => receiver.recv().await,
        }
    }
}

/// Of a line that is too long the rest is passed over.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Bytes>> {
    let mut line = Vec::new();
    if input.take(KEPT).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else {
        input.skip_until(b'\n')?;
    }
    Ok(Some(line.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_ends_and_nothing_else() {
        let mut input = &b"a\n\nb \r\nlast"[..];
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["a", "", "b \r", "last"]);
    }
}
