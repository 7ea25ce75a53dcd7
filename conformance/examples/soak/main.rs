//! Tells workers to leave, thousands of times, at random moments, and counts what becomes of their jobs:
//! `soak SIGNALS [--wakeup N] [--large] [--control] [--functions]`.
//!
//! A real gearmand, worker processes that come and go, and one client. Each job has a number. Workers say on
//! a pipe when a job starts and ends, the client says when its result arrives, and the ledger keeps them
//! together: each job starts once, ends once and arrives once. gearmand allows one attempt per job, so a job
//! that was handed back, even before it was started, fails.
//!
//! Two acts take turns. *Rush*: bursts of jobs, and workers that leave at any moment of it. *Still*: all
//! sleep; one job comes, and all but one leave within the same half millisecond. The one who stays is not
//! woken by chance, and nobody else comes to help: a job left with one who left stays there for all to see.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use gearman_admin::AdminClient;
use gearman_client::Client;
use gearman_conformance::{Gearmand, PATIENCE};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

mod chance;
mod fleet;
mod ledger;
mod load;
mod options;
mod process;
mod table;

use chance::below;
use fleet::{Fleet, SEATS};
use ledger::Ledger;
use load::Load;
use options::{Options, USAGE};
use table::Table;

/// The signals of one rush.
const RUSH: u32 = 30;

/// Stills after each rush; one is a signal to all workers but one.
const STILL: u32 = 4;

/// The longest pause between two signals of a rush.
const PAUSE_MICROS: u64 = 25_000;

/// A job and the signals meet within this time.
const MEETING_MICROS: u64 = 600;

/// Far longer than it takes until the next of some jobs is completed, where somebody has them.
const STRANDED: Duration = Duration::from_secs(10);

/// How often it is seen whether jobs are completed still.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(options) = Options::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    let began = Instant::now();
    let gearmand = options.gearmand();
    let arguments: Vec<&str> = gearmand.iter().map(String::as_str).collect();
    let server = Gearmand::start(&arguments).await;
    let mut soak = Soak::start(&server, &options).await?;
    while soak.signals_left() > 0 {
        soak.rush(RUSH.min(soak.signals_left())).await?;
        for _ in 0..STILL {
            match soak.signals_left() {
                0 => break,
                left => soak.still(left).await?,
            }
        }
    }
    let table = soak.end(&server, began).await?;
    println!("{table}");
    Ok(ExitCode::from(u8::from(!table.is_clean())))
}

struct Soak {
    options: Options,
    ledger: Arc<Ledger>,
    load: Load,
    flows: watch::Sender<bool>,
    fleet: Fleet,
    /// Jobs that nobody had, or had for too long.
    stranded: u64,
}

impl Soak {
    async fn start(server: &Gearmand, options: &Options) -> Result<Self, Box<dyn Error>> {
        let ledger = Arc::new(Ledger::new());
        let load = Load {
            client: Client::connect(server.address()).await?,
            ledger: Arc::clone(&ledger),
            dots: vec![b'.'; options.result_bytes()].into(),
            largest_burst: options.largest_burst(),
        };
        let (flows, flow) = watch::channel(false);
        tokio::spawn(load.clone().run(flow));
        let client = Client::connect(server.address()).await?;
        let mut fleet = Fleet::new(
            worker_program()?,
            server.servers(),
            options.clone(),
            &ledger,
            client,
        );
        for seat in 0..SEATS {
            fleet.fill(seat).await?;
        }
        Ok(Self {
            options: options.clone(),
            ledger,
            load,
            flows,
            fleet,
            stranded: 0,
        })
    }

    /// The last two rounds through all seats belong to the end. Once a job is stranded it is over.
    fn signals_left(&self) -> u32 {
        if self.stranded > 0 {
            return 0;
        }
        let end = 2 * u32::try_from(SEATS).unwrap_or(u32::MAX);
        self.options
            .signals
            .saturating_sub(end + self.fleet.signals())
    }

