//! `gearctl demo`.

mod child;
mod ledger;

use std::fmt;
use std::time::{Duration, Instant};

use gearman_admin::AdminClient;
use gearman_client::{Client, Job};
use gearman_control::fleet::{Event, Fleet, Termination, Which};
use gearman_net::Endpoint;
use gearman_server::EmbeddedServer;
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(crate) use self::child::DemoWorker;
use self::child::{FUNCTION, News, Word};
use self::ledger::Ledger;
use crate::clock::time_of_day;
use crate::commands::terminate::Teller;
use crate::exit::{Exit, Failure};
use crate::output;

const WORKERS: [&str; 4] = ["test1", "test2", "test3", "test4"];

/// Seconds of the three jobs.
const SLEEPS: [u64; 3] = [1, 2, 4];

/// How much longer they are with `--slow`.
const SLOW: u64 = 4;

/// What four processes may take to start and to find their jobs, on a very busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Words of workers that were not taken yet.
const NEWS_WAITING: usize = 64;

/// Show how workers are stopped: four worker processes, three jobs under way, none interrupted.
///
/// Starts the embedded server on a free port and four workers, test1 to test4, queues three jobs that sleep
/// for 1, 2 and 4 s, tells all workers to stop while the jobs run, and prints who said what. Exit code 0 only
/// when no job was interrupted, lost or run twice.
#[derive(clap::Args, Debug)]
pub(crate) struct Demo {
    /// Sleep for 4, 8 and 16 s, for those who want to look meanwhile (the port is printed).
    #[arg(long)]
    slow: bool,
}

/// The demo under way.
struct Play {
    server: Endpoint,
    ledger: Ledger,
    news: mpsc::Receiver<(usize, News)>,
    /// So that waiting for news is waiting for signals, too, when all workers are gone.
    _sender: mpsc::Sender<(usize, News)>,
    /// The tasks that own the worker processes: dropped, they kill them.
    _workers: JoinSet<()>,
    signals: [Signal; 2],
}

impl Demo {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let catch = |kind| signal(kind).map_err(failed);
        let signals = [
            catch(SignalKind::interrupt())?,
            catch(SignalKind::terminate())?,
        ];
        let sleeps = SLEEPS.map(|seconds| if self.slow { SLOW * seconds } else { seconds });
        let server = EmbeddedServer::start().await.map_err(failed)?;
        let mut play = Play::begin(&server, signals)?;

        play.until("the workers are ready", Ledger::all_ready)
            .await?;
        play.queue(&sleeps).await?;
        play.until("three jobs run", |ledger| ledger.begun() == SLEEPS.len())
            .await?;
        let fleet = Fleet::new([play.server.clone()]);
        let termination = fleet.terminate(Which::All, None).await.map_err(failed)?;
        play.follow(termination).await?;
        let exit = play.conclude().await?;
        server.shut_down().await;
        Ok(exit)
    }
}

impl Play {
    fn begin(server: &EmbeddedServer, signals: [Signal; 2]) -> Result<Self, Failure> {
        let server = Endpoint::from(server.local_addr());
        line("demo", format_args!("job server on {server}"))?;
        let (sender, news) = mpsc::channel(NEWS_WAITING);
        let mut workers = JoinSet::new();
        for (index, id) in WORKERS.iter().enumerate() {
            let pid = child::start(index, id, &server, sender.clone(), &mut workers);
            let pid = pid.map_err(|error| failed(format!("{id} can't be started: {error}")))?;
            line("demo", format_args!("started worker {id}, process {pid}"))?;
        }
        let jobs = u32::try_from(SLEEPS.len()).expect("three");
        Ok(Self {
            server,
            ledger: Ledger::new(jobs, WORKERS.len()),
            news,
            _sender: sender,
            _workers: workers,
            signals,
        })
    }

