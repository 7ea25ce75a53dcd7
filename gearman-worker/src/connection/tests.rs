//! The driver against a server that the test plays, over a pipe and with a clock that stands still.

use std::sync::Mutex;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use gearman_proto::{
    AssignmentForm, FrameDecoder, Request, Response, UniqueId, Update, Work, WorkEvent,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::*;
use crate::cap::Cap;
use crate::handler::{Function, Handler, Spawned};
use crate::job::Job;
use crate::job_error::{Exceptions, JobError};
use crate::machine::Tally;
use crate::watchdog::Spans;

const READ_LIMIT: Duration = Duration::from_secs(10);

/// One connection under test, and what it dials: a new pipe each time.
struct Bench {
    peers: mpsc::UnboundedReceiver<DuplexStream>,
    directives: watch::Sender<Directive>,
    cap: Arc<Cap>,
    load: Arc<Load>,
    done: JoinHandle<Account>,
}

/// The server's end of a pipe.
struct Peer {
    stream: DuplexStream,
    decoder: FrameDecoder,
    buffer: BytesMut,
}

impl Bench {
    fn new(concurrency: usize, pipe: usize, handler: impl Handler) -> Self {
        Self::with_limit(concurrency, pipe, 1 << 24, handler)
    }

    fn with_limit(concurrency: usize, pipe: usize, body_limit: u32, handler: impl Handler) -> Self {
        let name = FunctionName::new("work").unwrap();
        let function: Arc<dyn Function> = Arc::new(Spawned {
            handler: Arc::new(handler),
            limit: None,
        });
        let load = Arc::new(Load::default());
        let (directives, receiver) = watch::channel(Directive::Work);
        let (_changes, changes) = mpsc::channel(1);
        let (sender, reports) = mpsc::channel(REPORTS);
        let (new_peer, peers) = mpsc::unbounded_channel();
        let new_peer = Arc::new(Mutex::new(new_peer));
        let cap = Arc::new(Cap::new(concurrency));
        let spans = Spans {
            read_limit: READ_LIMIT,
            safety_poll: Duration::from_secs(60),
        };
        let payload_limit = body_limit as usize - 64;
        let connection = Connection {
            name: "test".to_owned(),
            dial: Dial::with(move || {
                let (ours, theirs) = duplex(pipe);
                let _ = new_peer.lock().unwrap().send(theirs);
                async move { Ok(Box::new(ours) as Box<dyn Stream>) }
            }),
            backoff: Backoff::default(),
            body_limit,
            machine: Machine::new(None, [name.clone()]),
            functions: Functions::from([(name, function)]),
            slots: Slots::new(Arc::clone(&cap)),
            watchdog: Watchdog::new(spans),
            line: Arc::new(Line {
                server: 0,
                reports: sender,
                directives: receiver.clone(),
                payload_limit,
                exceptions: Exceptions::Native,
            }),
            reports,
            directives: receiver,
            changes,
            state: watch::Sender::new(LinkState::Connecting),
            load: Arc::clone(&load),
            recycle: None,
            meters: Meters::none(),
        };
        Self {
            peers,
            directives,
            cap,
            load,
            done: tokio::spawn(connection.run()),
        }
    }

    /// The next connection that comes in.
    async fn peer(&mut self) -> Peer {
        let stream = self.peers.recv().await.unwrap();
        Peer {
            stream,
            decoder: FrameDecoder::default(),
            buffer: BytesMut::new(),
        }
    }

    /// The same, greeted.
    async fn greeted_peer(&mut self) -> Peer {
        let mut peer = self.peer().await;
        assert_eq!(peer.next().await, can_do());
        peer.echo().await;
        assert!(matches!(peer.next().await, Request::GrabJob(_)));
        peer
    }

    async fn end(self) -> Account {
        timeout(Duration::from_secs(3600), self.done)
            .await
            .expect("it ends")
            .unwrap()
    }
}

impl Peer {
    async fn next(&mut self) -> Request {
        loop {
            if let Some(packet) = self.decoder.decode(&mut self.buffer).unwrap() {
                return Request::decode(packet.unwrap()).unwrap();
            }
            assert_ne!(
                self.stream.read_buf(&mut self.buffer).await.unwrap(),
                0,
                "closed"
            );
        }
    }

    async fn send(&mut self, response: Response) {
        let mut bytes = BytesMut::new();
        response.encode(&mut bytes).unwrap();
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// Expects an echo and answers it.
    async fn echo(&mut self) {
        let Request::Echo(data) = self.next().await else {
            panic!("no echo")
        };
        self.send(Response::Echo(data)).await;
    }

    async fn assign(&mut self, number: u32, workload: impl Into<Bytes>) {
        let function = FunctionName::new("work").unwrap();
        let form = AssignmentForm::Unique(UniqueId::new("u").ok());
        let (handle, workload) = (handle(number), workload.into());
        let assignment = Assignment::new(handle, &function, form, workload);
        self.send(Response::JobAssign(assignment)).await;
    }

    /// Expects the polite leave, answers it, and expects the end of the stream only then.
    async fn expect_leave(mut self) {
        assert_eq!(self.next().await, Request::ResetAbilities);
        let Request::Echo(data) = self.next().await else {
            panic!("no barrier")
        };
        let early = timeout(
            Duration::from_millis(1),
            self.stream.read_buf(&mut self.buffer),
        )
        .await;
        assert!(early.is_err(), "closed before the barrier was answered");
        self.send(Response::Echo(data)).await;
        assert_eq!(self.stream.read_buf(&mut self.buffer).await.unwrap(), 0);
    }
}

fn can_do() -> Request {
    Request::CanDo(FunctionName::new("work").unwrap())
}

fn handle(number: u32) -> JobHandle {
    JobHandle::new(format!("H:test:{number}")).unwrap()
}

fn complete(number: u32, result: &'static str) -> Request {
    Request::Work(Work::end(
        handle(number),
        Outcome::Complete(Bytes::from_static(result.as_bytes())),
    ))
}

fn fail(number: u32) -> Request {
    Request::Work(Work::end(handle(number), Outcome::Fail))
}

async fn echo(job: Job) -> Result<Bytes, JobError> {
    Ok(job.workload().clone())
}

/// The text of the warning that a request is.
fn warning(request: &Request) -> String {
    let Request::Work(Work {
        event: WorkEvent::Update(Update::Warning(text)),
        ..
    }) = request
    else {
        panic!("no warning but {request:?}")
    };
    String::from_utf8_lossy(text).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_mute_server_holds_no_slot_and_does_not_delay_the_end() {
    let mut bench = Bench::new(1, 4096, echo);
    let mut peer = bench.peer().await;
    assert_eq!(peer.next().await, can_do());
    assert_eq!(bench.cap.free(), 1);
    let asked = Instant::now();
    bench.directives.send_replace(Directive::Drain);
    bench.end().await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_left_after_the_read_limit_and_tried_again() {
    let mut bench = Bench::new(1, 4096, echo);
    let silent = bench.greeted_peer().await;
    let since = Instant::now();
    let mut again = bench.greeted_peer().await;
    assert!(since.elapsed() >= READ_LIMIT);
    again.assign(1, "x").await;
    assert_eq!(again.next().await, complete(1, "x"));
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_running_job_and_the_server_to_have_read_its_result() {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let mut bench = Bench::new(1, 4096, move |_| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Ok("done")
        }
    });
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "").await;
    bench.directives.send_replace(Directive::Drain);
    sleep(Duration::from_secs(9)).await;
    assert!(!bench.done.is_finished());
    go.notify_one();
    assert_eq!(peer.next().await, complete(1, "done"));
    peer.expect_leave().await;
    let load = Arc::clone(&bench.load);
    bench.end().await;
    assert_eq!(
        load.confirmed(),
        Tally {
            completed: 1,
            failed: 0
        }
    );
}

#[tokio::test(start_paused = true)]
async fn an_asleep_worker_grabs_once_more_before_it_leaves() {
    let mut bench = Bench::new(1, 4096, echo);
    let mut peer = bench.greeted_peer().await;
    peer.send(Response::NoJob).await;
    assert_eq!(peer.next().await, Request::PreSleep);
    bench.directives.send_replace(Directive::Drain);
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
    peer.assign(1, "last").await;
    assert_eq!(peer.next().await, complete(1, "last"));
    peer.expect_leave().await;
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_result_and_the_next_grab_leave_in_one_write() {
    let mut bench = Bench::new(1, 4096, echo);
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "x").await;
    // One read takes what one write brought.
    peer.stream.read_buf(&mut peer.buffer).await.unwrap();
    assert_eq!(peer.next().await, complete(1, "x"));
    assert!(!peer.buffer.is_empty(), "the grab came later");
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_job_and_the_next_one_runs() {
    let mut bench = Bench::new(1, 4096, async |job: Job| {
        assert_ne!(job.workload(), "bad", "what a workload");
        Ok("fine")
    });
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "bad").await;
    assert!(warning(&peer.next().await).contains("what a workload"));
    assert_eq!(peer.next().await, fail(1));
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
    peer.assign(2, "good").await;
    assert_eq!(peer.next().await, complete(2, "fine"));
}

#[tokio::test(start_paused = true)]
async fn a_handlers_error_is_told_as_a_warning() {
    let mut bench = Bench::new(1, 4096, async |job: Job| {
        let number: u32 = std::str::from_utf8(job.workload())?.parse()?;
        Ok(number.to_string())
    });
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "no number").await;
    assert_eq!(warning(&peer.next().await), "invalid digit found in string");
    assert_eq!(peer.next().await, fail(1));
}

#[tokio::test(start_paused = true)]
async fn an_exception_is_sent_as_one_and_ends_the_job() {
    let mut bench = Bench::new(1, 4096, async |_: Job| {
        Err::<Bytes, _>(JobError::exception("why"))
    });
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "").await;
    let exception = Work::end(handle(1), Outcome::Exception(Bytes::from_static(b"why")));
    assert_eq!(peer.next().await, Request::Work(exception));
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
}

