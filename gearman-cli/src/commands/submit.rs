//! `gearctl submit`.

mod errand;
mod inputs;
mod screen;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;

use bytes::{Bytes, BytesMut};
use clap::ValueEnum;
use gearman_client::{Client, FunctionName, Job, Priority, UniqueId};
use tokio::select;
use tokio::sync::mpsc;

use self::errand::{Ended, Errand, Manner, News};
use self::inputs::Inputs;
use self::screen::Screen;
use crate::args::Common;
use crate::exit::{Exit, Failure};
use crate::output::Format;

/// Pieces of results are written together up to about this many bytes.
const WRITE: usize = 64 << 10;

/// Submit jobs and print their results, in the order of the payloads.
///
/// One job for each PAYLOAD, or one whose payload is stdin. Warnings and exceptions of workers go to stderr. A
/// job that fails does not keep the others from running; the exit code is then 1.
///
/// For instance: gearctl submit reverse abc, or: gearctl submit resize --lines -c 16 < names.txt
#[derive(clap::Args, Debug)]
pub(crate) struct Submit {
    /// The function, 1 to 512 bytes.
    function: OsString,

    /// What the function is given; each makes a job. One that begins with a dash goes behind `--`.
    #[arg(value_name = "PAYLOAD")]
    payloads: Vec<OsString>,

    /// Make a job of each line of stdin.
    #[arg(long, conflicts_with = "payloads")]
    lines: bool,

    /// Jobs in flight at once; as many results are held in memory while an earlier one is not there yet.
    #[arg(short, long, value_name = "N", default_value = "64")]
    concurrency: NonZeroUsize,

    /// Leave the jobs to the server and print their handles, as host:4730/H:vm:1, without waiting for them.
    #[arg(short, long)]
    background: bool,

    /// Which of the waiting jobs of the function go first.
    #[arg(short, long, value_enum, default_value_t = Rank::Normal)]
    priority: Rank,

    /// The job's unique id, 1 to 63 bytes: while a job of this function and id is unfinished, the server makes
    /// no second one, and the result is that of the first. The id `-` stands for the payload itself.
    #[arg(short, long, value_name = "ID", conflicts_with = "lines")]
    unique: Option<OsString>,

    /// Print parts of a result as they come. With several jobs those of the first unfinished one.
    #[arg(long, conflicts_with = "background")]
    stream: bool,
}

/// What `-p` takes.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rank {
    High,
    Normal,
    Low,
}

impl From<Rank> for Priority {
    fn from(rank: Rank) -> Self {
        match rank {
            Rank::High => Self::High,
            Rank::Normal => Self::Normal,
            Rank::Low => Self::Low,
        }
    }
}

impl Submit {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        // Everything that can be wrong is found before anything is sent.
        if self.unique.is_some() && self.payloads.len() > 1 {
            return Err(Failure::usage(
                "several payloads with one unique id would become one job; give one payload",
            ));
        }
        let function = FunctionName::new(self.function.as_bytes()).map_err(Failure::usage)?;
        let unique = self
            .unique
            .map(|unique| UniqueId::new(unique.as_bytes()))
            .transpose()
            .map_err(Failure::usage)?;
        let client = Client::builder().servers(common.servers()?).connect().await;
        let client = client.map_err(|error| Failure::new(Exit::NoServer, error))?;

        let inputs = match (self.lines, self.payloads.is_empty()) {
            (true, _) => Inputs::lines_of_stdin(),
            (false, true) => Inputs::whole_stdin(),
            (false, false) => Inputs::given(self.payloads),
        };
        let jobs = if self.lines {
            None
        } else {
            Some(inputs.count().unwrap_or(1))
        };
        let json = common.format() == Format::Json;
        let manner = Manner {
            client,
            background: self.background,
            stream: self.stream,
            json,
            alone: jobs == Some(1),
            screen: Screen::new(jobs, common.format() == Format::Table),
        };
        let priority = self.priority.into();
        let make = |payload| {
            let job = Job::of(function.clone(), payload).priority(priority);
            match unique {
                Some(unique) => job.unique_id(unique),
                None => job,
            }
        };
        let flight = Flight {
            limit: self.concurrency.get(),
            manner,
            under_way: VecDeque::new(),
            begun: 0,
            worst: Ended::Well,
        };
        flight.run(inputs, make).await
    }
}

/// The jobs under way, in the order of their payloads.
struct Flight {
    limit: usize,
    manner: Manner,
    under_way: VecDeque<mpsc::UnboundedReceiver<News>>,
    begun: u64,
    worst: Ended,
}

/// What comes next.
enum Next {
    Payload(Option<io::Result<Bytes>>),
    News(Option<News>),
}

impl Flight {
    async fn run(
        mut self,
        mut inputs: Inputs,
        make: impl Fn(Bytes) -> Job,
    ) -> Result<Exit, Failure> {
        let mut is_open = true;
        let outcome = loop {
            let has_room = is_open && self.under_way.len() < self.limit;
            let first = self.under_way.front_mut();
            if !has_room && first.is_none() {
                break Ok(());
            }
            let next = select! {
                payload = inputs.next(), if has_room => Next::Payload(payload),
                news = next_of(first) => Next::News(news),
            };
            match next {
                Next::Payload(Some(Ok(payload))) => {
                    self.begun += 1;
                    let job = make(payload);
                    let errand = Errand::begin(self.manner.clone(), self.begun, job);
                    self.under_way.push_back(errand);
                }
                Next::Payload(None) => is_open = false,
                Next::Payload(Some(Err(error))) => {
                    let message = format!("stdin can't be read: {error}");
                    break Err(Failure::new(Exit::JobFailed, message));
                }
                Next::News(news) => {
                    if let Err(error) = self.print(news).await {
                        break Err(error.into());
                    }
                }
            }
            // Where no server takes jobs, the rest of them is not worth trying.
            if self.worst == Ended::NotSent && is_open {
                is_open = false;
                self.manner.screen.say("", b"no further jobs are submitted");
            }
        };
        self.manner.screen.clear();
        outcome.map(|()| self.worst.exit())
    }

    /// Writes this and what else is ready.
    async fn print(&mut self, news: Option<News>) -> io::Result<()> {
        let mut news = news;
        let mut pieces = BytesMut::new();
        loop {
            match news {
                Some(News::Piece(piece)) if pieces.is_empty() && piece.len() >= WRITE => {
                    self.manner.screen.write(piece).await?;
                }
                Some(News::Piece(piece)) => pieces.extend_from_slice(&piece),
                Some(News::End(end)) => self.ended(end),
                // Its task has panicked, which was told on stderr.
                None => self.ended(Ended::Unknown),
            }
            if pieces.len() >= WRITE {
                break;
            }
            let first = self
                .under_way
                .front_mut()
                .map(mpsc::UnboundedReceiver::try_recv);
            news = match first {
                Some(Ok(news)) => Some(news),
                Some(Err(mpsc::error::TryRecvError::Disconnected)) => None,
                Some(Err(mpsc::error::TryRecvError::Empty)) | None => break,
            };
        }
        if pieces.is_empty() {
            return Ok(());
        }
        self.manner.screen.write(pieces.freeze()).await
    }

    fn ended(&mut self, end: Ended) {
        self.under_way.pop_front();
        self.worst = self.worst.max(end);
        if !self.manner.alone {
            self.manner.screen.one_done();
        }
    }
}

/// # Cancel safety
///
/// No news is lost when the future is dropped.
async fn next_of(first: Option<&mut mpsc::UnboundedReceiver<News>>) -> Option<News> {
    match first {
        Some(news) => news.recv().await,
        None => std::future::pending().await,
    }
}
