//! A Gearman client: submit jobs, follow them, ask for their status.
//!
//! ```no_run
//! use gearman_client::{Client, Job, Priority};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let client = Client::connect("127.0.0.1:4730").await?;
//!
//!     // In the foreground: wait for the result.
//!     let thumbnail = client.run(Job::new("resize", "cat.png")?).await?;
//!     println!("{} bytes", thumbnail.len());
//!
//!     // In the background: the server keeps the job, whoever leaves.
//!     let job = Job::new("reindex", "")?.unique("nightly")?.priority(Priority::Low);
//!     let address = client.submit_background(job).await?;
//!     println!("{address}: {:?}", client.status(&address).await?);
//!     Ok(())
//! }
//! ```
//!
//! * [`Client`] is made by [`Client::connect`] or [`Client::builder`]. Clones share its connections, and
//!   thousands of jobs share one connection.
//! * [`Job`] says what is to be done; it can't be wrong, so what exists can be sent.
//! * [`RunningJob`] is a foreground job: a stream of what happens to it, or a future of its result.
//! * [`JobAddress`] is where a job is, as `host:port/H:vm:1`: store it, and ask for the job's status from
//!   another process.
//! * Errors say what can be done: [`NotSent`] is certain, and it is safe to try again; `OutcomeUnknown`
//!   means that the server may have seen the job; the others are the server's or the worker's own
//!   words. See [`SubmitError`], [`JobError`], [`FollowError`], [`AskError`].
//!
//! # How it is built
//!
//! ```text
//!   Client, RunningJob      faces: cheap, any number of them
//!        |       ^
//!     commands  answers, events
//!        v       |
//!      driver               a task for each server: owns the connection
//!        |
//!     Session               which answer belongs to whom: a machine without IO
//! ```

mod address;
mod builder;
mod client;
mod connection;
mod driver;
mod error;
mod health;
mod job;
mod loss;
mod mailbox;
mod running_job;
mod servers;
pub mod session;
mod waiter;

pub use address::{InvalidAddress, JobAddress};
pub use builder::ClientBuilder;
pub use bytes::Bytes;
pub use client::Client;
pub use error::{AskError, FollowError, JobError, OpenError, SubmitError, TooLarge};
pub use gearman_net::{ConnectError, Endpoint, InvalidEndpoint, NoServer, TransportError};
pub use gearman_proto::{
    FunctionName, InvalidName, JobHandle, JobStatus, Outcome, Priority, Progress, ServerError,
    UniqueId, UniqueStatus, Update, WorkEvent,
};
pub use job::Job;
pub use loss::{ConnectionLost, LossReason, NotSent, NotSentReason};
pub use running_job::{Output, RunningJob};
