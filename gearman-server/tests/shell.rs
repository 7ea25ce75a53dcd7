//! The broker behind streams: bytes in, bytes out.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gearman_proto::{
    FrameDecoder, FunctionName, GrabForm, Outcome, Request, Response, Submission, SubmissionMode,
    Work,
};
use gearman_server::{BrokerOptions, EmbeddedServer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Somebody who talks to the server, packet by packet.
struct Peer<S> {
    stream: S,
    frames: FrameDecoder,
    received: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            frames: FrameDecoder::default(),
            received: BytesMut::new(),
        }
    }

    async fn send(&mut self, requests: &[Request]) {
        let mut wire = BytesMut::new();
        for request in requests {
            request.encode(&mut wire).expect("small packets");
        }
        self.write(&wire).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("a listener");
    }

    async fn response(&mut self) -> Response {
        loop {
            let frame = self.frames.decode(&mut self.received).expect("a packet");
            if let Some(packet) = frame {
                let packet = packet.expect("a known kind");
                return Response::decode(packet).expect("a good packet");
            }
            let read = self.stream.read_buf(&mut self.received).await;
            assert_ne!(
                read.expect("an open connection"),
                0,
                "the server has hung up"
            );
        }
    }

    /// A line of text with its line end.
    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line = self.received.split_to(end + 1);
                return String::from_utf8_lossy(&line).into_owned();
            }
            let read = self.stream.read_buf(&mut self.received).await;
            assert_ne!(
                read.expect("an open connection"),
                0,
                "the server has hung up"
            );
        }
    }

    /// Everything up to the end of the stream.
    async fn rest(mut self) -> Bytes {
        // A reset is an end too.
        while self.stream.read_buf(&mut self.received).await.unwrap_or(0) > 0 {}
        self.received.freeze()
    }
}

fn function() -> FunctionName {
    FunctionName::new("f").expect("a good name")
}

fn echo(length: usize) -> Request {
    Request::Echo(vec![b'x'; length].into())
}

async fn server() -> EmbeddedServer {
    EmbeddedServer::start().await.expect("a free port")
}

async fn tcp(server: &EmbeddedServer) -> Peer<TcpStream> {
    let stream = TcpStream::connect(server.local_addr()).await;
    Peer::new(stream.expect("the server listens"))
}

/// A job from its submission to its end, between two streams of any kind.
async fn runs_a_job<S: AsyncRead + AsyncWrite + Unpin>(mut client: Peer<S>, mut worker: Peer<S>) {
    worker
        .send(&[
            Request::CanDo(function()),
            Request::GrabJob(GrabForm::Unique),
            Request::PreSleep,
        ])
        .await;
    assert_eq!(worker.response().await, Response::NoJob);
    worker.send(&[echo(0)]).await;
    assert!(matches!(worker.response().await, Response::Echo(_)));

    let workload = Bytes::from(vec![b'w'; 1 << 20]);
    let job = Submission::foreground(function(), workload.clone());
    client.send(&[Request::Submit(job)]).await;
    let Response::JobCreated(handle) = client.response().await else {
        panic!("JOB_CREATED comes first")
    };
    assert_eq!(worker.response().await, Response::Noop);
    worker.send(&[Request::GrabJob(GrabForm::Unique)]).await;
    let Response::JobAssign(assignment) = worker.response().await else {
        panic!("there is a job")
    };
    assert_eq!(
        (assignment.handle(), assignment.into_workload()),
        (handle, workload.clone())
    );
    let done = Work::end(handle, Outcome::Complete(workload));
    worker.send(&[Request::Work(done.clone())]).await;
    assert_eq!(client.response().await, Response::Work(done));
}

#[tokio::test]
async fn a_job_runs_over_tcp() {
    let server = server().await;
    runs_a_job(tcp(&server).await, tcp(&server).await).await;
    server.shut_down().await;
}

#[tokio::test]
async fn a_job_runs_without_sockets() {
    let server = server().await;
    runs_a_job(Peer::new(server.connect()), Peer::new(server.connect())).await;
}

#[tokio::test]
async fn text_and_packets_are_answered_in_the_order_in_which_they_came() {
    let server = server().await;
    let mut peer = Peer::new(server.connect());
    let mut wire = BytesMut::from("version\r\n");
    echo(3).encode(&mut wire).expect("a small packet");
    wire.extend_from_slice(b"status\n");
    peer.write(&wire).await;
    assert!(peer.line().await.starts_with("OK "));
    assert_eq!(peer.response().await, Response::Echo("xxx".into()));
    assert_eq!(peer.line().await, ".\n");
}

