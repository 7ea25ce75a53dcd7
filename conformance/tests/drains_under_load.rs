//! Workers that come and go at random moments while jobs are queued without pause, with the real
//! gearmand: each job runs exactly once.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gearman_admin::AdminClient;
use gearman_client::{Client, Job as ClientJob};
use gearman_conformance::{Gearmand, PATIENCE};
use gearman_worker::{Job, StopReport, Worker};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const JOBS: usize = 2000;

/// Connections that serve at once; each is a worker that is replaced when it has left.
const SEATS: usize = 4;

/// What a job has seen: how often it was begun and how often it was brought to its end.
#[derive(Default)]
struct Counts {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

async fn each_job_runs_once(arguments: &[&str], concurrency: usize) {
    let server = Gearmand::start(arguments).await;
    let address = server.address();
    let counts: Arc<Vec<Counts>> = Arc::new((0..JOBS).map(|_| Counts::default()).collect());

    let mut seats = JoinSet::new();
    for _ in 0..SEATS {
        let counts = Arc::clone(&counts);
        seats.spawn(async move {
            let mut reports = Vec::new();
            while counts
                .iter()
                .any(|job| job.ended.load(Ordering::SeqCst) == 0)
            {
                let life = Duration::from_micros(u64::from(random(40_000)));
                let worker = worker(&address.to_string(), concurrency, &counts);
                reports.push(worker.run_until(sleep(life)).await.unwrap());
            }
            reports
        });
    }
    let client = Client::connect(address).await.unwrap();
    for number in 0..JOBS {
        let job = ClientJob::new("count", number.to_string()).unwrap();
        client.submit_background(job).await.unwrap();
    }
    let reports = timeout(PATIENCE, seats.join_all())
        .await
        .expect("all jobs end")
        .concat();

    for (number, job) in counts.iter().enumerate() {
        let seen = (
            job.begun.load(Ordering::SeqCst),
            job.ended.load(Ordering::SeqCst),
        );
        assert_eq!(seen, (1, 1), "begun and ended, job {number}");
    }
    let sum = |part: fn(&StopReport) -> u64| reports.iter().map(part).sum::<u64>();
    assert_eq!(sum(|report| report.completed), JOBS as u64);
    assert_eq!(sum(|report| report.failed + report.undelivered), 0);
    assert!(reports.iter().all(|report| report.abandoned.is_empty()));
    let admin = AdminClient::connect(address.into()).await.unwrap();
    assert_eq!(
        admin.jobs().await.unwrap().good().count(),
        0,
        "the server has no job left"
    );
    println!("{} workers came and went", reports.len());
}

fn worker(server: &str, concurrency: usize, counts: &Arc<Vec<Counts>>) -> Worker {
    let counts = Arc::clone(counts);
    let count = move |job: Job| {
        let counts = Arc::clone(&counts);
        async move {
            let number: usize = std::str::from_utf8(job.workload())?.parse()?;
            counts[number].begun.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_micros(u64::from(random(3_000)))).await;
            counts[number].ended.fetch_add(1, Ordering::SeqCst);
            Ok("")
        }
    };
    let builder = Worker::builder().server(server).concurrency(concurrency);
    builder.function("count", count).build().unwrap()
}

/// Anything below `limit`.
fn random(limit: u32) -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    u32::try_from(RandomState::new().hash_one(limit) % u64::from(limit)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_job_at_a_time() {
    each_job_runs_once(&[], 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_eight_jobs_at_a_time() {
    each_job_runs_once(&[], 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_only_one_worker_is_woken_for_a_job() {
    each_job_runs_once(&["--worker-wakeup=1"], 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_only_one_worker_is_woken_and_each_runs_eight_jobs_at_a_time() {
    each_job_runs_once(&["--worker-wakeup=1"], 8).await;
}
