//! `gearctl` as its users meet it: the built program, a server, exit codes and what is printed.

#![allow(
    clippy::unwrap_used,
    reason = "a failure here is a failed test, also in the functions that tests share"
)]

mod demo;
mod fake_server;
mod listing;
mod stage;
mod submit;
mod terminate;
mod usage;
mod work;
