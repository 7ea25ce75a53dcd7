//! The text protocol over a connection.
//!
//! ```text
//!  AdminClient --Call--.                        .--> framer.expect, waiters.push --> "status\r\n..." --> server
//!  AdminClient --Call--+--> bounded channel --> driver, which owns the stream
//!  AdminClient --Call--'                        '<-- framer.next_reply, waiters.pop <-- "f\t3\t1\t2\n.\n" <-- server
//! ```
//!
//! Servers answer in order, so a call is a command and a place in a queue. Any number of clones ask
//! through one connection at once, and what they ask at one moment leaves in one write.

use bytes::Bytes;
use gearman_net::Endpoint;
use tokio::sync::{mpsc, oneshot};

use crate::argument::Argument;
use crate::command::Command;
use crate::log_level::LogLevel;
use crate::queue_limits::QueueLimits;
use crate::reply::Reply;
use crate::row::{JobRow, PriorityStatusRow, StatusRow, UniqueJobRow, WorkerRow};
use crate::rows::Rows;

mod builder;
mod call;
mod connection;
mod driver;
mod error;
#[cfg(test)]
mod tests;

pub use builder::AdminClientBuilder;
use call::Call;
pub use error::{AdminError, Loss};

/// Asks one server and gives it orders, in the text protocol.
///
/// Clones share the connection; none waits for the answer to another's question before it asks.
/// A connection that broke is made anew at the next call, and so is one whose server stayed silent
/// for too long or sent what makes no sense. No command is ever sent twice.
///
/// The connection belongs to a task, which ends with the last clone.
///
/// # Examples
///
/// ```no_run
/// use gearman_admin::{AdminClient, Endpoint};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = AdminClient::connect(Endpoint::new("localhost", 4730)).await?;
/// let (version, status) = tokio::try_join!(server.version(), server.status())?;
/// println!("{}", version.escape_ascii());
/// for row in status.good() {
///     println!("{}: {} queued", row.function.escape_ascii(), row.queued());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// The future of any call may be dropped, for instance by a time limit of yours. If the driver has not
/// taken the command by then, it is never sent; otherwise the server may obey it, and its reply is read
/// and thrown away. Other calls get their own replies either way.
#[derive(Clone, Debug)]
pub struct AdminClient {
    endpoint: Endpoint,
    calls: mpsc::Sender<Call>,
}

impl AdminClient {
    /// Connects to a server, which has 5 s for that and 10 s for each sign of life afterwards.
    ///
    /// # Errors
    ///
    /// [`AdminError::NotReached`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops a half-made connection, nothing else.
    pub async fn connect(endpoint: Endpoint) -> Result<Self, AdminError> {
        Self::builder(endpoint).connect().await
    }

    /// A client with other time limits, or one that connects at its first call.
    pub fn builder(endpoint: Endpoint) -> AdminClientBuilder {
        AdminClientBuilder::new(endpoint)
    }