    /// Jobs without pause, and workers that leave and are replaced at once.
    async fn rush(&mut self, signals: u32) -> Result<(), Box<dyn Error>> {
        self.flows.send_replace(true);
        for _ in 0..signals {
            sleep(Duration::from_micros(below(PAUSE_MICROS))).await;
            self.maybe_change_functions();
            self.replace(any_seat()).await?;
        }
        self.flows.send_replace(false);
        self.settle().await;
        Ok(())
    }

    /// All but one leave while one job comes. Where the server has woken one of those who leave, it has told
    /// nobody else. At most so many leave.
    async fn still(&mut self, most: u32) -> Result<(), Box<dyn Error>> {
        let stays = any_seat();
        let leaving = (0..SEATS).filter(|seat| *seat != stays);
        let leaving: Vec<usize> = leaving.take(usize::try_from(most)?).collect();
        for seat in 0..SEATS {
            self.fleet.ready(seat).await;
        }
        // Time to connect and fall asleep, or nearly.
        sleep(Duration::from_millis(below(20))).await;
        let job = tokio::spawn(self.load.clone().job("soak"));
        self.maybe_change_functions();
        // tokio's clock goes by milliseconds.
        let moment = Duration::from_micros(below(MEETING_MICROS));
        spawn_blocking(move || std::thread::sleep(moment)).await?;
        for seat in &leaving {
            self.fleet.dismiss(*seat)?;
        }
        if !self.settle().await {
            return Ok(());
        }
        job.await?;
        for seat in leaving {
            self.fleet.fill(seat).await?;
        }
        Ok(())
    }

    async fn replace(&mut self, seat: usize) -> Result<(), Box<dyn Error>> {
        self.fleet.ready(seat).await;
        self.fleet.dismiss(seat)?;
        Ok(self.fleet.fill(seat).await?)
    }

    fn maybe_change_functions(&mut self) {
        if self.options.functions {
            let word = if below(2) == 0 { "remove" } else { "add" };
            self.fleet.change(any_seat(), word);
        }
    }

    /// Waits until every job is completed. Where jobs stay that nobody takes, it counts them and says no.
    async fn settle(&mut self) -> bool {
        let mut before = (self.ledger.open(), Instant::now());
        while timeout(LOOK_AGAIN, self.ledger.at_most_open(0))
            .await
            .is_err()
        {
            let open = self.ledger.open();
            if open != before.0 {
                before = (open, Instant::now());
            }
            if self.options.functions {
                // All may have given up the function that the jobs are waiting for.
                self.fleet.change(any_seat(), "add");
            }
            if before.1.elapsed() >= STRANDED {
                self.stranded += u64::try_from(open).unwrap_or(u64::MAX);
                eprintln!("stranded: {:#?}", self.ledger.some_open());
                return false;
            }
        }
        true
    }

    /// A last rush in which each worker is replaced once, and then all leave.
    async fn end(mut self, server: &Gearmand, began: Instant) -> Result<Table, Box<dyn Error>> {
        self.flows.send_replace(true);
        for seat in 0..SEATS {
            self.replace(seat).await?;
        }
        self.flows.send_replace(false);
        self.settle().await;
        for seat in 0..SEATS {
            self.fleet.ready(seat).await;
            self.fleet.dismiss(seat)?;
        }
        let tally = self.fleet.all_gone().await?;
        let admin = AdminClient::connect(server.address().into()).await?;
        let status = timeout(PATIENCE, admin.status()).await??;
        let functions = status
            .good()
            .filter(|row| !row.function.starts_with(b"_worker_"));
        Ok(Table {
            options: self.options,
            tally,
            totals: self.ledger.totals(),
            lost: u64::try_from(self.ledger.open())?,
            stranded: self.stranded,
            left_on_server: functions.map(|row| row.total).sum(),
            took: began.elapsed(),
        })
    }
}

fn any_seat() -> usize {
    usize::try_from(below(SEATS as u64)).unwrap_or(0)
}

/// The worker was built beside this program.
fn worker_program() -> Result<PathBuf, Box<dyn Error>> {
    let path = std::env::current_exe()?.with_file_name("soak_worker");
    if !path.is_file() {
        return Err(format!("{} is not built", path.display()).into());
    }
    Ok(path)
}
