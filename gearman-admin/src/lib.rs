//! Gearman's text protocol for administrators, in both directions.
//!
//! A Gearman server listens to two languages on one port: binary packets, whose first byte is NUL,
//! and lines of text, which people once typed into telnet. This crate is the second language: which
//! functions exist, who works, what waits, and the few orders that a server takes. Without features
//! it does no IO and knows no clock; bytes come in, values go out, and the other way round.
//!
//! ```text
//!   client   Command --encode--> "status\r\n" ............> LineSplitter --> Command::parse   server
//!            Rows <-- Reply::parse <-- ReplyFramer <....... "f\t3\t1\t2\n.\n" <-- Reply::encode
//! ```
//!
//! * **Ask**: a [`Command`] encodes itself. Its names are [`Argument`]s, which cannot smuggle in a
//!   second command.
//! * **Wait**: replies carry no length and no command, so a [`ReplyFramer`] is told what was asked,
//!   in order, and cuts the stream accordingly.
//! * **Read**: [`Reply::parse`], or one function per command ([`reply::version`],
//!   [`Rows::parse`]...). A list is [`Rows`], parsed row by row as you walk; a row that makes no
//!   sense is an error of that row only.
//! * **Serve**: [`LineSplitter`] cuts lines, [`Command::parse`] follows gearmand's grammar to the
//!   letter, and [`Reply::encode`] and [`ServerError::encode`] write what gearmand would have
//!   written, byte for byte.
//! * **Connect**: with feature `client`, `AdminClient` does the first three over a connection of its
//!   own, for any number of callers at once.
//!
//! | command | [`Command`] | reply |
//! |---|---|---|
//! | `status` | [`Status`](Command::Status) | rows of [`StatusRow`], then `.` |
//! | `prioritystatus` | [`PriorityStatus`](Command::PriorityStatus) | rows of [`PriorityStatusRow`], then `.` |
//! | `workers` | [`Workers`](Command::Workers) | rows of [`WorkerRow`], then `.` |
//! | `show jobs` | [`ShowJobs`](Command::ShowJobs) | rows of [`JobRow`], then `.` |
//! | `show unique jobs` | [`ShowUniqueJobs`](Command::ShowUniqueJobs) | rows of [`UniqueJobRow`], then `.` |
//! | `version` | [`Version`](Command::Version) | `OK value` |
//! | `verbose` | [`LogLevel`](Command::LogLevel) | `OK value`, a [`LogLevel`] |
//! | `getpid` | [`Pid`](Command::Pid) | `OK value`, a number |
//! | `maxqueue F ...` | [`MaxQueue`](Command::MaxQueue) | `OK` |
//! | `create function F` | [`CreateFunction`](Command::CreateFunction) | `OK` |
//! | `drop function F` | [`DropFunction`](Command::DropFunction) | `OK` |
//! | `cancel job H` | [`CancelJob`](Command::CancelJob) | `OK` |
//!
//! Any of them may be answered by one line `ERR ...` instead: a [`ServerError`].
//!
//! Nothing is escaped in this protocol. Function names and client ids are whatever bytes a worker
//! has sent, so a name may hold TABs, blanks, line ends and text that looks like a row. Names are
//! [`bytes::Bytes`] here, each row type says how it splits what cannot be split for certain, and
//! error texts escape what they quote.
//!
//! # Examples
//!
//! ```
//! use bytes::BytesMut;
//! use gearman_admin::{Command, ReplyFramer, Rows, StatusRow};
//!
//! let mut outgoing = BytesMut::new();
//! let mut framer = ReplyFramer::new();
//! for command in [Command::Version, Command::Status] {
//!     command.encode(&mut outgoing);
//!     framer.expect(&command);
//! }
//! assert_eq!(outgoing, "version\r\nstatus\r\n");
//!
//! // What the server sent, whatever pieces it came in.
//! let mut incoming = BytesMut::from("OK 1.1.20\nresize\t3\t1\t2\nnonsense\n.\n");
//!
//! let version = framer.next_reply(&mut incoming)?.expect("a whole reply is there");
//! assert_eq!(gearman_admin::reply::version(&version)?, "1.1.20");
//!
//! let status = framer.next_reply(&mut incoming)?.expect("a whole reply is there");
//! let rows = Rows::<StatusRow>::parse(&status)?;
//! for row in &rows {
//!     match row {
//!         Ok(row) => println!("{:?}: {} queued", row.function, row.queued()),
//!         Err(malformed) => eprintln!("{malformed}"),
//!     }
//! }
//! assert_eq!(rows.good().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/parse.rs` makes JSON of any reply; it is a tour of the crate.

#![forbid(unsafe_code)]
#![warn(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic
)]

mod argument;
#[cfg(feature = "client")]
mod client;
mod command;
mod command_line;
mod framer;
mod line;
mod log_level;
mod queue_limits;
mod quoted;
pub mod reply;
mod row;
mod rows;
mod server_error;
mod shape;

pub use argument::{Argument, ArgumentError};
#[cfg(feature = "client")]
pub use client::{AdminClient, AdminClientBuilder, AdminError, Loss};
pub use command::Command;
pub use command_line::{CommandError, MAX_WORDS};
pub use framer::{FramingError, ReplyFramer};
#[cfg(feature = "client")]
pub use gearman_net::{ConnectError, Endpoint};
pub use line::{LineSplitter, LineTooLong, MAX_LINE};
pub use log_level::LogLevel;
pub use queue_limits::QueueLimits;
pub use reply::{Reply, ReplyError};
pub use row::{
    Functions, JobRow, MalformedRow, PriorityStatusRow, Row, StatusRow, UniqueJobRow, WorkerRow,
};
pub use rows::{Rows, RowsIter};
pub use server_error::ServerError;
