//! `gearctl terminate`.

use std::collections::BTreeSet;
use std::time::Duration;

use gearman_control::WorkerId;
use gearman_control::fleet::{Event, Fleet, FleetError, Summary, Termination, Which, WhyLeft};
use globset::{Glob, GlobMatcher};
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::Common;
use crate::duration;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, Object};

/// Stop workers without interrupting a job, wherever they run, and wait until they are down.
///
/// A worker that is told to stop finishes the jobs that it has and takes no others. It needs an id
/// (`gearctl work --id`, `Worker::builder().id(..)`). What happens is told on stderr. Exit code 0 when all are
/// down; 1, and nothing sent, where no connected worker has one of the ids.
///
/// For instance: gearctl terminate web-1 web-2, or: gearctl terminate --all --match 'web-*' --timeout 10m
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("who").required(true))]
pub(crate) struct Terminate {
    /// The ids of the workers.
    #[arg(value_name = "ID", group = "who")]
    ids: Vec<WorkerId>,

    /// Every worker that has an id.
    #[arg(long, group = "who")]
    all: bool,

    /// Of these only those whose id matches, as 'web-*'.
    #[arg(long = "match", value_name = "GLOB", requires = "all", value_parser = glob)]
    pattern: Option<GlobMatcher>,

    /// How long to wait; then it is said who is left, and the exit code is 4. By default for ever.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,
}

impl Terminate {
    pub(crate) async fn run(self, common: &Common) -> Result<Exit, Failure> {
        let mut interrupt = signal(SignalKind::interrupt())
            .map_err(|error| Failure::new(Exit::JobFailed, error))?;
        let fleet = Fleet::new(common.servers()?);
        let (all, which) = match self.pattern {
            _ if !self.all => (false, Which::Ids(self.ids)),
            None => (true, Which::All),
            Some(pattern) => (
                true,
                Which::matching(move |id| pattern.is_match(id.as_str())),
            ),
        };
        let termination = select! {
            termination = fleet.terminate(which, self.timeout) => termination.map_err(fleet_failure)?,
            _ = interrupt.recv() => {
                let nothing = "interrupted; nothing was sent to any worker";
                return Err(Failure::new(Exit::Interrupted, nothing));
            }
        };
        let (summary, silent) = follow(termination, &mut interrupt).await?;
        if common.format() == Format::Json {
            output::print(as_json(&summary).to_line())?;
        }
        Ok(conclude(&summary, all && silent))
    }
}

/// Tells what happens until there is nothing more to wait for. The second value: some server never said who
/// is there.
async fn follow(
    mut termination: Termination,
    interrupt: &mut Signal,
) -> Result<(Summary, bool), Failure> {
    let mut silent = BTreeSet::new();
    let mut teller = Teller::default();
    loop {
        let event = select! {
            event = termination.next_event() => event,
            _ = interrupt.recv() => return Err(interrupted(termination.summary())),
        };
        let Some(event) = event else { break };
        match &event {
            Event::ServerLost(unasked) => {
                silent.insert(unasked.server.clone());
            }
            Event::ServerBack(server) => {
                silent.remove(server);
            }
            _ => {}
        }
        if let Some(line) = teller.line(&event) {
            output::tell_with_time(line);
        }
    }
    Ok((termination.summary().clone(), !silent.is_empty()))
}

/// Puts events into lines, without the time.
#[derive(Default)]
pub(super) struct Teller {
    /// Those of whom it has been said that they drain.
    draining: BTreeSet<WorkerId>,
}

impl Teller {
    /// The line, where the event is worth one.
    pub(super) fn line(&mut self, event: &Event) -> Option<String> {
        Some(match event {
            Event::Up(id) => format!("UP {id}"),
            Event::Terminating { id, left } => {
                let left = left.filter(|left| *left > 0);
                let jobs = left.map(|left| match left {
                    1 => "1 job left".to_owned(),
                    left => format!("{left} jobs left"),
                });
                match (self.draining.insert(id.clone()), jobs) {
                    (true, None) => format!("SIGTERM {id}"),
                    (true, Some(jobs)) => format!("SIGTERM {id} ({jobs})"),
                    (false, Some(jobs)) => format!("{id}: {jobs}"),
                    // It is about to be down, which says more.
                    (false, None) => return None,
                }
            }
            Event::Waiting(ids) => format!("waiting for: {}", names(ids)),
            Event::Down(id) => format!("DOWN {id}"),
            Event::Unanswered(id) => format!(
                "{id} does not say which process it is; the order is given to whoever bears its id"
            ),
            Event::Refused { id, reason } => format!("REFUSED {id}: {reason}"),
            Event::OrderLost {
                id,
                is_draining: true,
                reason,
            } => format!("{id} can't be heard any more, and goes on draining: {reason}"),
            Event::OrderLost { id, reason, .. } => format!("NOT TOLD {id}: {reason}"),
            Event::ServerLost(unasked) => {
                format!("can't be asked who is there: {}", unasked.error)
            }
            Event::ServerBack(server) => format!("can be asked again: {server}"),
            Event::TimedOut(ids) => format!("time limit passed, left: {}", names(ids)),
            other => format!("{other:?}"),
        })
    }
}

fn conclude(summary: &Summary, some_unasked: bool) -> Exit {
    if summary.timed_out {
        output::tell(format_args!(
            "the time limit has passed. Not down: {}. Workers that drain go on draining; orders that \
             were not taken have vanished",
            names(summary.left.keys())
        ));
        return Exit::TimeLimit;
    }
    let lost = |why: &WhyLeft| matches!(why, WhyLeft::OrderLost(_));
    if !summary.is_all_down() {
        output::tell(format_args!("not down: {}", names(summary.left.keys())));
        return match summary.left.values().any(lost) {
            true => Exit::NoServer,
            false => Exit::Refused,
        };
    }
    if some_unasked {
        output::tell("not every server could be asked: there may be more workers");
        return Exit::NoServer;
    }
    if summary.down.is_empty() {
        output::tell("no such worker is connected; there is nothing to stop");
    }
    Exit::Done
}

fn interrupted(summary: &Summary) -> Failure {
    let left = names(summary.left.keys());
    Failure::new(
        Exit::Interrupted,
        format_args!(
            "interrupted; not yet down: {left}. Orders that were not taken vanish; workers that drain go on \
             draining"
        ),
    )
}

fn fleet_failure(error: FleetError) -> Failure {
    match error {
        FleetError::NoSuchWorker { .. } => Failure::new(
            Exit::JobFailed,
            format_args!("{error}; nothing was sent to any worker"),
        ),
        _ => Failure::new(Exit::NoServer, error),
    }
}

fn as_json(summary: &Summary) -> Object {
    let texts =
        |ids: &mut dyn Iterator<Item = &WorkerId>| ids.map(ToString::to_string).collect::<Vec<_>>();
    Object::default()
        .with("down", texts(&mut summary.down.iter()))
        .with("left", texts(&mut summary.left.keys()))
        .with("timed_out", summary.timed_out)
}

fn names<'a>(ids: impl IntoIterator<Item = &'a WorkerId>) -> String {
    let names: Vec<_> = ids.into_iter().map(WorkerId::as_str).collect();
    names.join(", ")
}

fn glob(text: &str) -> Result<GlobMatcher, String> {
    let glob = Glob::new(text).map_err(|error| error.to_string())?;
    Ok(glob.compile_matcher())
}