#[tokio::test]
async fn bytes_may_come_one_at_a_time() {
    let server = server().await;
    let mut peer = Peer::new(server.connect());
    let mut wire = BytesMut::new();
    echo(3).encode(&mut wire).expect("a small packet");
    wire.extend_from_slice(b"getpid\r\n");
    for byte in wire {
        peer.write(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(peer.response().await, Response::Echo("xxx".into()));
    assert_eq!(peer.line().await, format!("OK {}\n", std::process::id()));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_the_connection_lives() {
    let builder = EmbeddedServer::builder().body_limit(100);
    let server = builder.start().await.expect("a free port");
    let mut peer = Peer::new(server.connect());
    peer.send(&[echo(101), echo(100)]).await;
    assert!(matches!(peer.response().await, Response::Error(_)));
    assert!(matches!(peer.response().await, Response::Echo(_)));
}

#[tokio::test]
async fn junk_closes_the_connection_behind_the_answers_to_what_was_sense() {
    let server = server().await;
    let long_line = vec![b'x'; 8_192];
    for junk in [&b"\0BAD12345678"[..], &long_line, b"a b c d e f\n"] {
        let mut peer = Peer::new(server.connect());
        peer.write(b"maxqueue f 1\r\n").await;
        peer.write(junk).await;
        assert_eq!(peer.rest().await, "OK\r\n");
    }
}

#[tokio::test]
async fn half_a_packet_at_the_end_is_nothing() {
    let server = server().await;
    let mut peer = Peer::new(server.connect());
    peer.write(b"\0REQ\0\0\0\x10\0\0\0\x08abc").await;
    peer.stream.shutdown().await.expect("a listener");
    assert_eq!(peer.rest().await, "");
}

#[tokio::test]
async fn whoever_closes_his_sending_half_is_gone() {
    let server = server().await;
    let (mut worker, mut client) = (tcp(&server).await, tcp(&server).await);
    let job = Submission::background(function(), "w");
    client.send(&[Request::Submit(job)]).await;
    client.response().await;
    let grab = Request::GrabJob(GrabForm::Plain);
    worker
        .send(&[Request::CanDo(function()), grab.clone()])
        .await;
    assert!(matches!(worker.response().await, Response::JobAssign(_)));
    worker.stream.shutdown().await.expect("a listener");
    assert_eq!(worker.rest().await, "");
    client.send(&[Request::CanDo(function()), grab]).await;
    assert!(matches!(client.response().await, Response::JobAssign(_)));
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off_and_disturbs_nobody() {
    let server = server().await;
    let mut deaf = Peer::new(server.connect());
    let mut other = Peer::new(server.connect());
    let big = echo(8 << 20);
    let mut accepted = 0;
    // 64 MiB are buffered for him.
    while accepted < 16 {
        let mut wire = BytesMut::new();
        big.encode(&mut wire).expect("below the limit");
        if deaf.stream.write_all(&wire).await.is_err() {
            break;
        }
        accepted += 1;
    }
    assert!((8..16).contains(&accepted), "{accepted}");
    other.send(&[echo(1)]).await;
    assert_eq!(other.response().await, Response::Echo("x".into()));
    let connections = server.inspect(|broker| broker.snapshot().connections.len());
    assert_eq!(connections.await, Some(1));
}

#[tokio::test]
async fn thousands_of_requests_in_one_write_are_answered_in_order() {
    let server = server().await;
    let mut peer = tcp(&server).await;
    let requests: Vec<Request> = (0..5_000).map(|number| echo(number % 100)).collect();
    peer.send(&requests).await;
    for number in 0..5_000 {
        let Response::Echo(data) = peer.response().await else {
            panic!("an echo for an echo")
        };
        assert_eq!(data.len(), number % 100);
    }
}

#[tokio::test(start_paused = true)]
async fn an_epoch_job_wakes_a_sleeper_when_its_time_comes() {
    let server = server().await;
    let mut peer = Peer::new(server.connect());
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = since_1970.expect("a clock that is right").as_secs();
    let job = Submission {
        mode: SubmissionMode::Epoch(now + 3_600),
        ..Submission::background(function(), "w")
    };
    let submit = Request::Submit(job);
    peer.send(&[Request::CanDo(function()), Request::PreSleep, submit])
        .await;
    assert!(matches!(peer.response().await, Response::JobCreated(_)));
    let begin = tokio::time::Instant::now();
    assert_eq!(peer.response().await, Response::Noop);
    assert!(
        begin.elapsed() > Duration::from_secs(3_590),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn shutting_down_closes_every_connection() {
    let server = server().await;
    let (over_tcp, in_memory) = (tcp(&server).await, Peer::new(server.connect()));
    let address = server.local_addr();
    server.shut_down().await;
    assert_eq!(over_tcp.rest().await, "");
    assert_eq!(in_memory.rest().await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn dropping_the_server_closes_every_connection() {
    let server = server().await;
    let peer = Peer::new(server.connect());
    drop(server);
    assert_eq!(peer.rest().await, "");
}

#[tokio::test]
async fn options_and_address_are_the_builders() {
    let builder = EmbeddedServer::builder()
        .listen(([127, 0, 0, 1], 0).into())
        .options(BrokerOptions::default().version("9.9"));
    let server = builder.start().await.expect("a free port");
    let mut peer = tcp(&server).await;
    peer.write(b"version\nworkers\n").await;
    assert_eq!(peer.line().await, "OK 9.9\n");
    assert_eq!(peer.line().await, "1 127.0.0.1 - :\n");
}