    /// Passes on what the workers say until it is so.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Ledger) -> bool) -> Result<(), Failure> {
        let waited = timeout(START_LIMIT, async {
            while !is_so(&self.ledger) {
                self.take_news().await?;
                if self.ledger.any_gone() {
                    return Err(failed(format!("a worker ended before {what}")));
                }
            }
            Ok(())
        });
        let late = || failed(format!("{START_LIMIT:?} passed before {what}"));
        waited.await.unwrap_or_else(|_| Err(late()))
    }

    async fn queue(&self, sleeps: &[u64]) -> Result<(), Failure> {
        let client = Client::connect(self.server.clone()).await.map_err(failed)?;
        for (number, seconds) in (1..).zip(sleeps) {
            let job = Job::new(FUNCTION, child::workload(number, *seconds)).map_err(failed)?;
            let address = client.submit_background(job).await.map_err(failed)?;
            let handle = address.handle();
            line(
                "demo",
                format_args!("queued job {number} ({handle}), a sleep of {seconds} s"),
            )?;
        }
        Ok(())
    }

    /// Passes on what is said until the fleet says that all are down, and all processes have ended.
    async fn follow(&mut self, mut termination: Termination) -> Result<(), Failure> {
        let mut teller = Teller::default();
        let mut is_over = false;
        while !(is_over && self.ledger.all_gone()) {
            let event: Option<Event> = select! {
                event = termination.next_event(), if !is_over => event,
                done = self.take_news() => {
                    done?;
                    continue;
                }
            };
            match event {
                Some(event) => {
                    if let Some(text) = teller.line(&event) {
                        line("terminate", text)?;
                    }
                }
                None => is_over = true,
            }
        }
        Ok(())
    }

    /// # Cancel safety
    ///
    /// No news is lost when the future is dropped.
    async fn take_news(&mut self) -> Result<(), Failure> {
        let [interrupt, terminate] = &mut self.signals;
        let (index, news) = select! {
            news = self.news.recv() => news.ok_or_else(|| failed("the workers are gone"))?,
            _ = interrupt.recv() => return Err(interrupted()),
            _ = terminate.recv() => return Err(interrupted()),
        };
        let (id, now) = (
            WORKERS.get(index).copied().unwrap_or_default(),
            Instant::now(),
        );
        match news {
            News::Said(word) => {
                self.ledger.said(index, word, now);
                match word {
                    Word::Ready => line(id, "READY"),
                    Word::Asleep { job, seconds } => {
                        line(id, format_args!("ASLEEP (job {job}, for {seconds} s)"))
                    }
                    Word::Awake { job } => line(id, format_args!("AWAKE (job {job})")),
                    Word::Sigterm => line(id, "SIGTERM"),
                    Word::Exit { .. } => line(id, "EXIT"),
                }
            }
            News::Muttered(text) => line(id, text),
            News::Exited(status) => {
                let is_well = status.as_ref().is_ok_and(std::process::ExitStatus::success);
                self.ledger.exited(index, is_well, now);
                match status {
                    Ok(status) if status.success() => Ok(()),
                    Ok(status) => line("demo", format_args!("{id} ended with {status}")),
                    Err(error) => line("demo", format_args!("{id} can't be waited for: {error}")),
                }
            }
        }
    }

    async fn conclude(&self) -> Result<Exit, Failure> {
        let admin = AdminClient::connect(self.server.clone())
            .await
            .map_err(failed)?;
        let status = admin.status().await.map_err(failed)?;
        let jobs = status.good().filter(|row| row.function == FUNCTION);
        let on_server = jobs.map(|row| row.total).sum();
        let verdict = self.ledger.verdict(on_server);
        let (completed, interrupted, lost) = (verdict.completed, verdict.interrupted, verdict.lost);
        let mut text =
            format!("\n{completed} jobs completed, {interrupted} interrupted, {lost} lost\n");
        if verdict.doubled > 0 {
            text += &format!("{} jobs ran more than once\n", verdict.doubled);
        }
        if on_server > 0 {
            text += &format!("{on_server} jobs are still on the server\n");
        }
        if verdict.bad_exits > 0 {
            text += &format!("{} workers did not exit with 0\n", verdict.bad_exits);
        }
        if let Some((index, time)) = self.ledger.idle() {
            let id = WORKERS.get(index).copied().unwrap_or_default();
            let time = time.as_secs_f64() * 1e3;
            text += &format!("idle worker {id}: {time:.1} ms from SIGTERM to exit\n");
        }
        output::print(text)?;
        Ok(if on_server == 0 && verdict.is_good(SLEEPS.len()) {
            Exit::Done
        } else {
            Exit::JobFailed
        })
    }
}

/// One line of the story: when, who, what.
fn line(who: &str, what: impl fmt::Display) -> Result<(), Failure> {
    output::print(format!("[{}] {who:<9}  {what}\n", time_of_day()))?;
    Ok(())
}

fn failed(error: impl fmt::Display) -> Failure {
    Failure::new(Exit::JobFailed, error)
}

fn interrupted() -> Failure {
    Failure::new(
        Exit::Interrupted,
        "interrupted; the workers have been killed",
    )
}
