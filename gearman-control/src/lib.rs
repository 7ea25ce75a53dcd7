//! The language spoken with a Gearman worker through its own function, `_worker_<id>`.
//!
//! A worker that has an id registers one function more, on a connection of its own. Whoever can submit
//! jobs can reach it there, wherever it runs:
//!
//! ```text
//! client --SUBMIT_JOB_HIGH _worker_web-1 "terminate incarnation=4f..."--> server --> worker web-1
//! client <--WORK_STATUS 1/3, WORK_STATUS 2/3, ... WORK_COMPLETE {...}---- server <-- worker web-1
//! ```
//!
//! The workload is one line of text, a [`Command`]; what comes back is JSON ([`Pong`], [`Terminated`],
//! [`Refused`]). `terminate` is answered when the worker has finished its last job, not before.
//!
//! ```
//! use gearman_control::{Command, Incarnation, WorkerId};
//!
//! let id = WorkerId::new("web-1")?;
//! assert_eq!(id.control_function().as_bytes(), b"_worker_web-1");
//! let order = Command::Terminate { incarnation: Some(Incarnation::parse("00c0ffee00c0ffee")?) };
//! assert_eq!(order.to_string(), "terminate incarnation=00c0ffee00c0ffee");
//! assert_eq!(Command::parse(b"terminate incarnation=00c0ffee00c0ffee\n")?, order);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Signed commands
//!
//! Whoever can submit jobs can command a worker, unless it shares a [`Secret`] with those who may. Then it
//! obeys [signed](Secret::sign) lines only:
//!
//! ```text
//! v1 UNIX-SECONDS NONCE MAC COMMAND...
//! ```
//!
//! A [`Verifier`] accepts a line once, within a minute, and only for the process that is meant. What this
//! does not do: lines are not encrypted, and answers are not signed. Who sits between the two can read
//! everything, hold a line back, and forge an answer; only orders they can't give.
//!
//! # Features
//!
//! With feature `fleet`, the module `fleet` finds workers through their job servers, stops some or all,
//! and waits until they have left.

mod answer;
mod command;
#[cfg(feature = "fleet")]
pub mod fleet;
mod incarnation;
mod nonce;
mod secret;
mod signed_line;
mod verifier;
mod worker_id;

pub use answer::{
    Cancelled, Done, FunctionList, OTHER_INCARNATION, Pong, Refused, Stats, Terminated,
};
pub use command::{Command, InvalidCommand, WORDS};
pub use incarnation::{Incarnation, InvalidIncarnation};
pub use nonce::Nonce;
pub use secret::{InvalidSecret, SECRET_VARIABLE, Secret};
pub use signed_line::unix_seconds;
pub use verifier::{SignatureError, Verifier};
pub use worker_id::{CONTROL_PREFIX, InvalidWorkerId, WorkerId};
