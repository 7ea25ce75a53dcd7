//! What is said to one worker: a question, or an order. Each goes through the first of its servers that
//! takes it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use gearman_client::{Job, Outcome, Priority, Progress, RunningJob, Update, WorkEvent};
use gearman_proto::Escaped;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::server::Server;
use super::stop::OrderEnd;
use crate::{
    Command, Incarnation, Nonce, OTHER_INCARNATION, Pong, Refused, Secret, Terminated, WorkerId,
    unix_seconds,
};

/// What a worker that knows `ping` may take to answer. It answers beside its jobs, however busy it is.
const PING_LIMIT: Duration = Duration::from_secs(2);

/// On its way to one worker; what comes of it goes into `facts`.
pub(super) struct Errand {
    pub(super) id: WorkerId,
    pub(super) servers: Arc<[Arc<Server>]>,
    pub(super) secret: Option<Secret>,
    pub(super) facts: mpsc::Sender<(WorkerId, Fact)>,
}

/// What has become known of a worker.
#[derive(Debug)]
pub(super) enum Fact {
    /// Which process it is, or that it does not say.
    Identified(Option<Incarnation>),
    /// It was asked with a signature, and does not say which process it is.
    Unidentified { reason: String },
    /// It has the order, and so many jobs to finish if it says so.
    Taken { left: Option<u32> },
    /// The order has ended.
    Over(OrderEnd),
    /// There is no server through which the errand could be done.
    Lost { reason: String },
}

/// The worker does not say which process it is.
#[derive(Debug, thiserror::Error)]
enum NoIncarnation {
    #[error("it has not answered a ping within {PING_LIMIT:?}")]
    Silence,
    #[error("its answer to a ping is none")]
    NoPong,
    #[error("it has failed a ping: {0}")]
    Failed(String),
}

/// The way through a server did not lead to the worker, or broke off.
type NoWay = String;

impl Errand {
    /// Asks the worker which process it is.
    pub(super) async fn ask(self) {
        let fact = match self.identify().await {
            Err(reason) => Fact::Lost { reason },
            Ok(Ok(incarnation)) => Fact::Identified(Some(incarnation)),
            Ok(Err(_)) if self.secret.is_none() => Fact::Identified(None),
            Ok(Err(silence)) => Fact::Unidentified {
                reason: format!("{silence}, and no order is given without a signature"),
            },
        };
        self.tell(fact).await;
    }

    /// Tells it to stop, and follows the order to its end.
    pub(super) async fn order(self, incarnation: Option<Incarnation>) {
        let fact = self.give_order(incarnation).await;
        self.tell(fact.map_or_else(|reason| Fact::Lost { reason }, Fact::Over))
            .await;
    }

    async fn identify(&self) -> Result<Result<Incarnation, NoIncarnation>, NoWay> {
        let mut no_way = NoWay::new();
        for server in &*self.servers {
            let job = self.job(&Command::Ping, None);
            let mut job = match server.client().submit(job).await {
                Ok(job) => job,
                Err(error) => {
                    no_way = error.to_string();
                    continue;
                }
            };
            // The time begins to run once the server has the question.
            match timeout(PING_LIMIT, self.end(&mut job)).await {
                Err(_) => return Ok(Err(NoIncarnation::Silence)),
                Ok(Err(reason)) => no_way = reason,
                Ok(Ok(Ok(answer))) => {
                    let pong = Pong::from_json(&answer).ok_or(NoIncarnation::NoPong);
                    return Ok(pong.map(|pong| pong.incarnation));
                }
                Ok(Ok(Err(reason))) => return Ok(Err(NoIncarnation::Failed(reason))),
            }
        }
        Err(no_way)
    }

    async fn give_order(&self, incarnation: Option<Incarnation>) -> Result<OrderEnd, NoWay> {
        let mut no_way = NoWay::new();
        for server in &*self.servers {
            match self.order_through(server, incarnation).await {
                Ok(end) => return Ok(end),
                // A worker may get its order twice now, which is no more than getting it once.
                Err(reason) => no_way = reason,
            }
        }
        Err(no_way)
    }

