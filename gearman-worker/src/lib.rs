//! Run Gearman jobs, and stop without interrupting, losing or doubling any.
//!
//! ```no_run
//! use gearman_worker::{Job, Worker};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let worker = Worker::builder()
//!         .server("127.0.0.1:4730")
//!         .id("web-1")
//!         .concurrency(4)
//!         .function("reverse", async |job: Job| {
//!             Ok(job.workload().iter().rev().copied().collect::<Vec<u8>>())
//!         })
//!         .handle_signals()
//!         .build()?;
//!     let report = worker.run().await?;
//!     println!("{report}");
//!     Ok(())
//! }
//! ```
//!
//! # Stopping
//!
//! A worker can be told to *drain* in four ways, and all are one: SIGTERM, [`WorkerHandle::drain`], the
//! future of [`Worker::run_until`], and `terminate` through the job server. It then takes no new jobs,
//! finishes those that it has, and leaves in a way that strands none (the steps are those of the
//! [machine]). SIGINT and [`WorkerHandle::cancel`] stop in the middle of the task: the server gets the jobs
//! back and gives them to other workers. Either way [`StopReport`] says what was done.
//!
//! ```text
//! Running <-> Quiet -> Draining -> Cancelling -> Closed
//!        SIGUSR1/2    SIGTERM     SIGINT, or a limit that passed
//! ```
//!
//! # While it runs
//!
//! [`WorkerHandle`] makes a worker quiet and lets it resume, changes how many jobs run at once, adds and
//! removes functions, and tells how it is. A worker with an id hears the same, one line of text each,
//! through the job server: see the crate `gearman-control` for the words.
//!
//! # How it is built
//!
//! ```text
//! Worker, WorkerHandle, Job              what users see
//!   |  orders down, reports up
//! Crew: one Connection per server        the driver: a task with one select! over bytes, handlers,
//!   |  inputs down, actions up           slots, orders and timers
//! machine::Machine                       the rules: no socket, no clock, no lock
//! ```
//!
//! One connection serves any number of jobs at once. All connections of a worker share one cap,
//! [`WorkerBuilder::concurrency`], and a worker never asks for a job that it could not start.
//!
//! # Features
//!
//! Each only adds something.
//!
//! * `control` (default): a worker with an id can be reached through its job server, as `_worker_<id>`;
//!   with a secret (`WorkerBuilder::control_secret`), by signed commands only.
//! * `json`: `WorkerBuilder::json_function` takes and returns values of Rust types, sent as JSON.
//! * `metrics`: numbers for whatever recorder of the `metrics` crate the program installs.
//! * `tower`: `WorkerBuilder::service` runs jobs with any `tower::Service`, layers included.
//!
//! # Log
//!
//! Events and spans go to `tracing`: connections that come up, break and leave, the stages on the way
//! out, what servers refuse. Around each handler is a span `job` at level INFO with the fields `function`,
//! `handle`, `unique`, and at its end `outcome` (`complete`, `fail`, `exception`, or `stopped` where it was
//! not let finish) and `duration`. What a handler logs is within it. Payloads are never logged.
//!
//! # Metrics
//!
//! With feature `metrics`, for a recorder that is installed before the worker runs. Control jobs are not
//! counted.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `gearman_worker_jobs_total` | counter | `function`, `outcome` | jobs that ended: `complete`, `fail`, `exception`; or `abandoned`: handed back |
//! | `gearman_worker_jobs_running` | gauge | `function` | jobs that run |
//! | `gearman_worker_job_seconds` | histogram | `function` | how long a job ran |
//! | `gearman_worker_undelivered_total` | counter | `server` | jobs that ended, but nothing proves that the server has read how |
//! | `gearman_worker_connections_total` | counter | `server` | connections that came up |
//! | `gearman_worker_connections_lost_total` | counter | `server` | connections that broke |
//!
//! How long jobs wait in the worker is no number: none is asked for before there is a slot for it. How long
//! they wait in the server only the server knows.

#![cfg_attr(
    not(feature = "control"),
    allow(dead_code, reason = "some things only the control connection asks for")
)]

mod blocking;
mod builder;
mod cancel;
mod cap;
mod change;
mod connection;
#[cfg(feature = "control")]
mod control;
mod crew;
mod dial;
mod directive;
mod handle;
mod handler;
mod job;
mod job_error;
#[cfg(feature = "json")]
mod json;
mod load;
pub mod machine;
#[cfg_attr(not(feature = "metrics"), path = "metrics_off.rs")]
mod metrics;
mod recycle;
mod report;
mod signals;
mod slots;
mod span;
mod stage;
#[cfg(feature = "tower")]
mod tower;
mod watchdog;
mod wishes;
mod worker;

#[cfg(feature = "tower")]
pub use self::tower::TowerHandler;
pub use builder::{BuildError, WorkerBuilder};
pub use cancel::CancelReason;
#[cfg(feature = "control")]
pub use gearman_control::Secret;
pub use handle::{HasLeft, WorkerHandle, WorkerStats};
pub use handler::Handler;
pub use job::{BlockingJob, Job, SendError};
pub use job_error::{Exceptions, JobError};
#[cfg(feature = "json")]
pub use json::{JsonFailure, JsonHandler};
pub use report::{StopReason, StopReport};
pub use stage::{Stage, Stages};
pub use worker::{RunError, Worker};