#[tokio::test(start_paused = true)]
async fn news_of_a_job_come_before_its_end_and_in_order() {
    let mut bench = Bench::new(1, 4096, async |job: Job| {
        job.send_data("part").await?;
        job.send_warning("careful").await?;
        job.progress(1, 2).await?;
        Ok("")
    });
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "").await;
    let news = |update| Request::Work(Work::update(handle(1), update));
    assert_eq!(
        peer.next().await,
        news(Update::Data(Bytes::from_static(b"part")))
    );
    assert_eq!(
        peer.next().await,
        news(Update::Warning(Bytes::from_static(b"careful")))
    );
    let status = Update::Status(gearman_proto::Progress::new(1, 2));
    assert_eq!(peer.next().await, news(status));
    assert_eq!(peer.next().await, complete(1, ""));
}

#[tokio::test(start_paused = true)]
async fn a_result_over_the_limit_fails_its_job_with_a_warning_that_says_so() {
    let mut bench = Bench::with_limit(1, 4096, 1064, async |_: Job| {
        Ok(Bytes::from(vec![b'x'; 1001]))
    });
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "").await;
    assert!(warning(&peer.next().await).contains("1001 bytes"));
    assert_eq!(peer.next().await, fail(1));
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
}

#[tokio::test(start_paused = true)]
async fn a_job_over_the_limit_fails_instead_of_killing_one_worker_after_the_other() {
    let mut bench = Bench::with_limit(1, 4096, 1064, echo);
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, vec![b'x'; 2000]).await;
    assert!(warning(&peer.next().await).contains("over the limit of 1064"));
    assert_eq!(peer.next().await, fail(1));
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
    peer.assign(2, "small").await;
    assert_eq!(peer.next().await, complete(2, "small"));
}

