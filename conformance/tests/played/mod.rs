//! A server that the test plays, byte by byte: it can say what gearmand would say only at a bad moment.

use std::net::{Ipv4Addr, SocketAddr};

use gearman_conformance::PATIENCE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

pub(crate) const PRE_SLEEP: u32 = 4;
pub(crate) const NO_JOB: u32 = 10;
pub(crate) const JOB_ASSIGN: u32 = 11;
pub(crate) const WORK_COMPLETE: u32 = 13;
pub(crate) const ECHO_REQ: u32 = 16;
pub(crate) const ECHO_RES: u32 = 17;
pub(crate) const ERROR: u32 = 19;
/// GRAB_JOB, GRAB_JOB_UNIQ and GRAB_JOB_ALL.
const GRABS: [u32; 3] = [9, 30, 39];

pub(crate) struct Played {
    listener: TcpListener,
    stream: Option<TcpStream>,
}

impl Played {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self {
            listener,
            stream: None,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Takes a connection and answers its greeting.
    pub(crate) async fn greet(&mut self) {
        let (stream, _) = timeout(PATIENCE, self.listener.accept())
            .await
            .expect("a connection")
            .unwrap();
        self.stream = Some(stream);
        self.answer_echo().await;
    }

    /// Passes over everything up to the next echo, and answers it.
    pub(crate) async fn answer_echo(&mut self) {
        loop {
            let (kind, body) = self.next().await;
            if kind == ECHO_REQ {
                return self.say(ECHO_RES, &body).await;
            }
        }
    }

    /// The next packet's kind and body.
    pub(crate) async fn next(&mut self) -> (u32, Vec<u8>) {
        let stream = self.stream.as_mut().unwrap();
        let read = async {
            let mut header = [0; 12];
            stream.read_exact(&mut header).await.unwrap();
            let number = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
            let mut body = vec![0; number(8) as usize];
            stream.read_exact(&mut body).await.unwrap();
            assert_eq!(&header[..4], b"\0REQ");
            (number(4), body)
        };
        timeout(PATIENCE, read).await.expect("a packet")
    }

    pub(crate) async fn expect_grab(&mut self) {
        let (kind, _) = self.next().await;
        assert!(GRABS.contains(&kind), "no grab but {kind}");
    }

    pub(crate) async fn say(&mut self, kind: u32, body: &[u8]) {
        let length = u32::try_from(body.len()).unwrap();
        let packet = [
            b"\0RES",
            &kind.to_be_bytes()[..],
            &length.to_be_bytes(),
            body,
        ]
        .concat();
        let stream = self.stream.as_mut().unwrap();
        stream.write_all(&packet).await.unwrap();
    }
}
