use std::sync::Arc;
use std::time::Duration;

use gearman_net::{ConnectError, Endpoint};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::AdminError;
use super::call::Call;
use super::connection::Connection;

/// Takes calls, and makes a connection whenever there is a call and no connection.
pub(super) struct Driver<R> {
    pub(super) endpoint: Endpoint,
    pub(super) reply_limit: Duration,
    pub(super) reach: R,
    pub(super) calls: mpsc::Receiver<Call>,
}

impl<R> Driver<R> {
    /// Goes on until the last client is gone.
    pub(super) async fn run<S, F>(mut self, connected: Option<S>)
    where
        S: AsyncRead + AsyncWrite,
        R: FnMut() -> F,
        F: Future<Output = Result<S, ConnectError>>,
    {
        if let Some(stream) = connected {
            self.connection(stream).run(&mut self.calls).await;
        }
        // Not before somebody calls: a server that restarts is not bothered by those who ask nothing.
        while let Some(first) = self.calls.recv().await {
            match (self.reach)().await {
                Ok(stream) => {
                    let mut connection = self.connection(stream);
                    connection.ask(first);
                    connection.run(&mut self.calls).await;
                }
                Err(reason) => self.refuse(first, Arc::new(reason)),
            }
        }
    }

    fn connection<S: AsyncRead + AsyncWrite>(&self, stream: S) -> Connection<S> {
        Connection::new(self.endpoint.clone(), self.reply_limit, stream)
    }

    /// All who have called meanwhile hear of this failure; each waiting for one of its own could take
    /// the connect limit times the callers.
    fn refuse(&mut self, first: Call, reason: Arc<ConnectError>) {
        let waiting = std::iter::from_fn(|| self.calls.try_recv().ok());
        for call in std::iter::once(first).chain(waiting) {
            call.finish(Err(AdminError::NotReached(Arc::clone(&reason))));
        }
    }
}