#[tokio::test(start_paused = true)]
async fn a_job_of_a_lost_connection_is_told_and_keeps_its_slot_until_it_returns() {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let mut bench = Bench::new(1, 4096, move |job: Job| {
        let gate = Arc::clone(&gate);
        async move {
            assert_eq!(job.cancelled().await, CancelReason::ConnectionLost);
            gate.notified().await;
            Ok("too late")
        }
    });
    let mut lost = bench.greeted_peer().await;
    lost.assign(1, "").await;
    drop(lost);
    let mut peer = bench.peer().await;
    assert_eq!(peer.next().await, can_do());
    peer.echo().await;
    let early = timeout(Duration::from_secs(5), peer.next()).await;
    assert!(early.is_err(), "asked for a job without a slot: {early:?}");
    go.notify_one();
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
    peer.send(Response::NoJob).await;
    assert_eq!(peer.next().await, Request::PreSleep);
    bench.directives.send_replace(Directive::Drain);
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
    peer.send(Response::NoJob).await;
    peer.expect_leave().await;
    let load = Arc::clone(&bench.load);
    bench.end().await;
    assert_eq!(
        (load.undelivered(), load.confirmed()),
        (1, Tally::default())
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_job_whose_connection_is_lost() {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let mut bench = Bench::new(1, 4096, move |_: Job| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Ok("")
        }
    });
    let mut lost = bench.greeted_peer().await;
    lost.assign(1, "").await;
    bench.directives.send_replace(Directive::Drain);
    drop(lost);
    sleep(Duration::from_secs(3)).await;
    assert!(!bench.done.is_finished());
    go.notify_one();
    let load = Arc::clone(&bench.load);
    bench.end().await;
    assert_eq!(load.undelivered(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_worker_hands_its_job_back_and_is_gone_though_the_server_does_not_read() {
    let mut bench = Bench::new(2, 128, async |job: Job| match &job.workload()[..] {
        b"large" => Ok(Bytes::from(vec![b'x'; 1 << 20])),
        _ => pending().await,
    });
    let mut peer = bench.greeted_peer().await;
    peer.assign(1, "endless").await;
    assert!(matches!(peer.next().await, Request::GrabJob(_)));
    peer.assign(2, "large").await;
    // The result does not go through the pipe, as nobody reads it.
    sleep(Duration::from_secs(1)).await;
    let asked = Instant::now();
    bench.directives.send_replace(Directive::HandBack);
    let load = Arc::clone(&bench.load);
    let abandoned = bench.end().await;
    assert!(
        asked.elapsed() <= Duration::from_millis(251),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(abandoned, [handle(1)]);
    assert_eq!(load.undelivered(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_says_nothing_but_its_safety_poll() {
    let mut bench = Bench::new(1, 4096, echo);
    let mut peer = bench.greeted_peer().await;
    for _ in 0..3 {
        peer.send(Response::NoJob).await;
        assert_eq!(peer.next().await, Request::PreSleep);
        let since = Instant::now();
        assert!(matches!(peer.next().await, Request::GrabJob(_)));
        assert_eq!(since.elapsed().as_secs(), 60);
    }
}
