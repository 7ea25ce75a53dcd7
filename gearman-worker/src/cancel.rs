use std::sync::Arc;

use tokio::sync::SetOnce;

/// Why a running job's result is not wanted any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// The connection that the job came through is gone. The server gives the job to another worker,
    /// and whatever this one returns can't be delivered.
    ConnectionLost,
    /// The worker stops in the middle of its task: the job is handed back to the server, at once or after
    /// the grace that the builder gave.
    WorkerStopped,
    /// The job took longer than its function allows, and has failed.
    TimeLimit,
    /// Somebody ordered it, through the worker's control function.
    Ordered,
}

/// A word to one running job, said at most once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancellation(Arc<SetOnce<CancelReason>>);

impl Cancellation {
    pub(crate) fn cancel(&self, reason: CancelReason) {
        // A second reason adds nothing to the first.
        let _ = self.0.set(reason);
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.0.get().copied()
    }

    pub(crate) async fn cancelled(&self) -> CancelReason {
        *self.0.wait().await
    }
}
