//! A fresh gearmand and the three programs of 2013, as separate processes.

use std::time::Duration;

use gearman_admin::{AdminClient, StatusRow};
use gearman_conformance::{Gearmand, PATIENCE, Program, built};
use tokio::time::{sleep, timeout};

const BUILD: &str = "cargo build -p gearman-worker --examples";

/// How often a condition is looked at again.
const POLL: Duration = Duration::from_millis(20);

pub(crate) struct Scene {
    server: Gearmand,
    pub(crate) admin: AdminClient,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let server = Gearmand::start(&[]).await;
        let admin = AdminClient::connect(server.address().into()).await.unwrap();
        Self { server, admin }
    }

    /// Starts an example program.
    pub(crate) fn program(&self, name: &str, arguments: &[&str]) -> Program {
        let path = built(&format!("examples/{name}"), BUILD).unwrap_or_else(|why| panic!("{why}"));
        let servers = self.server.servers();
        Program::start(&path, arguments, &[("GEARMAN_SERVERS", &servers)]).unwrap()
    }

    /// Starts a worker and waits until it can be reached.
    pub(crate) async fn worker(&self, id: &str) -> Program {
        let worker = self.program("worker", &[id]);
        worker.line(&format!("READY {id} (")).await;
        worker
    }

    /// Runs the queue program to its end.
    pub(crate) async fn queue(&self, function: &str, workload: &str) {
        let mut queue = self.program("queue", &[function, workload]);
        let status = queue.exit().await;
        assert!(
            status.success(),
            "queue {function} {workload}: {:?}",
            queue.lines()
        );
        assert_eq!(queue.lines(), [""; 0], "it has nothing to say");
    }

    /// The ids of the connections that the server lists.
    pub(crate) async fn connected(&self) -> Vec<String> {
        let workers = self.admin.workers().await.unwrap();
        workers
            .good()
            .map(|row| String::from_utf8_lossy(&row.id).into_owned())
            .collect()
    }

    /// Waits until no job is queued or running.
    pub(crate) async fn wait_until_idle(&self) {
        self.wait_until("no job is left", async || {
            let rows = self.admin.status().await.unwrap();
            rows.good().all(|row: StatusRow| row.total == 0)
        })
        .await;
        let jobs = self.admin.jobs().await.unwrap();
        assert_eq!(jobs.good().count(), 0, "no job is left behind");
    }

    pub(crate) async fn wait_until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let waiting = async {
            while !condition().await {
                sleep(POLL).await;
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            panic!("it never came that {what}");
        }
    }
}

/// The words after the time of day, as `ASLEEP test1`, of each line that has one of them.
pub(crate) fn said(program: &Program) -> Vec<String> {
    let words = |line: String| line.split_once("] ").map(|(_, words)| words.to_owned());
    program.lines().into_iter().filter_map(words).collect()
}
