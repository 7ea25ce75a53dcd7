//! The server is the other end of a pipe, or none; time is paused.

use std::io;
use std::time::Duration;

use gearman_net::{ConnectError, Endpoint};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::{AdminClient, AdminError, Loss};
use crate::{Argument, ServerError};

/// Hands a new pipe's other end to the test whenever the client connects; once the test does not
/// listen any more, the server is down.
fn client() -> (AdminClient, mpsc::UnboundedReceiver<DuplexStream>) {
    let (connected, connections) = mpsc::unbounded_channel();
    let endpoint = Endpoint::new("test", 1);
    let reach = move || {
        let (ours, theirs) = duplex(1 << 10);
        let reached = connected.send(theirs).map(|()| ours);
        std::future::ready(reached.map_err(|_| ConnectError::Refused {
            endpoint: Endpoint::new("test", 1),
            source: io::ErrorKind::ConnectionRefused.into(),
        }))
    };
    let client = AdminClient::builder(endpoint).spawn_over(None, reach);
    (client, connections)
}

/// Reads this from the client, no byte more.
async fn expect(server: &mut DuplexStream, commands: &str) {
    let mut read = vec![0; commands.len()];
    server.read_exact(&mut read).await.unwrap();
    assert_eq!(
        read.escape_ascii().to_string(),
        commands.escape_default().to_string()
    );
}

