//! A worker in the test's own process, and what the server knows of it.

// Each test binary uses its part.
#![allow(dead_code, reason = "shared by several test binaries")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gearman_admin::AdminClient;
use gearman_client::{Client, Job as ClientJob, JobError as ClientError};
use gearman_conformance::PATIENCE;
use gearman_worker::{
    CancelReason, Handler, Job, JobError, StopReport, Worker, WorkerBuilder, WorkerHandle,
};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long a server may be silent in tests that wait for a worker to notice.
pub(crate) const SHORT: Duration = Duration::from_millis(500);

/// So long that nothing in a test can be waiting for it.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct Running {
    pub(crate) handle: WorkerHandle,
    done: JoinHandle<StopReport>,
}

/// A worker that soon notices when a server is gone.
pub(crate) fn worker(server: SocketAddr) -> WorkerBuilder {
    Worker::builder()
        .server(server.to_string())
        .read_limit(SHORT)
        .safety_poll(SHORT)
}

impl Running {
    pub(crate) fn start(builder: WorkerBuilder) -> Self {
        let worker = builder.build().unwrap();
        let handle = worker.handle();
        let done = tokio::spawn(async move { worker.run().await.unwrap() });
        Self { handle, done }
    }

    /// Starts it and waits until it can be reached.
    pub(crate) async fn start_up(builder: WorkerBuilder) -> Self {
        let running = Self::start(builder);
        timeout(PATIENCE, running.handle.ready()).await.unwrap();
        running
    }

    /// Waits until so many of its servers are up.
    pub(crate) async fn servers_up(&self, count: usize) {
        let what = format!("{count} servers are up");
        wait_until(&what, async || self.handle.stats().servers_up == count).await;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.done.is_finished()
    }

    pub(crate) async fn end(self) -> StopReport {
        timeout(PATIENCE, self.done)
            .await
            .expect("it ends")
            .unwrap()
    }

    pub(crate) async fn drain(self) -> StopReport {
        self.handle.drain();
        self.end().await
    }
}

/// A handler that holds its jobs until they may go on or are cancelled.
#[derive(Clone)]
pub(crate) struct Gate {
    begun: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
    cancelled: Arc<Mutex<Vec<CancelReason>>>,
    is_deaf: bool,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            begun: Arc::default(),
            open: Arc::new(Semaphore::new(0)),
            cancelled: Arc::default(),
            is_deaf: false,
        }
    }

    /// One whose jobs go on whether anybody wants them or not.
    pub(crate) fn deaf() -> Self {
        Self {
            is_deaf: true,
            ..Self::new()
        }
    }

    /// Lets so many jobs go on.
    pub(crate) fn let_go(&self, jobs: usize) {
        self.open.add_permits(jobs);
    }

    pub(crate) async fn has_begun(&self, jobs: usize) {
        let begun = || self.begun.load(Ordering::SeqCst);
        wait_until(&format!("{jobs} jobs have begun"), async || begun() >= jobs).await;
        assert_eq!(begun(), jobs, "jobs have begun");
    }

    pub(crate) async fn was_cancelled(&self) -> CancelReason {
        let first = || self.cancelled.lock().unwrap().first().copied();
        wait_until("a job was cancelled", async || first().is_some()).await;
        first().unwrap()
    }
}

impl Handler for Gate {
    async fn run(&self, job: Job) -> Result<Bytes, JobError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        tokio::select! {
            permit = self.open.acquire() => permit.unwrap().forget(),
            reason = job.cancelled(), if !self.is_deaf => self.cancelled.lock().unwrap().push(reason),
        }
        Ok(job.workload().clone())
    }
}

pub(crate) async fn echo(job: Job) -> Result<Bytes, JobError> {
    Ok(job.workload().clone())
}

/// Submits a job on a connection of its own and waits for its result.
pub(crate) async fn ask(
    server: SocketAddr,
    function: &str,
    workload: impl Into<Bytes>,
) -> Result<Bytes, ClientError> {
    let client = Client::connect(server).await.unwrap();
    let job = ClientJob::new(function, workload).unwrap();
    timeout(PATIENCE, client.run(job)).await.expect("an answer")
}

pub(crate) fn ask_meanwhile(
    server: SocketAddr,
    function: &'static str,
    workload: impl Into<Bytes>,
) -> JoinHandle<Result<Bytes, ClientError>> {
    let workload = workload.into();
    tokio::spawn(async move { ask(server, function, workload).await })
}

pub(crate) async fn submit(server: SocketAddr, function: &str, unique: &str) {
    let client = Client::connect(server).await.unwrap();
    let job = ClientJob::new(function, unique.to_owned()).unwrap();
    client
        .submit_background(job.unique(unique).unwrap())
        .await
        .unwrap();
}

/// What workers offer that function: their ids, one for each connection.
pub(crate) async fn offering(server: SocketAddr, function: &str) -> Vec<String> {
    let admin = AdminClient::connect(server.into()).await.unwrap();
    let workers = admin.workers().await.unwrap();
    let offers = workers
        .good()
        .filter(|row| row.functions.iter().any(|one| one == function));
    offers
        .map(|row| String::from_utf8_lossy(&row.id).into_owned())
        .collect()
}

/// Jobs of that function that the server has, and how many of them run.
pub(crate) async fn jobs(server: SocketAddr, function: &str) -> (u64, u64) {
    let admin = AdminClient::connect(server.into()).await.unwrap();
    let status = admin.status().await.unwrap();
    let row = status.good().find(|row| row.function == function);
    row.map_or((0, 0), |row| (row.total, row.running))
}

/// Waits for something that is sure to come.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it comes")
}

pub(crate) async fn wait_until(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(PATIENCE, waiting).await.is_err() {
        panic!("it never came that {what}");
    }
}
