//! What the workers and the server have said, and what follows from it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::child::Word;

/// The books of the demo.
#[derive(Debug)]
pub(super) struct Ledger {
    jobs: BTreeMap<u32, Runs>,
    workers: Vec<Service>,
}

/// How often a job was begun and finished.
#[derive(Clone, Copy, Debug, Default)]
struct Runs {
    begun: u32,
    finished: u32,
}

/// What is known of a worker.
#[derive(Clone, Debug, Default)]
struct Service {
    is_ready: bool,
    jobs: u32,
    told_to_stop: Option<Instant>,
    gone: Option<Instant>,
    exited_well: bool,
    completed: u64,
    lost: u64,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) completed: usize,
    /// Begun, and not finished each time.
    pub(super) interrupted: usize,
    /// Never finished, and not on the server either, or finished without the server knowing.
    pub(super) lost: usize,
    pub(super) doubled: usize,
    /// Workers that did not end as they should.
    pub(super) bad_exits: usize,
}

impl Verdict {
    pub(super) const fn is_good(&self, jobs: usize) -> bool {
        self.completed == jobs
            && self.interrupted == 0
            && self.lost == 0
            && self.doubled == 0
            && self.bad_exits == 0
    }
}

impl Ledger {
    /// For jobs with the numbers 1 to `jobs`.
    pub(super) fn new(jobs: u32, workers: usize) -> Self {
        Self {
            jobs: (1..=jobs).map(|job| (job, Runs::default())).collect(),
            workers: vec![Service::default(); workers],
        }
    }

    pub(super) fn said(&mut self, worker: usize, word: Word, now: Instant) {
        let Some(worker) = self.workers.get_mut(worker) else {
            return;
        };
        match word {
            Word::Ready => worker.is_ready = true,
            Word::Asleep { job, .. } => {
                worker.jobs += 1;
                self.jobs.entry(job).or_default().begun += 1;
            }
            Word::Awake { job } => self.jobs.entry(job).or_default().finished += 1,
            Word::Sigterm => worker.told_to_stop = Some(now),
            Word::Exit { completed, lost } => {
                (worker.completed, worker.lost) = (completed, lost);
            }
        }
    }

    pub(super) fn exited(&mut self, worker: usize, well: bool, now: Instant) {
        if let Some(worker) = self.workers.get_mut(worker) {
            (worker.gone, worker.exited_well) = (Some(now), well);
        }
    }

    pub(super) fn all_ready(&self) -> bool {
        self.workers.iter().all(|worker| worker.is_ready)
    }

    pub(super) fn all_gone(&self) -> bool {
        self.workers.iter().all(|worker| worker.gone.is_some())
    }

    pub(super) fn any_gone(&self) -> bool {
        self.workers.iter().any(|worker| worker.gone.is_some())
    }

    /// Jobs that have begun.
    pub(super) fn begun(&self) -> usize {
        self.jobs.values().filter(|runs| runs.begun > 0).count()
    }

    /// The worker that had no job, and how long it took from SIGTERM to its exit.
    pub(super) fn idle(&self) -> Option<(usize, Duration)> {
        let mut workers = self.workers.iter().enumerate();
        workers.find_map(|(index, worker)| {
            let (told, gone) = (worker.told_to_stop?, worker.gone?);
            (worker.jobs == 0).then(|| (index, gone.saturating_duration_since(told)))
        })
    }

    /// The facts, together with the number of jobs that the server still has.
    pub(super) fn verdict(&self, on_server: u64) -> Verdict {
        let count = |is: fn(&Runs) -> bool| self.jobs.values().filter(|runs| is(runs)).count();
        let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let heard: u64 = self.workers.iter().map(|worker| worker.completed).sum();
        let unheard: u64 = self.workers.iter().map(|worker| worker.lost).sum();
        let finished = count(|runs| runs.finished > 0);
        let open = self.jobs.len() - finished;
        Verdict {
            completed: finished.min(whole(heard)),
            interrupted: count(|runs| runs.begun > runs.finished),
            // A job that is still on the server is not lost, though it was not completed either.
            lost: open.saturating_sub(whole(on_server)) + whole(unheard),
            doubled: count(|runs| runs.begun > 1),
            bad_exits: self.workers.iter().filter(|w| !w.exited_well).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two jobs, three workers; one worker has nothing to do.
    fn told(words: &[(usize, Word)]) -> Ledger {
        let mut ledger = Ledger::new(2, 3);
        let now = Instant::now();
        for (worker, word) in words {
            ledger.said(*worker, *word, now);
        }
        for worker in 0..3 {
            ledger.exited(worker, true, now);
        }
        ledger
    }

    fn asleep(job: u32) -> Word {
        Word::Asleep { job, seconds: 1 }
    }

    fn awake(job: u32) -> Word {
        Word::Awake { job }
    }

    fn exit(completed: u64, lost: u64) -> Word {
        Word::Exit { completed, lost }
    }

    #[test]
    fn two_jobs_that_ran_once_are_a_good_end() {
        let ledger = told(&[
            (0, asleep(1)),
            (1, asleep(2)),
            (2, Word::Sigterm),
            (0, awake(1)),
            (0, exit(1, 0)),
            (1, awake(2)),
            (1, exit(1, 0)),
            (2, exit(0, 0)),
        ]);
        assert!(ledger.verdict(0).is_good(2));
        assert_eq!(ledger.idle().map(|(index, _)| index), Some(2));
    }

    #[test]
    fn a_job_that_was_begun_and_not_finished_is_interrupted_and_lost_unless_the_server_has_it() {
        let words = [
            (0, asleep(1)),
            (0, awake(1)),
            (0, exit(1, 0)),
            (1, asleep(2)),
        ];
        let verdict = told(&words).verdict(0);
        assert_eq!(
            (verdict.completed, verdict.interrupted, verdict.lost),
            (1, 1, 1)
        );
        let verdict = told(&words).verdict(1);
        assert_eq!(
            (verdict.completed, verdict.interrupted, verdict.lost),
            (1, 1, 0)
        );
        assert!(!verdict.is_good(2));
    }

    #[test]
    fn a_job_that_ran_twice_is_doubled() {
        let mut words = vec![(0, asleep(1)), (1, asleep(1)), (0, awake(1)), (1, awake(1))];
        words.extend([(2, asleep(2)), (2, awake(2)), (0, exit(3, 0))]);
        let verdict = told(&words).verdict(0);
        assert_eq!(verdict.doubled, 1);
        assert!(!verdict.is_good(2));
    }

    #[test]
    fn a_result_that_the_server_has_not_heard_of_is_lost() {
        let mut words = vec![(0, asleep(1)), (0, awake(1)), (1, asleep(2)), (1, awake(2))];
        words.extend([(0, exit(1, 0)), (1, exit(0, 1))]);
        let verdict = told(&words).verdict(0);
        assert_eq!((verdict.completed, verdict.lost), (1, 1));
    }
}
