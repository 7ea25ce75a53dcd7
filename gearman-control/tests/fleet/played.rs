//! A worker that the test plays, packet by packet.

use std::time::Duration;

use gearman_control::{Incarnation, Pong, Refused, Terminated, WorkerId};
use gearman_net::Transport;
use gearman_proto::{
    DEFAULT_BODY_LIMIT, GrabForm, JobHandle, Outcome, Progress, Request, Response, Update, Work,
};
use gearman_server::EmbeddedServer;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far longer than anything takes here, so that what it ends is broken and not slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// One connection of a worker, with its control function.
pub(crate) struct PlayedWorker {
    pub(crate) id: WorkerId,
    pub(crate) incarnation: Incarnation,
    transport: Transport<TcpStream>,
}

/// What the worker was told through the job server.
pub(crate) struct Told {
    pub(crate) line: String,
    handle: JobHandle,
}

impl PlayedWorker {
    /// Connects as our workers do: the server knows its id.
    pub(crate) async fn connect(server: &EmbeddedServer, id: &str) -> Self {
        let mut worker = Self::connect_without_id(server, id).await;
        let client_id = worker.id.client_id();
        worker.send(Request::SetClientId(client_id)).await;
        worker
    }

    /// Connects as workers of the 2013 kind do.
    pub(crate) async fn connect_without_id(server: &EmbeddedServer, id: &str) -> Self {
        let stream = TcpStream::connect(server.local_addr()).await.unwrap();
        let mut worker = Self {
            id: WorkerId::new(id).unwrap(),
            incarnation: Incarnation::random(),
            transport: Transport::new(stream, DEFAULT_BODY_LIMIT),
        };
        let function = worker.id.control_function();
        worker.send(Request::CanDo(function)).await;
        worker
    }

    /// Waits for the next control job, and takes it beside those that it has.
    pub(crate) async fn next_told(&mut self) -> Told {
        self.queue(Request::GrabJob(GrabForm::Plain));
        loop {
            match self.response().await {
                Response::JobAssign(job) => {
                    assert_eq!(job.function(), self.id.control_function());
                    return Told {
                        line: String::from_utf8(job.workload().to_vec()).unwrap(),
                        handle: job.handle(),
                    };
                }
                Response::NoJob => self.queue(Request::PreSleep),
                Response::Noop => self.queue(Request::GrabJob(GrabForm::Plain)),
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    /// Is there nothing in the queue for it?
    pub(crate) async fn is_told_nothing(&mut self) -> bool {
        self.queue(Request::GrabJob(GrabForm::Plain));
        loop {
            match self.response().await {
                Response::NoJob => return true,
                Response::JobAssign(_) => return false,
                Response::Noop => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    /// Waits for `ping` and answers it.
    pub(crate) async fn answer_ping(&mut self) {
        let told = self.next_told().await;
        assert_eq!(told.line, "ping");
        let pong = Pong::new(self.id.clone(), self.incarnation, "running");
        self.complete(&told, &pong.to_json()).await;
    }

    /// Waits for the order to stop, which must be for this process.
    pub(crate) async fn take_order(&mut self) -> Told {
        let told = self.next_told().await;
        let expected = format!("terminate incarnation={}", self.incarnation);
        assert_eq!(told.line, expected);
        told
    }

    pub(crate) async fn has_finished(&mut self, order: &Told, done: u32, of: u32) {
        let status = Update::Status(Progress::new(done, of));
        self.send(Request::Work(Work::update(order.handle, status)))
            .await;
    }

    pub(crate) async fn complete_order(&mut self, order: &Told) {
        let last = Terminated::new(self.id.clone(), self.incarnation, 2, 0);
        self.complete(order, &last.to_json()).await;
    }

    pub(crate) async fn refuse(&mut self, order: &Told) {
        self.complete(order, &Refused::other_incarnation().to_json())
            .await;
    }

    pub(crate) async fn fail(&mut self, order: &Told, reason: &'static str) {
        let warning = Update::Warning(reason.into());
        self.queue(Request::Work(Work::update(order.handle, warning)));
        self.send(Request::Work(Work::end(order.handle, Outcome::Fail)))
            .await;
    }

    pub(crate) async fn complete(&mut self, told: &Told, answer: &[u8]) {
        let outcome = Outcome::Complete(answer.to_vec().into());
        self.send(Request::Work(Work::end(told.handle, outcome)))
            .await;
    }

    /// Sends, and waits until the server has read it.
    async fn send(&mut self, request: Request) {
        self.queue(request);
        self.queue(Request::Echo("barrier".into()));
        loop {
            match self.response().await {
                Response::Echo(_) => return,
                // It is awake: nothing was grabbed since.
                Response::Noop => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    fn queue(&mut self, request: Request) {
        self.transport.send(&request).unwrap();
    }

    async fn response(&mut self) -> Response {
        loop {
            if let Some(response) = self.transport.next_response().unwrap() {
                return response.unwrap();
            }
            timeout(PATIENCE, self.transport.moved())
                .await
                .expect("the server answers")
                .unwrap();
        }
    }
}