fn name(name: &str) -> Argument {
    name.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn clones_that_ask_at_once_share_a_write_and_get_their_own_replies() {
    let (client, mut connections) = client();
    let (second, third, fourth) = (client.clone(), client.clone(), client.clone());
    let calls = async {
        tokio::join!(
            client.version(),
            second.pid(),
            third.status(),
            fourth.cancel_job(name("H:vm:1")),
        )
    };
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        // All commands have left before the first reply.
        expect(
            &mut server,
            "version\r\ngetpid\r\nstatus\r\ncancel job H:vm:1\r\n",
        )
        .await;
        let replies = b"OK 1.1.20\nOK 77\nresize\t3\t1\t2\n.\nOK\r\n";
        server.write_all(replies).await.unwrap();
        server
    };
    let ((version, pid, status, cancelled), _server) = tokio::join!(calls, serve);
    assert_eq!(version.unwrap(), "1.1.20");
    assert_eq!(pid.unwrap(), 77);
    assert_eq!(status.unwrap().good().next().unwrap().function, "resize");
    cancelled.unwrap();
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_may_be_in_flight_all_get_their_replies() {
    let (client, mut connections) = client();
    let callers: Vec<_> = (0..500)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.pid().await })
        })
        .collect();
    let mut server = connections.recv().await.unwrap();
    for number in 0..500 {
        expect(&mut server, "getpid\r\n").await;
        let reply = format!("OK {number}\n");
        server.write_all(reply.as_bytes()).await.unwrap();
    }
    for (number, caller) in (0..).zip(callers) {
        assert_eq!(caller.await.unwrap().unwrap(), number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_may_come_in_any_pieces() {
    const REPLIES: &[u8] =
        b"resize\t3\t1\t2\r\n.\nERR UNKNOWN_JOB\r\n36 127.0.0.1 web-1 : resize\n.\n";
    let (client, mut connections) = client();
    let mut server = None;
    for split in 0..=REPLIES.len() {
        let calls = async {
            tokio::join!(
                client.status(),
                client.cancel_job(name("x")),
                client.workers()
            )
        };
        let serve = async {
            if server.is_none() {
                server = connections.recv().await;
            }
            let server = server.as_mut().unwrap();
            expect(server, "status\r\ncancel job x\r\nworkers\r\n").await;
            let (head, tail) = REPLIES.split_at(split);
            server.write_all(head).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
            server.write_all(tail).await.unwrap();
        };
        let ((status, cancelled, workers), ()) = tokio::join!(calls, serve);
        assert_eq!(status.unwrap().good().count(), 1, "split at {split}");
        assert!(matches!(
            cancelled,
            Err(AdminError::Refused(ServerError::UnknownJob))
        ));
        assert_eq!(workers.unwrap().good().next().unwrap().id, "web-1");
    }
}

#[tokio::test(start_paused = true)]
async fn every_caller_of_a_mute_server_hears_that_the_time_is_over() {
    let (client, mut connections) = client();
    let began = Instant::now();
    let calls = async { tokio::join!(client.status(), client.version()) };
    let ((status, version), _server) = tokio::join!(calls, connections.recv());
    for error in [status.unwrap_err(), version.unwrap_err()] {
        assert!(matches!(error, AdminError::TimedOut { .. }), "{error}");
        assert_eq!(error.to_string(), "test:1: no reply within 10s");
    }
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_from_the_last_byte_that_came() {
    let (client, mut connections) = client();
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        for byte in b"OK 1.1.20\n" {
            tokio::time::sleep(Duration::from_secs(9)).await;
            server.write_all(&[*byte]).await.unwrap();
        }
        server
    };
    let (version, _server) = tokio::join!(client.version(), serve);
    assert_eq!(version.unwrap(), "1.1.20");
}

#[tokio::test(start_paused = true)]
async fn asking_again_and_again_does_not_keep_a_mute_server_alive() {
    let (client, mut connections) = client();
    let asker = client.clone();
    let again = tokio::spawn(async move {
        loop {
            let _ = timeout(Duration::from_secs(1), asker.pid()).await;
        }
    });
    let (first, _server) = tokio::join!(client.version(), connections.recv());
    assert!(matches!(first, Err(AdminError::TimedOut { .. })));
    again.abort();
}

#[tokio::test(start_paused = true)]
async fn silence_is_fine_while_nothing_is_asked() {
    let (client, mut connections) = client();
    let mut server = None;
    for _ in 0..2 {
        let serve = async {
            if server.is_none() {
                server = connections.recv().await;
            }
            let server = server.as_mut().unwrap();
            expect(server, "getpid\r\n").await;
            server.write_all(b"OK 1\n").await.unwrap();
        };
        let (pid, ()) = tokio::join!(client.pid(), serve);
        assert_eq!(pid.unwrap(), 1);
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    assert!(
        connections.try_recv().is_err(),
        "one connection served both"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_the_connection_alone() {
    let (client, mut connections) = client();
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        let refusal = b"ERR there are still connected workers or executing clients\r\n";
        server.write_all(refusal).await.unwrap();
        server
    };
    let (dropped, mut server) = tokio::join!(client.drop_function(name("f")), serve);
    assert!(matches!(
        dropped,
        Err(AdminError::Refused(ServerError::FunctionInUse))
    ));
    let serve = async {
        expect(&mut server, "drop function f\r\ngetpid\r\n").await;
        server.write_all(b"OK 5\n").await.unwrap();
    };
    let (pid, ()) = tokio::join!(client.pid(), serve);
    assert_eq!(pid.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_does_not_shift_the_replies_of_others() {
    let (client, mut connections) = client();
    let given_up = timeout(Duration::from_secs(1), client.version());
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        expect(&mut server, "version\r\n").await;
        server
    };
    let (given_up, mut server) = tokio::join!(given_up, serve);
    assert!(given_up.is_err());
    let serve = async {
        expect(&mut server, "getpid\r\n").await;
        server.write_all(b"OK late\nOK 9\n").await.unwrap();
    };
    let (pid, ()) = tokio::join!(client.pid(), serve);
    assert_eq!(pid.unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_before_its_turn_is_never_sent() {
    let (client, mut connections) = client();
    {
        let mut given_up = std::pin::pin!(client.drop_function(name("f")));
        let once = std::future::poll_fn(|cx| std::task::Poll::Ready(given_up.as_mut().poll(cx)));
        assert!(once.await.is_pending());
    }
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        expect(&mut server, "getpid\r\n").await;
        server.write_all(b"OK 1\n").await.unwrap();
        server
    };
    let (pid, _server) = tokio::join!(client.pid(), serve);
    assert_eq!(pid.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_makes_no_sense_is_an_error_of_that_row_only() {
    let (client, mut connections) = client();
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        server
            .write_all(b"a\t1\t0\t0\nnonsense\nb\t1\t0\t0\n.\nOK 5\n")
            .await
            .unwrap();
        server
    };
    let calls = async { tokio::join!(client.status(), client.pid()) };
    let ((status, pid), _server) = tokio::join!(calls, serve);
    let status = status.unwrap();
    assert_eq!((status.good().count(), status.malformed().count()), (2, 1));
    assert_eq!(pid.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn after_a_malformed_reply_nobody_gets_anothers_reply_and_the_next_call_connects_anew() {
    let (client, mut connections) = client();
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        server.write_all(b"hello\nOK 1.1.20\n").await.unwrap();
        server
    };
    let calls = async { tokio::join!(client.pid(), client.version()) };
    let ((pid, version), _server) = tokio::join!(calls, serve);
    assert!(matches!(pid, Err(AdminError::Malformed { .. })));
    let lost = version.unwrap_err();
    assert!(
        matches!(
            lost,
            AdminError::ConnectionLost {
                reason: Loss::OutOfStep,
                ..
            }
        ),
        "{lost}"
    );

    let serve = async {
        let mut server = connections.recv().await.unwrap();
        server.write_all(b"OK 8\n").await.unwrap();
        server
    };
    let (pid, _server) = tokio::join!(client.pid(), serve);
    assert_eq!(pid.unwrap(), 8);
}

#[tokio::test(start_paused = true)]
async fn when_the_server_closes_every_caller_hears_it_and_the_next_call_connects_anew() {
    let (client, mut connections) = client();
    for _ in 0..2 {
        let serve = async {
            let mut server = connections.recv().await.unwrap();
            expect(&mut server, "status\r\ngetpid\r\n").await;
        };
        let calls = async { tokio::join!(client.status(), client.pid()) };
        let ((status, pid), ()) = tokio::join!(calls, serve);
        for error in [status.unwrap_err(), pid.unwrap_err()] {
            assert_eq!(
                error.to_string(),
                "test:1: the server closed the connection, before the reply came"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_can_not_be_reached_is_named_to_every_caller() {
    let (client, connections) = client();
    drop(connections);
    let (pid, version) = tokio::join!(client.pid(), client.version());
    for error in [pid.unwrap_err(), version.unwrap_err()] {
        assert!(matches!(error, AdminError::NotReached(_)), "{error}");
        assert!(error.to_string().starts_with("test:1: "), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_connection_ends_with_the_last_clone() {
    let (client, mut connections) = client();
    let serve = async {
        let mut server = connections.recv().await.unwrap();
        server.write_all(b"OK 8\n").await.unwrap();
        server
    };
    let (_, mut server) = tokio::join!(client.pid(), serve);
    drop(client);
    let mut rest = String::new();
    server.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "getpid\r\n");
}