    async fn order_through(
        &self,
        server: &Server,
        incarnation: Option<Incarnation>,
    ) -> Result<OrderEnd, NoWay> {
        // An order without incarnation must not wait in a queue for a successor when its worker is gone.
        // Only the end of the connection takes it out of there.
        let client = match incarnation {
            Some(_) => server.client().clone(),
            None => server.client_of_its_own(),
        };
        let command = Command::Terminate { incarnation };
        let accepted = client.submit(self.job(&command, incarnation)).await;
        let mut job = accepted.map_err(|error| error.to_string())?;
        Ok(match self.end(&mut job).await? {
            Ok(answer) => understand(&answer),
            Err(reason) => OrderEnd::Failed { reason },
        })
    }

    /// Follows a job to its end: the answer, or what the worker said when it failed.
    async fn end(&self, job: &mut RunningJob) -> Result<Result<Bytes, String>, NoWay> {
        let mut last_words = Bytes::from_static(b"it has failed the job and says nothing");
        while let Some(event) = job.next().await {
            match event.map_err(|error| error.to_string())? {
                WorkEvent::Update(Update::Status(progress)) => {
                    // After a question it says nothing of a drain; `Stop` knows what was said.
                    let left = left(&progress);
                    self.tell(Fact::Taken { left }).await;
                }
                WorkEvent::Update(Update::Warning(text)) => last_words = text,
                WorkEvent::Update(Update::Data(_)) => {}
                WorkEvent::End(Outcome::Complete(answer)) => return Ok(Ok(answer)),
                WorkEvent::End(Outcome::Exception(reason)) => return Ok(Err(shown(&reason))),
                WorkEvent::End(Outcome::Fail) => return Ok(Err(shown(&last_words))),
            }
        }
        Err("the job can't be followed any longer".to_owned())
    }

    /// Signed where there is a secret; `ping` to whoever bears the id.
    fn job(&self, command: &Command, incarnation: Option<Incarnation>) -> Job {
        let mut line = command.to_string();
        if let Some(secret) = &self.secret {
            let now = unix_seconds(SystemTime::now());
            line = secret.sign(&line, &self.id, incarnation, now, Nonce::random());
        }
        Job::of(self.id.control_function(), line).priority(Priority::High)
    }

    async fn tell(&self, fact: Fact) {
        // Nobody to hear it: the errand is about to be aborted.
        let _ = self.facts.send((self.id.clone(), fact)).await;
    }
}

fn shown(words: &[u8]) -> String {
    Escaped(words).to_string()
}

/// Jobs that are finished of jobs that were held when the order came.
fn left(progress: &Progress) -> Option<u32> {
    let finished = progress.numerator.value()?;
    let left = progress.denominator.value()?.checked_sub(finished)?;
    u32::try_from(left).ok()
}

/// What a worker says to an order that is over.
fn understand(answer: &[u8]) -> OrderEnd {
    match Refused::from_json(answer) {
        Some(Refused { refused }) if refused == OTHER_INCARNATION => OrderEnd::OtherIncarnation,
        Some(Refused { refused }) => OrderEnd::Failed { reason: refused },
        None => OrderEnd::Done(Terminated::from_json(answer).map(|last| last.incarnation)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_done_unless_the_worker_says_that_it_is_not() {
        let incarnation = Incarnation::random();
        let id = WorkerId::new("w").unwrap();
        let terminated = Terminated::new(id, incarnation, 1, 0).to_json();
        assert_eq!(understand(&terminated), OrderEnd::Done(Some(incarnation)));
        assert_eq!(understand(b""), OrderEnd::Done(None));
        assert_eq!(understand(b"ok\xff"), OrderEnd::Done(None));
        assert_eq!(
            understand(&Refused::other_incarnation().to_json()),
            OrderEnd::OtherIncarnation
        );
        let reason = "no".to_owned();
        let refused = understand(br#"{"refused":"no"}"#);
        assert_eq!(refused, OrderEnd::Failed { reason });
    }
}
