use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use gearman_net::{ConnectError, Connector, Endpoint};
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection's bytes, whatever carries them.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) type Dialling =
    Pin<Box<dyn Future<Output = Result<Box<dyn Stream>, ConnectError>> + Send>>;

/// How one server is reached, as often as needed.
#[derive(Clone)]
pub(crate) struct Dial(Arc<dyn Fn() -> Dialling + Send + Sync>);

impl Dial {
    pub(crate) fn tcp(connector: Connector, endpoint: Endpoint) -> Self {
        Self::with(move || {
            let (connector, endpoint) = (connector.clone(), endpoint.clone());
            async move {
                let stream = connector.connect(&endpoint).await?;
                Ok(Box::new(stream) as Box<dyn Stream>)
            }
        })
    }

    pub(crate) fn with<F, R>(dial: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Box<dyn Stream>, ConnectError>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(dial())))
    }

    pub(crate) fn start(&self) -> Dialling {
        (self.0)()
    }
}
