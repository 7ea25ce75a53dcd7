use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use gearman_net::{Connector, Endpoint};
use gearman_proto::{JobStatus, UniqueId, UniqueStatus};
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::driver::{DialTcp, Settings};
use crate::error::Failure;
use crate::mailbox::{Wanted, mailbox};
use crate::servers::Servers;
use crate::session::Question;
use crate::waiter::{Reply, Waiter};
use crate::{
    AskError, ClientBuilder, Job, JobAddress, JobError, OpenError, RunningJob, SubmitError,
    TooLarge,
};

/// Submits jobs, follows them, asks for their status. Clones are cheap and share everything.
///
/// Any number of jobs can be in flight, on one connection. Of several servers the first that can be
/// reached is used, and the next when it fails. A lost connection is made again when there is something
/// to ask; what waited on it gets an error that says whether the server may have seen it. Nothing is
/// ever sent again.
///
/// The connections are closed when the last clone and the last [`RunningJob`] are dropped.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    servers: Servers,
    connector: Connector,
    settings: Settings,
}

impl Client {
    /// Connects to one server, with everything else as it is by default.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::connect`].
    ///
    /// # Panics
    ///
    /// As [`ClientBuilder::connect`].
    ///
    /// # Cancel safety
    ///
    /// As [`ClientBuilder::connect`].
    pub async fn connect<E>(server: E) -> Result<Self, OpenError>
    where
        E: TryInto<Endpoint>,
        OpenError: From<E::Error>,
    {
        Self::builder().server(server).connect().await
    }

    /// A client for which more is to be said.
    pub const fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(
        connections: Vec<Connection>,
        connector: Connector,
        settings: Settings,
    ) -> Self {
        Self(Arc::new(Shared {
            servers: Servers::new(connections),
            connector,
            settings,
        }))
    }

    /// The servers, in the order given.
    pub fn servers(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.servers.named().map(AsRef::as_ref)
    }

    /// Submits a job in the foreground: the server sends what happens to it, and abandons it when the
    /// connection ends. Returns when the server has accepted it.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] says whether it is safe to submit the job again.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the job may have been submitted or not. Other jobs are not disturbed.
    pub async fn submit(&self, job: Job) -> Result<RunningJob, SubmitError> {
        self.follow(job, Wanted::Events).await
    }

    /// Submits a job in the foreground and waits for its result.
    ///
    /// # Errors
    ///
    /// [`JobError`], where there is no result.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the job may have been submitted or not, and goes on if it was. Other
    /// jobs are not disturbed.
    pub async fn run(&self, job: Job) -> Result<Bytes, JobError> {
        self.follow(job, Wanted::Output).await?.output().await
    }

    /// Submits a job in the background: the server keeps it whoever leaves, and nobody hears what
    /// happens to it. Returns where it can be asked for.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] says whether it is safe to submit the job again.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the job may have been submitted or not.
    pub async fn submit_background(&self, job: Job) -> Result<JobAddress, SubmitError> {
        let question = Question::Submit(job.in_background());
        self.check(&question)?;
        Ok(self.ask(question, Waiter::Background).await?)
    }

    /// Asks the server that made a job how it is, whether it is one of this client's or not. A job that
    /// has ended is not known any longer.
    ///
    /// # Errors
    ///
    /// [`AskError`], where there is no answer.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens but that the answer is not heard.
    pub async fn status(&self, job: &JobAddress) -> Result<JobStatus, AskError> {
        let shared = &self.0;
        let connection = shared.servers.at(job.server(), || {
            let dial = DialTcp {
                connector: shared.connector.clone(),
                server: Arc::new(job.server().clone()),
            };
            Connection::spawn(dial, shared.settings.clone(), None)
        });
        let question = Question::Status(*job.handle());
        Ok(ask_at(&connection, question, Waiter::Status).await?)
    }

    /// Asks the server in use how the job with this unique id is, whatever its function. Jobs with the id
    /// `-` are not found.
    ///
    /// # Errors
    ///
    /// [`AskError`], where there is no answer.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens but that the answer is not heard.
    pub async fn unique_status(&self, unique: &UniqueId) -> Result<UniqueStatus, AskError> {
        let question = Question::UniqueStatus(*unique);
        Ok(self.ask(question, Waiter::UniqueStatus).await?)
    }

    /// Has a server send these bytes back: it is there, and it has read everything that was sent before.
    ///
    /// # Errors
    ///
    /// [`AskError`], where it does not.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens but that the answer is not heard.
    pub async fn echo(&self, bytes: impl Into<Bytes>) -> Result<Bytes, AskError> {
        let question = Question::Echo(bytes.into());
        self.check(&question)?;
        Ok(self.ask(question, Waiter::Echo).await?)
    }

    async fn follow(&self, job: Job, wanted: Wanted) -> Result<RunningJob, SubmitError> {
        let question = Question::Submit(job.in_foreground());
        self.check(&question)?;
        let mut round = self.0.servers.round();
        loop {
            let connection = round.next()?;
            let (postman, mailbox) = mailbox(wanted);
            let waiter = Waiter::Job(postman);
            connection.ask(question.clone(), waiter).await;
            match poll_fn(|cx| mailbox.poll_acceptance(cx)).await {
                Some(Ok(address)) => {
                    return Ok(RunningJob::new(address, mailbox, connection.clone()));
                }
                Some(Err(Failure::NotSent(reason))) => round.not_sent(reason),
                Some(Err(failure)) => return Err(failure.into()),
                None => return Err(SubmitError::OutcomeUnknown(connection.stopped())),
            }
        }
    }

    /// Asks the first server that takes the question.
    async fn ask<T>(
        &self,
        question: Question,
        waiter: fn(Reply<T>) -> Waiter,
    ) -> Result<T, Failure> {
        let mut round = self.0.servers.round();
        loop {
            let connection = round.next().map_err(Failure::NotSent)?;
            match ask_at(connection, question.clone(), waiter).await {
                Err(Failure::NotSent(reason)) => round.not_sent(reason),
                result => return result,
            }
        }
    }

    /// Before anything is sent: gearmand would take what is too long, and a frame has no more than 4 GiB.
    fn check(&self, question: &Question) -> Result<(), TooLarge> {
        let limit = self.0.settings.body_limit;
        let length = question.body_length();
        if u32::try_from(length).is_ok_and(|length| length <= limit) {
            Ok(())
        } else {
            Err(TooLarge { length, limit })
        }
    }
}

async fn ask_at<T>(
    connection: &Connection,
    question: Question,
    waiter: fn(Reply<T>) -> Waiter,
) -> Result<T, Failure> {
    let (reply, answer) = oneshot::channel();
    connection.ask(question, waiter(reply)).await;
    match answer.await {
        Ok(result) => result,
        Err(_) => Err(Failure::Lost(connection.stopped())),
    }
}
