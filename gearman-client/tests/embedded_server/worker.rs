use gearman_client::{FunctionName, Outcome, WorkEvent};
use gearman_net::Transport;
use gearman_proto::{Assignment, GrabForm, Request, Response, Work};
use gearman_server::EmbeddedServer;
use tokio::io::DuplexStream;

/// The least that can be called a worker.
pub(crate) struct Worker {
    transport: Transport<DuplexStream>,
}

impl Worker {
    pub(crate) fn of(server: &EmbeddedServer, function: &str) -> Self {
        let mut transport = Transport::new(server.connect(), 64 << 20);
        let function = FunctionName::new(function).unwrap();
        transport.send(&Request::CanDo(function)).unwrap();
        Self { transport }
    }

    /// Waits for a job.
    pub(crate) async fn next_job(&mut self) -> Assignment {
        self.send(&Request::GrabJob(GrabForm::Plain));
        loop {
            match self.receive().await {
                Response::JobAssign(assignment) => return assignment,
                Response::NoJob => self.send(&Request::PreSleep),
                Response::Noop => self.send(&Request::GrabJob(GrabForm::Plain)),
                response => panic!("{response:?}"),
            }
        }
    }

    /// Tells news of a job, and waits until the server has read them.
    pub(crate) async fn tell(&mut self, assignment: &Assignment, event: WorkEvent) {
        self.send_news(assignment, event);
        self.send(&Request::Echo("read".into()));
        loop {
            match self.receive().await {
                Response::Echo(_) => return,
                Response::Noop => {}
                response => panic!("{response:?}"),
            }
        }
    }

    /// Completes each job with its workload.
    pub(crate) async fn echo_for_ever(mut self) {
        loop {
            let assignment = self.next_job().await;
            let result = Outcome::Complete(assignment.workload().clone());
            self.send_news(&assignment, WorkEvent::End(result));
        }
    }

    fn send_news(&mut self, assignment: &Assignment, event: WorkEvent) {
        let handle = assignment.handle();
        self.send(&Request::Work(Work { handle, event }));
    }

    fn send(&mut self, request: &Request) {
        self.transport.send(request).unwrap();
    }

    async fn receive(&mut self) -> Response {
        loop {
            if let Some(response) = self.transport.next_response().unwrap() {
                return response.unwrap();
            }
            self.transport.moved().await.unwrap();
        }
    }
}
