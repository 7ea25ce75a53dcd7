use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gearman_client::{Client, Job, Priority};
use tokio::task::JoinSet;

use crate::chance::below;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::process::{Leaving, Process};

/// Worker processes that serve at once.
pub(crate) const SEATS: usize = 8;

/// Changes of functions that are under way at once. More only queue up.
const MOST_CHANGES: usize = 32;

/// Workers, each in its seat. Who is told to leave makes room for a successor while it still finishes its
/// jobs, as in a rolling deploy.
#[derive(Debug)]
pub(crate) struct Fleet {
    program: PathBuf,
    servers: String,
    options: Options,
    ledger: Arc<Ledger>,
    /// For orders through the control connection.
    client: Client,
    seats: Vec<Seat>,
    /// Orders to leave.
    orders: JoinSet<Result<(), String>>,
    /// Orders to take jobs of the spare function or not. A worker that leaves may refuse one or never see it.
    changes: JoinSet<Result<(), String>>,
    tally: Tally,
}

/// A seat has two names which its workers bear by turns: nobody begins before the last of the same name has
/// ended, so that an order by name reaches the one who is meant.
#[derive(Debug)]
struct Seat {
    names: [String; 2],
    turn: usize,
    here: Option<Process>,
    leaving: [Option<Leaving>; 2],
}

/// What the workers of the fleet came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) signals: u32,
    pub(crate) workers: u64,
    /// Exit codes, or what else ended a process, and how often.
    pub(crate) exits: BTreeMap<String, u64>,
    /// Completed, failed, abandoned and undelivered, as the workers say.
    pub(crate) said: [u64; 4],
    pub(crate) longest_drain: Duration,
    pub(crate) all_drains: Duration,
}

impl Fleet {
    pub(crate) fn new(
        program: PathBuf,
        servers: String,
        options: Options,
        ledger: &Arc<Ledger>,
        client: Client,
    ) -> Self {
        let seat = |number| Seat {
            names: [format!("seat-{number}-a"), format!("seat-{number}-b")],
            turn: 0,
            here: None,
            leaving: [None, None],
        };
        Self {
            program,
            servers,
            options,
            ledger: Arc::clone(ledger),
            client,
            seats: (0..SEATS).map(seat).collect(),
            orders: JoinSet::new(),
            changes: JoinSet::new(),
            tally: Tally::default(),
        }
    }

    /// Starts a worker in an empty seat.
    pub(crate) async fn fill(&mut self, seat: usize) -> io::Result<()> {
        let seat = &mut self.seats[seat];
        seat.turn = 1 - seat.turn;
        if let Some(namesake) = seat.leaving[seat.turn].take() {
            self.tally.count(namesake).await?;
        }
        let concurrency = if below(2) == 0 { "1" } else { "8" };
        let arguments = [
            concurrency.to_owned(),
            self.options.result_bytes().to_string(),
        ];
        let name = &seat.names[seat.turn];
        let process = Process::start(&self.program, name, &arguments, &self.servers, &self.ledger)?;
        seat.here = Some(process);
        self.tally.workers += 1;
        Ok(())
    }

    /// Waits until the worker in that seat can be told anything.
    pub(crate) async fn ready(&mut self, seat: usize) {
        if let Some(process) = &mut self.seats[seat].here {
            process.ready().await;
        }
    }

    /// Tells the worker in that seat to leave, and empties it. It must be ready.
    pub(crate) fn dismiss(&mut self, seat: usize) -> io::Result<()> {
        let seat = &mut self.seats[seat];
        let Some(process) = seat.here.take() else {
            return Ok(());
        };
        if self.options.control {
            self.orders
                .spawn(order(self.client.clone(), process.name(), "terminate"));
        } else {
            process.terminate()?;
        }
        seat.leaving[seat.turn] = Some(process.leaves());
        self.tally.signals += 1;
        Ok(())
    }

    /// Lets the worker in that seat take jobs of the spare function or not.
    pub(crate) fn change(&mut self, seat: usize, word: &str) {
        while self.changes.try_join_next().is_some() {}
        if let Some(process) = &self.seats[seat].here
            && self.changes.len() < MOST_CHANGES
        {
            let command = format!("{word} spare");
            self.changes
                .spawn(order(self.client.clone(), process.name(), &command));
        }
    }

    /// Waits until all who were told to leave have ended.
    pub(crate) async fn all_gone(&mut self) -> io::Result<Tally> {
        for seat in &mut self.seats {
            for leaving in seat.leaving.iter_mut().filter_map(Option::take) {
                self.tally.count(leaving).await?;
            }
        }
        while let Some(order) = self.orders.join_next().await {
            order.map_err(io::Error::other)?.map_err(io::Error::other)?;
        }
        Ok(self.tally.clone())
    }

    pub(crate) const fn signals(&self) -> u32 {
        self.tally.signals
    }
}

impl Tally {
    async fn count(&mut self, leaving: Leaving) -> io::Result<()> {
        let (exit, took) = leaving.exit().await?;
        let how = match exit.status.code() {
            Some(code) => code.to_string(),
            None => exit.status.to_string(),
        };
        *self.exits.entry(how).or_default() += 1;
        for (sum, count) in self.said.iter_mut().zip(exit.said.unwrap_or_default()) {
            *sum += count;
        }
        self.longest_drain = self.longest_drain.max(took);
        self.all_drains += took;
        Ok(())
    }
}

/// Sends one order to the control function of a worker, and waits for its answer.
fn order(
    client: Client,
    name: &str,
    command: &str,
) -> impl Future<Output = Result<(), String>> + use<> {
    let what = format!("{name}: {command}");
    let job = Job::new(format!("_worker_{name}"), command.to_owned());
    async move {
        let job = job.map_err(|error| format!("{what}: {error}"))?;
        let answer = client.run(job.priority(Priority::High)).await;
        answer.map(drop).map_err(|error| format!("{what}: {error}"))
    }
}