    /// The server.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Jobs and workers of every function.
    ///
    /// # Errors
    ///
    /// [`AdminError`]. A row that makes no sense is an error of that row only, see [`Rows`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn status(&self) -> Result<Rows<StatusRow>, AdminError> {
        match self.send(Command::Status).await? {
            Reply::Status(rows) => Ok(rows),
            other => no_reply_to(Command::Status, other),
        }
    }

    /// Queued jobs of every function by priority, and its workers.
    ///
    /// # Errors
    ///
    /// [`AdminError`]. A row that makes no sense is an error of that row only, see [`Rows`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn priority_status(&self) -> Result<Rows<PriorityStatusRow>, AdminError> {
        match self.send(Command::PriorityStatus).await? {
            Reply::PriorityStatus(rows) => Ok(rows),
            other => no_reply_to(Command::PriorityStatus, other),
        }
    }

    /// Every connection of the server, this one included, with the functions it offers to work on.
    ///
    /// # Errors
    ///
    /// [`AdminError`]. A row that makes no sense is an error of that row only, see [`Rows`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn workers(&self) -> Result<Rows<WorkerRow>, AdminError> {
        match self.send(Command::Workers).await? {
            Reply::Workers(rows) => Ok(rows),
            other => no_reply_to(Command::Workers, other),
        }
    }

    /// Every job.
    ///
    /// # Errors
    ///
    /// [`AdminError`]. A row that makes no sense is an error of that row only, see [`Rows`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn jobs(&self) -> Result<Rows<JobRow>, AdminError> {
        match self.send(Command::ShowJobs).await? {
            Reply::Jobs(rows) => Ok(rows),
            other => no_reply_to(Command::ShowJobs, other),
        }
    }

    /// The unique of every job.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn unique_jobs(&self) -> Result<Rows<UniqueJobRow>, AdminError> {
        match self.send(Command::ShowUniqueJobs).await? {
            Reply::UniqueJobs(rows) => Ok(rows),
            other => no_reply_to(Command::ShowUniqueJobs, other),
        }
    }

    /// The server's version, as it writes it.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn version(&self) -> Result<Bytes, AdminError> {
        match self.send(Command::Version).await? {
            Reply::Version(version) => Ok(version),
            other => no_reply_to(Command::Version, other),
        }
    }

    /// How much the server logs.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn log_level(&self) -> Result<LogLevel, AdminError> {
        match self.send(Command::LogLevel).await? {
            Reply::LogLevel(level) => Ok(level),
            other => no_reply_to(Command::LogLevel, other),
        }
    }

    /// The process id of the server, on its machine.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn pid(&self) -> Result<u32, AdminError> {
        match self.send(Command::Pid).await? {
            Reply::Pid(pid) => Ok(pid),
            other => no_reply_to(Command::Pid, other),
        }
    }

    /// Limits how many jobs of a function may exist.
    ///
    /// gearmand agrees for a function that it does not know, and forgets: create it first.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn max_queue(
        &self,
        function: Argument,
        limits: QueueLimits,
    ) -> Result<(), AdminError> {
        let command = Command::MaxQueue { function, limits };
        self.send(command).await.map(drop)
    }

    /// Makes a function known before its first worker or job; one that is known already stays.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn create_function(&self, function: Argument) -> Result<(), AdminError> {
        let command = Command::CreateFunction(function);
        self.send(command).await.map(drop)
    }

    /// Forgets a function.
    ///
    /// gearmand agrees while jobs are queued, and those can never run after that: ask for the
    /// [`status`](Self::status) first.
    ///
    /// # Errors
    ///
    /// [`AdminError`]; refused as [`FunctionNotFound`](crate::ServerError::FunctionNotFound), or as
    /// [`FunctionInUse`](crate::ServerError::FunctionInUse) while it has workers or running jobs.
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn drop_function(&self, function: Argument) -> Result<(), AdminError> {
        let command = Command::DropFunction(function);
        self.send(command).await.map(drop)
    }

    /// Cancels the queued job with this handle; a running one goes on, and its clients are told that
    /// it has failed.
    ///
    /// # Errors
    ///
    /// [`AdminError`]; refused as [`UnknownJob`](crate::ServerError::UnknownJob) if there is no such
    /// job, or not any more.
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn cancel_job(&self, handle: Argument) -> Result<(), AdminError> {
        let command = Command::CancelJob(handle);
        self.send(command).await.map(drop)
    }

    /// Sends any command and waits for its reply.
    ///
    /// # Errors
    ///
    /// [`AdminError`].
    ///
    /// # Cancel safety
    ///
    /// Safe; see [`AdminClient`].
    pub async fn send(&self, command: Command) -> Result<Reply, AdminError> {
        let (answer, reply) = oneshot::channel();
        let call = Call { command, answer };
        // Either fails only when the runtime that the driver lived on is shut down.
        let gone = || AdminError::ConnectionLost {
            endpoint: self.endpoint.clone(),
            reason: Loss::RuntimeShutDown,
        };
        self.calls.send(call).await.map_err(|_| gone())?;
        reply.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// [`Reply::parse`] decides by the command which variant it returns.
fn no_reply_to<T>(command: Command, reply: Reply) -> T {
    unreachable!("{command:?} was answered with {reply:?}")
}
