use bytes::BytesMut;
use gearman_proto::{FrameDecoder, Submission};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// The client's end of a way to a server: each connection is what was plugged in at the other end.
#[derive(Debug)]
pub(super) struct Line {
    server: Arc<Endpoint>,
    plugged: mpsc::UnboundedReceiver<DuplexStream>,
}

/// The server's end: dropped, the server can't be reached.
#[derive(Debug)]
pub(super) struct Plug(mpsc::UnboundedSender<DuplexStream>);

/// A server that does what the test says.
#[derive(Debug)]
pub(super) struct Peer {
    stream: DuplexStream,
    decoder: FrameDecoder,
    input: BytesMut,
}

pub(super) fn line(host: &str) -> (Line, Plug) {
    let (plug, plugged) = mpsc::unbounded_channel();
    let server = Arc::new(Endpoint::new(host, 4730));
    (Line { server, plugged }, Plug(plug))
}

impl Dial for Line {
    type Stream = DuplexStream;

    fn server(&self) -> &Arc<Endpoint> {
        &self.server
    }

    async fn dial(&mut self) -> Result<DuplexStream, ConnectError> {
        let unreachable = || ConnectError::TimedOut {
            endpoint: (*self.server).clone(),
            limit: Duration::from_secs(5),
        };
        self.plugged.recv().await.ok_or_else(unreachable)
    }
}

impl Plug {
    /// The next connection. `buffer` bytes can be written that are not read.
    pub(super) fn plug_in(&self, buffer: usize) -> Peer {
        let (ours, theirs) = duplex(buffer);
        let _ = self.0.send(theirs);
        Peer {
            stream: ours,
            decoder: FrameDecoder::default(),
            input: BytesMut::new(),
        }
    }

    /// Whether nobody will ever connect.
    pub(super) fn is_abandoned(&self) -> bool {
        self.0.is_closed()
    }
}

impl Peer {
    pub(super) async fn receive(&mut self) -> Request {
        loop {
            if let Some(packet) = self.decoder.decode(&mut self.input).unwrap() {
                return Request::decode(packet.unwrap()).unwrap();
            }
            let count = self.stream.read_buf(&mut self.input).await.unwrap();
            assert_ne!(count, 0, "the client has closed the connection");
        }
    }

    pub(super) async fn receive_submission(&mut self) -> Submission {
        match self.receive().await {
            Request::Submit(submission) => submission,
            request => panic!("{request:?}"),
        }
    }

    pub(super) async fn send(&mut self, response: Response) {
        self.send_at_once(vec![response]).await;
    }

    pub(super) async fn send_at_once(&mut self, responses: Vec<Response>) {
        let mut output = BytesMut::new();
        for response in responses {
            response.encode(&mut output).unwrap();
        }
        self.stream.write_all(&output).await.unwrap();
    }

    /// Whether the client closes the connection, at once or within a second.
    pub(super) async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        let end = self.stream.read_to_end(&mut rest);
        tokio::time::timeout(Duration::from_secs(1), end)
            .await
            .is_ok()
    }
}
