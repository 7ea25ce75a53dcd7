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
//! With feature `fleet`, the module `fleet` finds workers through their job servers, stops some or all,
//! and waits until they have left.

mod answer;
mod command;
#[cfg(feature = "fleet")]
pub mod fleet;
mod incarnation;
mod worker_id;

pub use answer::{
    Cancelled, Done, FunctionList, OTHER_INCARNATION, Pong, Refused, Stats, Terminated,
};
pub use command::{Command, InvalidCommand, WORDS};
pub use incarnation::{Incarnation, InvalidIncarnation};
pub use worker_id::{CONTROL_PREFIX, InvalidWorkerId, WorkerId};
