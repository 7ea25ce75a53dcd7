use tokio::sync::oneshot;

use super::AdminError;
use crate::command::Command;
use crate::reply::Reply;

/// A command, and who waits for the reply to it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) command: Command,
    pub(super) answer: oneshot::Sender<Result<Reply, AdminError>>,
}

impl Call {
    /// Nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.answer.is_closed()
    }

    pub(super) fn finish(self, outcome: Result<Reply, AdminError>) {
        // Nobody to hear it: the caller has dropped its future.
        let _ = self.answer.send(outcome);
    }
}
