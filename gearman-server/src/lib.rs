//! An embedded Gearman job server, for development, tests and single-process use.
//!
//! It behaves as gearmand 1.1.20 does, down to the order of its packets, for a client, a worker or an
//! administrator that looks at it from outside. It keeps nothing on disk.
//!
//! # Two halves
//!
//! * [`Broker`] is the server without IO: [`Request`](gearman_proto::Request)s go in,
//!   [`Response`](gearman_proto::Response)s come out. It knows no socket, no clock and no thread, and it
//!   can be cloned: what a worker does in every possible order of events can be walked through.
//! * [`EmbeddedServer`] puts a broker on a TCP port, and on in-memory streams for tests.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use gearman_proto::FunctionName;
//! use gearman_server::{BrokerOptions, EmbeddedServer};
//!
//! let server = EmbeddedServer::builder()
//!     .options(BrokerOptions::default().worker_wakeup(1))
//!     .start()
//!     .await?;
//! println!("point clients and workers to {}", server.local_addr());
//!
//! let resize = FunctionName::new("resize")?;
//! let queued = server.inspect(move |broker| broker.queued(&resize)).await;
//! assert_eq!(queued, Some(0));
//! # Ok(()) }
//! ```
//!
//! # Where we differ from gearmand
//!
//! Where gearmand crashes, corrupts its memory, loses jobs or swallows packets, this server does what
//! its clients can live with.
//!
//! | what | gearmand 1.1.20 | here |
//! |---|---|---|
//! | packet number from 2³¹ on | the process dies | the connection is closed, as for the other unknown numbers |
//! | a NUL is missing | the next packet is swallowed, later the connection is closed | ERROR `INVALID_ARGUMENT`; the stream stays in step |
//! | GET_STATUS or GET_STATUS_UNIQUE of 64 bytes and more, an epoch that is no number | no answer, or run at once | ERROR |
//! | empty function name or handle | accepted | ERROR `INVALID_ARGUMENT` |
//! | function of more than 512 bytes | up to 8 KiB, but the assignment kills its workers from 8160 on | ERROR `ARGUMENT_TOO_LARGE` |
//! | unique of 64 bytes; long unique of a reduce job | accepted, the workload or foreign memory goes wrong | ERROR `ARGUMENT_TOO_LARGE` |
//! | client id that is not 1 to 127 printable bytes | cut, or put into `workers` as it is | ignored |
//! | body of any size | waited for | ERROR past [`body_limit`](EmbeddedServerBuilder::body_limit); if it was a result, its job fails |
//! | WORK_FAIL made of WORK_EXCEPTION, or sent with a NUL behind the handle | the client gets the NUL too | no NUL: libgearman does not recognise that packet and hangs |
//! | WORK_STATUS with a denominator of 12 bytes or more | not passed on | passed on |
//! | a peer that does not read | buffered without limit | cut off at 64 MiB |
//! | job submitted again after it was abandoned or cancelled | joins the dead job and is lost | the job is wanted again, and sleepers are told |
//! | `cancel job` | its clients may get a result, or another WORK_FAIL, after WORK_FAIL | they get WORK_FAIL once and nothing more |
//! | `drop function` with queued jobs | the jobs become unreachable, freed memory is used | the jobs fail |
//! | `create function` ended by a bare LF | loses the last letter of the name | does not |
//! | CAN_DO_TIMEOUT | one timer for each connection, never stopped when the job ends: memory is corrupted | each job has its own limit, which ends with the job |
//! | CAN_DO_TIMEOUT with a number that does not fit | the process dies | ERROR `INVALID_ARGUMENT` |
//! | SUBMIT_JOB_EPOCH of the future | wakes sleepers at once and not when it is due; hides jobs of low priority | wakes them when it is due, like gearmand 2.0, and hides nothing |
//! | a handle prefix of more than 42 bytes | handles are not unique | the prefix is cut |
//! | `workers`, first column | file descriptor | number of the connection; addresses of IPv6 are right |
//! | `verbose` | the log level | always `ERROR` |
//! | lists | in no order | in the order of creation |
//!
//! Not here: persistent queues, TLS, HTTP, `--round-robin`.

mod broker;
mod coalesce;
mod connection;
mod errors;
mod function;
mod ids;
mod job;
mod options;
mod server;
mod shell;

pub use broker::{Broker, ConnectionState, FunctionState, JobPlace, JobState, Output, Snapshot};
pub use ids::ConnectionId;
pub use options::BrokerOptions;
pub use server::{EmbeddedServer, EmbeddedServerBuilder};
