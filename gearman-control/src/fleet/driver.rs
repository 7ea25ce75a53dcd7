use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep};

use super::errand::{Errand, Fact};
use super::lookout::Lookout;
use super::server::Server;
use super::stop::{Action, Stop};
use super::{Event, Unasked};
use crate::{Secret, WorkerId};

/// How often the servers are looked at. A look costs them a walk over their connections.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// How often it is said who is waited for.
const BETWEEN_REMINDERS: Duration = Duration::from_secs(10);

/// Facts that were not taken in yet. An errand that has more to tell waits.
const FACTS_WAITING: usize = 64;

/// Stops workers, all at once: does what each one's [`Stop`] says, and tells it what came of it.
pub(super) struct Driver {
    lookout: Lookout,
    charges: BTreeMap<WorkerId, Charge>,
    limit: Option<Duration>,
    facts: mpsc::Sender<(WorkerId, Fact)>,
    incoming: mpsc::Receiver<(WorkerId, Fact)>,
}

/// A worker in our charge.
struct Charge {
    id: WorkerId,
    stop: Stop,
    /// The servers that it was seen on, in the order in which they are tried.
    servers: Arc<[Arc<Server>]>,
    /// The question or the order that is out: one task. It is aborted when the next one takes its place,
    /// when there is nothing more to wait for, and with the driver.
    errand: JoinSet<()>,
    secret: Option<Secret>,
}

/// Nobody takes the events any more.
struct Unheard;

impl Driver {
    /// Stops these workers, each through the servers beside it.
    pub(super) fn new(
        lookout: Lookout,
        workers: BTreeMap<WorkerId, Vec<Arc<Server>>>,
        limit: Option<Duration>,
        secret: Option<Secret>,
    ) -> Self {
        let charge = |(id, servers): (WorkerId, Vec<_>)| {
            let charge = Charge {
                id: id.clone(),
                stop: Stop::new(id.clone()),
                servers: servers.into(),
                errand: JoinSet::new(),
                secret: secret.clone(),
            };
            (id, charge)
        };
        let (facts, incoming) = mpsc::channel(FACTS_WAITING);
        Self {
            lookout,
            charges: workers.into_iter().map(charge).collect(),
            limit,
            facts,
            incoming,
        }
    }

    /// Goes on until there is nobody to wait for, the time is over, or nobody listens.
    pub(super) async fn run(mut self, unasked: Vec<Unasked>, events: mpsc::Sender<Event>) {
        // An error means that nobody is there to hear of it.
        let _ = self.stop_all(unasked, &events).await;
    }

    async fn stop_all(
        &mut self,
        unasked: Vec<Unasked>,
        events: &mpsc::Sender<Event>,
    ) -> Result<(), Unheard> {
        let limit = self.limit;
        let mut time_is_over = std::pin::pin!(async {
            match limit {
                Some(limit) => sleep(limit).await,
                None => std::future::pending().await,
            }
        });
        let mut looks = interval(BETWEEN_LOOKS);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reminders = interval_at(Instant::now() + BETWEEN_REMINDERS, BETWEEN_REMINDERS);

        for server in unasked {
            tell(events, Event::ServerLost(server)).await?;
        }
        for charge in self.charges.values_mut() {
            charge.act(&self.facts, events).await?;
        }
        while self.left().next().is_some() {
            tokio::select! {
                Some((id, fact)) = self.incoming.recv() => self.note(&id, fact, events).await?,
                event = self.lookout.news() => tell(events, event).await?,
                _ = looks.tick() => {
                    self.lookout.look();
                    self.looked(events).await?;
                }
                _ = reminders.tick() => {
                    let left = self.left().cloned().collect();
                    tell(events, Event::Waiting(left)).await?;
                }
                () = &mut time_is_over => {
                    let left = self.left().cloned().collect();
                    tell(events, Event::TimedOut(left)).await?;
                    break;
                }
            }
        }
        Ok(())
    }

    async fn note(
        &mut self,
        id: &WorkerId,
        fact: Fact,
        events: &mpsc::Sender<Event>,
    ) -> Result<(), Unheard> {
        let Some(charge) = self.charges.get_mut(id) else {
            return Ok(());
        };
        match fact {
            Fact::Identified(who) => charge.stop.identified(who),
            Fact::Unidentified { reason } => charge.stop.unidentified(reason),
            Fact::Taken { left } => charge.stop.order_taken(left),
            Fact::Over(end) => charge.stop.order_over(end),
            Fact::Lost { reason } => charge.stop.lost(reason),
        }
        charge.act(&self.facts, events).await
    }

    async fn looked(&mut self, events: &mpsc::Sender<Event>) -> Result<(), Unheard> {
        for (id, charge) in &mut self.charges {
            charge.stop.looked(self.lookout.sight(id));
            charge.act(&self.facts, events).await?;
        }
        Ok(())
    }

    /// Those who are waited for.
    fn left(&self) -> impl Iterator<Item = &WorkerId> {
        self.charges
            .iter()
            .filter(|(_, charge)| !charge.stop.is_over())
            .map(|(id, _)| id)
    }
}

impl Charge {
    /// Does all that is to be done now.
    async fn act(
        &mut self,
        facts: &mpsc::Sender<(WorkerId, Fact)>,
        events: &mpsc::Sender<Event>,
    ) -> Result<(), Unheard> {
        while let Some(action) = self.stop.next_action() {
            match action {
                Action::Tell(event) => tell(events, event).await?,
                Action::Ask => {
                    self.errand = JoinSet::new();
                    self.errand.spawn(self.errand(facts).ask());
                }
                Action::Order(incarnation) => {
                    self.errand = JoinSet::new();
                    self.errand.spawn(self.errand(facts).order(incarnation));
                }
            }
        }
        if self.stop.is_over() {
            // An order that is still in a queue must not wait for a successor there.
            self.errand.abort_all();
        }
        Ok(())
    }

    fn errand(&self, facts: &mpsc::Sender<(WorkerId, Fact)>) -> Errand {
        Errand {
            id: self.id.clone(),
            servers: Arc::clone(&self.servers),
            secret: self.secret.clone(),
            facts: facts.clone(),
        }
    }
}

async fn tell(events: &mpsc::Sender<Event>, event: Event) -> Result<(), Unheard> {
    events.send(event).await.map_err(|_| Unheard)
}
