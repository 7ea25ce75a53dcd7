//! What Gearman peers are held to.
//!
//! This crate starts peers that we did not write (the real gearmand, libgearman's `gearman` and
//! `gearadmin`) and programs that we did, each as a process of its own, and watches what they say.
//!
//! * [`Gearmand`]: a fresh server on a free loopback port, which can be killed and restarted.
//! * [`Program`]: a process whose lines can be waited for, which can be sent signals, and whose exit
//!   can be awaited; killed when it is dropped.
//! * [`Proxy`]: a network between the two that can be broken.
//! * [`installed`] and [`built`]: where programs are found, and the sentence that says how to get one that
//!   is absent or older than its sources. Nothing is skipped silently.
//!
//! The tests of this crate are the promises of the workspace, kept against the real server.

/// The README's programs compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

mod gearmand;
mod locate;
mod program;
mod proxy;

pub use gearmand::Gearmand;
pub use locate::{Absent, built, installed};
pub use program::{Line, PATIENCE, Program, Signal};
pub use proxy::{Direction, Proxy};
