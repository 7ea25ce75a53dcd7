//! One job from its payload to its end.

use bytes::{Bytes, BytesMut};
use gearman_client::{
    Client, FollowError, Job, JobAddress, Outcome, ServerError, SubmitError, Update, WorkEvent,
};
use gearman_proto::Escaped;
use tokio::sync::mpsc;

use super::screen::Screen;
use crate::exit::Exit;
use crate::output::Object;

/// How all jobs of the command are submitted and told about.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) client: Client,
    pub(super) background: bool,
    /// Parts of the result as they come.
    pub(super) stream: bool,
    pub(super) json: bool,
    /// There is one job only: it needs no number, and has the progress bar for itself.
    pub(super) alone: bool,
    pub(super) screen: Screen,
}

/// From a job to whoever prints.
#[derive(Debug)]
pub(super) enum News {
    /// To be written to stdout.
    Piece(Bytes),
    /// The last one.
    End(Ended),
}

/// How a job's story ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ended {
    /// It is done; in the background: the server has it.
    Well,
    Failed,
    Refused,
    /// Nobody knows what became of it.
    Unknown,
    /// It reached no server.
    NotSent,
}

impl Ended {
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Well => Exit::Done,
            Self::Failed => Exit::JobFailed,
            Self::Refused => Exit::Refused,
            Self::Unknown | Self::NotSent => Exit::NoServer,
        }
    }
}

/// A job that is under way.
pub(super) struct Errand {
    manner: Manner,
    number: u64,
    address: Option<JobAddress>,
    news: mpsc::UnboundedSender<News>,
}

impl Errand {
    /// Sends the job on its way. What it has to tell waits for its turn in the channel, which holds no more
    /// than the job's result.
    pub(super) fn begin(manner: Manner, number: u64, job: Job) -> mpsc::UnboundedReceiver<News> {
        let (news, receiver) = mpsc::unbounded_channel();
        let errand = Self {
            manner,
            number,
            address: None,
            news,
        };
        tokio::spawn(errand.run(job));
        receiver
    }

    async fn run(mut self, job: Job) {
        let end = if self.manner.background {
            self.leave(job).await
        } else {
            self.follow(job).await
        };
        self.tell(News::End(end));
    }

    async fn leave(&mut self, job: Job) -> Ended {
        let address = match self.manner.client.submit_background(job).await {
            Ok(address) => address,
            Err(error) => return self.not_accepted(error),
        };
        self.address = Some(address.clone());
        if self.manner.json {
            self.object(self.event("submitted"));
        } else {
            self.tell(News::Piece(format!("{address}\n").into()));
        }
        Ended::Well
    }

    async fn follow(&mut self, job: Job) -> Ended {
        let mut running = match self.manner.client.submit(job).await {
            Ok(running) => running,
            Err(error) => return self.not_accepted(error),
        };
        self.address = Some(running.address().clone());
        let mut output = BytesMut::new();
        loop {
            match running.next().await {
                Some(Ok(WorkEvent::Update(update))) => self.update(update, &mut output),
                Some(Ok(WorkEvent::End(outcome))) => return self.outcome(outcome, output),
                Some(Err(error)) => return self.unheard(&error),
                // It told its end before, and then we left.
                None => return Ended::Unknown,
            }
        }
    }

    fn update(&self, update: Update, output: &mut BytesMut) {
        match update {
            Update::Data(part) if !self.manner.stream => output.extend_from_slice(&part),
            Update::Data(part) if self.manner.json => {
                self.object(self.event("data").with_bytes("data", &part));
            }
            Update::Data(part) => self.tell(News::Piece(part)),
            Update::Warning(text) => self.say("warning: ", &text),
            Update::Status(progress) => {
                if self.manner.alone {
                    self.manner.screen.progress(&progress);
                }
            }
        }
    }

    fn outcome(&self, outcome: Outcome, mut output: BytesMut) -> Ended {
        match outcome {
            Outcome::Complete(last) => {
                output.extend_from_slice(&last);
                if self.manner.json {
                    self.object(self.event("completed").with_bytes("result", &output));
                } else {
                    if self.manner.screen.ends_lines()
                        && !output.is_empty()
                        && !output.ends_with(b"\n")
                    {
                        output.extend_from_slice(b"\n");
                    }
                    self.tell(News::Piece(output.freeze()));
                }
                Ended::Well
            }
            Outcome::Fail => self.bad_end(Ended::Failed, "failed", "the job has failed"),
            Outcome::Exception(reason) => {
                self.say("exception: ", &reason);
                let reason = format!("the job has failed: {}", Escaped(&reason));
                self.bad_end(Ended::Failed, "failed", &reason)
            }
        }
    }

    fn unheard(&self, error: &FollowError) -> Ended {
        let end = match error {
            FollowError::OutcomeUnknown(_) => Ended::Unknown,
            _ => Ended::Failed,
        };
        self.bad_end(end, "unknown", &error.to_string())
    }

    fn not_accepted(&self, error: SubmitError) -> Ended {
        match error {
            SubmitError::Refused(ServerError { .. }) => {
                self.bad_end(Ended::Refused, "refused", &error.to_string())
            }
            SubmitError::QueueFull => {
                let text = format!("{error} (QUEUE_ERROR Job queue is full)");
                self.bad_end(Ended::Refused, "refused", &text)
            }
            SubmitError::TooLarge(_) => self.bad_end(
                Ended::Failed,
                "refused",
                &format!("the payload is too large: {error}; nothing was sent"),
            ),
            SubmitError::NotSent(_) => self.bad_end(
                Ended::NotSent,
                "not_sent",
                &format!("no server reachable: {error}"),
            ),
            _ => self.bad_end(Ended::Unknown, "unknown", &error.to_string()),
        }
    }

    fn bad_end(&self, end: Ended, event: &str, reason: &str) -> Ended {
        if self.manner.json {
            self.object(self.event(event).with("reason", reason));
        }
        self.say("", reason.as_bytes());
        end
    }

    fn say(&self, what: &str, text: &[u8]) {
        let who = match (&self.address, self.manner.alone) {
            (_, true) => String::new(),
            (Some(address), false) => format!("job {} ({address}): ", self.number),
            (None, false) => format!("job {}: ", self.number),
        };
        self.manner.screen.say(&format!("{who}{what}"), text);
    }

    fn event(&self, event: &str) -> Object {
        let object = Object::default().with("job", self.number);
        let object = match &self.address {
            Some(address) => object.with("handle", address.to_string()),
            None => object,
        };
        object.with("event", event)
    }

    fn object(&self, object: Object) {
        self.tell(News::Piece(object.to_line().into()));
    }

    fn tell(&self, news: News) {
        // Where nobody prints any more, the command has ended.
        let _ = self.news.send(news);
    }
}
