//! Who is there, from what the servers list.

use std::collections::{BTreeMap, BTreeSet};

use gearman_admin::{Rows, StatusRow, WorkerRow};
use gearman_net::Endpoint;

use super::Unasked;
use crate::WorkerId;

/// Who was there when the servers were asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Census {
    /// The workers that can be told something, by id; once for each server they are connected to.
    pub workers: Vec<WorkerSeen>,
    /// The servers that could not be asked. There may be more workers.
    pub unasked: Vec<Unasked>,
}

/// A worker on a server. One that bears no id, or has no control function, is not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerSeen {
    /// The worker.
    pub id: WorkerId,
    /// Where it is connected.
    pub server: Endpoint,
    /// How many connections it has there.
    pub connections: u64,
}

impl Census {
    /// The workers, each once however many servers it is connected to.
    pub fn ids(&self) -> BTreeSet<WorkerId> {
        self.workers.iter().map(|seen| seen.id.clone()).collect()
    }
}

/// The workers with a control function and their connections, on one server.
pub(super) fn connected(
    status: &Rows<StatusRow>,
    workers: &Rows<WorkerRow>,
) -> BTreeMap<WorkerId, u64> {
    let mut connections = BTreeMap::<_, u64>::new();
    for id in workers.good().flat_map(|row| borne_by(&row)) {
        *connections.entry(id).or_default() += 1;
    }
    let offered = workers.good().flat_map(|row| control_functions(&row));
    let mut found: BTreeMap<_, _> = offered.map(|id| (id, 1)).collect();
    // A row of `status` stays for ever, so a worker is there only if somebody offers to work on it.
    for row in status.good().filter(|row| row.workers > 0) {
        if let Some(id) = WorkerId::of_control_function(&row.function) {
            found.insert(id, row.workers);
        }
    }
    // The list of connections knows better, unless a line feed in a name has made nonsense of the row.
    for (id, count) in &mut found {
        *count = connections.get(id).copied().unwrap_or(*count);
    }
    found
}

/// The ids in use on one server: every one that a connection bears.
pub(super) fn ids_in_use(workers: &Rows<WorkerRow>) -> BTreeSet<WorkerId> {
    workers.good().flat_map(|row| borne_by(&row)).collect()
}

/// A connection belongs to a worker if it bears its id, or if it offers its control function: workers
/// of the 2013 kind do not tell the server their id.
fn borne_by(row: &WorkerRow) -> BTreeSet<WorkerId> {
    // A connection that has not said its id is listed as `-`.
    let client_id = str::from_utf8(&row.id).ok().filter(|id| *id != "-");
    let client_id = client_id.and_then(|id| WorkerId::new(id).ok());
    control_functions(row).chain(client_id).collect()
}

fn control_functions(row: &WorkerRow) -> impl Iterator<Item = WorkerId> + use<> {
    let functions: Vec<_> = row.functions.iter().collect();
    functions
        .into_iter()
        .filter_map(|function| WorkerId::of_control_function(&function))
}

#[cfg(test)]
mod tests {
    use gearman_admin::{Command, Reply};

    use super::*;

    const STATUS: &str = "resize\t0\t0\t2\n_worker_web-1\t0\t0\t1\n_worker_old\t1\t0\t0\n.\n";

    fn found(status: &'static str, workers: &'static str) -> Vec<(String, u64)> {
        let found = connected(&rows(status), &workers_rows(workers));
        found
            .into_iter()
            .map(|(id, n)| (id.to_string(), n))
            .collect()
    }

    fn rows(reply: &'static str) -> Rows<StatusRow> {
        Rows::parse(&reply.into()).unwrap()
    }

    fn workers_rows(reply: &'static str) -> Rows<WorkerRow> {
        match Reply::parse(&Command::Workers, &reply.into()) {
            Ok(Reply::Workers(rows)) => rows,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_worker_is_seen_with_all_connections_that_bear_its_id() {
        let workers = "30 ::1 web-1 : resize\n31 ::1 web-1 : _worker_web-1\n32 ::1 - :\n.\n";
        assert_eq!(found(STATUS, workers), [("web-1".to_owned(), 2)]);
    }

    #[test]
    fn a_worker_of_the_2013_kind_bears_its_id_in_its_function_only() {
        let workers = "30 ::1 - : _worker_web-1 resize\n.\n";
        assert_eq!(found(STATUS, workers), [("web-1".to_owned(), 1)]);
    }

    #[test]
    fn a_row_that_is_left_of_a_worker_is_no_worker() {
        assert_eq!(found("_worker_old\t1\t0\t0\n.\n", "32 ::1 - :\n.\n"), []);
    }

    #[test]
    fn a_worker_whose_row_makes_no_sense_is_seen_in_the_other_list() {
        let workers = "30 ::1 - : line\nfeed _worker_web-1\n.\n";
        assert_eq!(found(STATUS, workers), [("web-1".to_owned(), 1)]);
    }

    #[test]
    fn a_worker_without_control_function_can_not_be_told_anything() {
        assert_eq!(found(".\n", "30 ::1 host-17-ab : resize\n.\n"), []);
    }

    #[test]
    fn a_connection_that_has_given_up_its_functions_still_bears_the_id() {
        let workers = workers_rows("30 ::1 web-1 :\n31 ::1 - :\n.\n");
        assert_eq!(
            Vec::from_iter(ids_in_use(&workers)),
            [WorkerId::new("web-1").unwrap()]
        );
    }
}
