use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What is known of each job. One that has done all that a job has to do is counted and forgotten, so that
/// memory does not grow; whatever is heard of a job that is not in here is once too often.
#[derive(Debug)]
pub(crate) struct Ledger {
    books: Mutex<Books>,
    open: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Books {
    jobs: HashMap<u64, Entry>,
    totals: Totals,
}

#[derive(Debug)]
struct Entry {
    started: bool,
    ended: bool,
    /// Whether the client has its result, or waits for none.
    delivered: bool,
}

/// What all jobs together have seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) submitted: u64,
    pub(crate) starts: u64,
    pub(crate) ends: u64,
    /// Foreground jobs whose result the client has got.
    pub(crate) results: u64,
    /// Jobs that started once, ended once, and whose result arrived where somebody waited for it.
    pub(crate) completed: u64,
    /// Starts, ends and results too many.
    pub(crate) doubled: u64,
    /// Jobs that the server gave up because a worker had handed them back.
    pub(crate) requeued: u64,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            books: Mutex::default(),
            open: watch::Sender::new(0),
        }
    }

    /// A new job; returns its number.
    pub(crate) fn submit(&self, in_background: bool) -> u64 {
        let mut books = self.books();
        let number = books.totals.submitted;
        books.totals.submitted += 1;
        let entry = Entry {
            started: false,
            ended: false,
            delivered: in_background,
        };
        books.jobs.insert(number, entry);
        self.open.send_replace(books.jobs.len());
        number
    }

    pub(crate) fn started(&self, number: u64) {
        self.books().totals.starts += 1;
        self.note(number, |entry| &mut entry.started);
    }

    pub(crate) fn ended(&self, number: u64) {
        self.books().totals.ends += 1;
        self.note(number, |entry| &mut entry.ended);
    }

    pub(crate) fn delivered(&self, number: u64) {
        self.books().totals.results += 1;
        self.note(number, |entry| &mut entry.delivered);
    }

    /// The server gave the job up: a worker had handed it back.
    pub(crate) fn requeued(&self, number: u64) {
        let mut books = self.books();
        books.totals.requeued += 1;
        books.jobs.remove(&number);
        self.open.send_replace(books.jobs.len());
    }

    pub(crate) fn totals(&self) -> Totals {
        self.books().totals.clone()
    }

    /// Some of the jobs that are not completed, for those who look for the reason.
    pub(crate) fn some_open(&self) -> Vec<String> {
        let books = self.books();
        let open = books.jobs.iter().take(5);
        open.map(|(number, entry)| format!("job {number}: {entry:?}"))
            .collect()
    }

    /// Waits until at most so many jobs are open.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn at_most_open(&self, level: usize) {
        let mut open = self.open.subscribe();
        // The sender lives as long as we do.
        let _ = open.wait_for(|open| *open <= level).await;
    }

    pub(crate) fn open(&self) -> usize {
        *self.open.borrow()
    }

    fn note(&self, number: u64, what: impl Fn(&mut Entry) -> &mut bool) {
        let mut books = self.books();
        let Some(entry) = books.jobs.get_mut(&number) else {
            books.totals.doubled += 1;
            return;
        };
        let is_new = !std::mem::replace(what(entry), true);
        let is_complete = entry.started && entry.ended && entry.delivered;
        if is_complete {
            books.jobs.remove(&number);
            books.totals.completed += 1;
        }
        books.totals.doubled += u64::from(!is_new);
        self.open.send_replace(books.jobs.len());
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
