//! Numbers for whoever installed a recorder of the `metrics` crate. The table of names is in the crate's
//! documentation.

use std::collections::HashMap;
use std::sync::Arc;

use ::metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use gearman_proto::{FunctionName, Outcome};
use tokio::time::Instant;

const JOBS: &str = "gearman_worker_jobs_total";
const RUNNING: &str = "gearman_worker_jobs_running";
const SECONDS: &str = "gearman_worker_job_seconds";
const CONNECTIONS: &str = "gearman_worker_connections_total";
const LOST: &str = "gearman_worker_connections_lost_total";
const UNDELIVERED: &str = "gearman_worker_undelivered_total";

/// Tells the recorder what the numbers mean. It is told once by each worker that runs: it may have been
/// installed at any time before.
pub(crate) fn describe() {
    describe_counter!(JOBS, Unit::Count, "Jobs that ended, by how they ended");
    describe_gauge!(RUNNING, Unit::Count, "Jobs that run");
    describe_histogram!(SECONDS, Unit::Seconds, "How long jobs ran");
    describe_counter!(CONNECTIONS, Unit::Count, "Connections that came up");
    describe_counter!(LOST, Unit::Count, "Connections that broke");
    describe_counter!(
        UNDELIVERED,
        Unit::Count,
        "Jobs that ended, but nothing proves that the server has read how"
    );
}

/// One connection's numbers.
pub(crate) struct Meters(Option<Server>);

struct Server {
    connections: Counter,
    lost: Counter,
    undelivered: Counter,
    /// Of the functions that had a job here: a look into the recorder's registry for each job would cost
    /// more than short jobs do.
    functions: HashMap<FunctionName, Arc<Function>>,
}

struct Function {
    running: Gauge,
    seconds: Histogram,
    complete: Counter,
    fail: Counter,
    exception: Counter,
    abandoned: Counter,
}

/// One running job's numbers.
pub(crate) struct JobMeter(Option<(Arc<Function>, Instant)>);

impl Meters {
    /// Counts for this server.
    pub(crate) fn of(server: &str) -> Self {
        let counter = |name: &'static str| counter!(name, "server" => server.to_owned());
        Self(Some(Server {
            connections: counter(CONNECTIONS),
            lost: counter(LOST),
            undelivered: counter(UNDELIVERED),
            functions: HashMap::new(),
        }))
    }

    /// Counts nothing: control jobs are no work.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    pub(crate) fn connected(&self) {
        if let Some(server) = &self.0 {
            server.connections.increment(1);
        }
    }

    pub(crate) fn connection_lost(&self) {
        if let Some(server) = &self.0 {
            server.lost.increment(1);
        }
    }

    pub(crate) fn undelivered(&self, jobs: u64) {
        if let Some(server) = &self.0 {
            server.undelivered.increment(jobs);
        }
    }

    pub(crate) fn job_begins(&mut self, name: &FunctionName) -> JobMeter {
        JobMeter(self.0.as_mut().map(|server| {
            let function = match server.functions.get(name.as_bytes()) {
                Some(function) => Arc::clone(function),
                None => {
                    let function = Arc::new(Function::new(name));
                    let known = Arc::clone(&function);
                    server.functions.insert(name.clone(), known);
                    function
                }
            };
            function.running.increment(1);
            (function, Instant::now())
        }))
    }
}

impl Function {
    fn new(name: &FunctionName) -> Self {
        let name = name.to_string();
        let ended = |outcome| counter!(JOBS, "function" => name.clone(), "outcome" => outcome);
        Self {
            running: gauge!(RUNNING, "function" => name.clone()),
            seconds: histogram!(SECONDS, "function" => name.clone()),
            complete: ended("complete"),
            fail: ended("fail"),
            exception: ended("exception"),
            abandoned: ended("abandoned"),
        }
    }
}

impl JobMeter {
    /// The job has ended; `None`: it was taken away from its handler and handed back.
    pub(crate) fn ends(self, outcome: Option<&Outcome>) {
        let Some((function, began)) = &self.0 else {
            return;
        };
        let ended = match outcome {
            Some(Outcome::Complete(_)) => &function.complete,
            Some(Outcome::Fail) => &function.fail,
            Some(Outcome::Exception(_)) => &function.exception,
            None => &function.abandoned,
        };
        ended.increment(1);
        function.seconds.record(began.elapsed());
    }
}

impl Drop for JobMeter {
    fn drop(&mut self) {
        if let Some((function, _)) = &self.0 {
            function.running.decrement(1);
        }
    }
}
