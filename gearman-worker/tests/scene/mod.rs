//! An embedded job server, a client, and workers that run.

#![allow(dead_code, reason = "each test uses its part")]

use std::time::Duration;

use bytes::Bytes;
use gearman_client::{
    Client, Job as ClientJob, JobError as ClientError, Outcome, Update, WorkEvent,
};
use gearman_server::EmbeddedServer;
use gearman_worker::{Stage, StopReport, Worker, WorkerBuilder, WorkerHandle};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Scene {
    pub(crate) server: EmbeddedServer,
    pub(crate) client: Client,
}

pub(crate) struct Running {
    pub(crate) handle: WorkerHandle,
    pub(crate) done: JoinHandle<StopReport>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let server = EmbeddedServer::start().await.unwrap();
        let client = Client::connect(server.local_addr()).await.unwrap();
        Self { server, client }
    }

    pub(crate) fn builder(&self) -> WorkerBuilder {
        Worker::builder().server(self.server.local_addr().to_string())
    }

    pub(crate) async fn run(&self, builder: WorkerBuilder) -> Running {
        let worker = builder.build().unwrap();
        let handle = worker.handle();
        let done = tokio::spawn(async move { worker.run().await.unwrap() });
        handle.ready().await;
        Running { handle, done }
    }

    pub(crate) async fn ask(&self, function: &str, workload: &str) -> Result<String, ClientError> {
        let job = ClientJob::new(function, workload.to_owned()).unwrap();
        let output = timeout(PATIENCE, self.client.run(job))
            .await
            .expect("an answer")?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// Its warnings, and how it ended.
    pub(crate) async fn hear(
        &self,
        function: &str,
        workload: &str,
    ) -> (Vec<String>, Result<Bytes, ClientError>) {
        let job = ClientJob::new(function, workload.to_owned()).unwrap();
        let mut job = self.client.submit(job).await.unwrap();
        let mut warnings = Vec::new();
        loop {
            let event = timeout(PATIENCE, job.next()).await.expect("an end");
            match event.unwrap().unwrap() {
                WorkEvent::Update(Update::Warning(text)) => {
                    warnings.push(String::from_utf8(text.to_vec()).unwrap());
                }
                WorkEvent::Update(_) => {}
                WorkEvent::End(Outcome::Complete(output)) => return (warnings, Ok(output)),
                WorkEvent::End(Outcome::Exception(text)) => {
                    return (warnings, Err(ClientError::Exception(text)));
                }
                WorkEvent::End(Outcome::Fail) => return (warnings, Err(ClientError::Failed)),
            }
        }
    }

    pub(crate) async fn control(&self, command: &str) -> Result<String, ClientError> {
        self.ask("_worker_test", command).await
    }
}

impl Running {
    pub(crate) async fn end(self) -> StopReport {
        timeout(PATIENCE, self.done)
            .await
            .expect("it ends")
            .unwrap()
    }

    pub(crate) async fn reach(&self, stage: Stage) {
        let mut stages = self.handle.stages();
        while stages.current() < stage {
            timeout(PATIENCE, stages.next())
                .await
                .expect("the stage comes");
        }
    }
}
