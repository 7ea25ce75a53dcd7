use std::fmt;
use std::time::Duration;

use crate::fleet::Tally;
use crate::ledger::Totals;
use crate::options::Options;

/// What the soak came to.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) options: Options,
    pub(crate) tally: Tally,
    pub(crate) totals: Totals,
    pub(crate) lost: u64,
    pub(crate) stranded: u64,
    pub(crate) left_on_server: u64,
    pub(crate) took: Duration,
}

impl Table {
    /// Whether each job ran once, its result arrived, and each worker left as it should.
    pub(crate) fn is_clean(&self) -> bool {
        let Totals {
            submitted,
            starts,
            ends,
            completed,
            doubled,
            requeued,
            ..
        } = self.totals;
        let [said_completed, failed, abandoned, undelivered] = self.tally.said;
        let once = [starts, ends, completed, said_completed];
        let never = [doubled, requeued, failed, abandoned, undelivered];
        let never_either = [self.lost, self.stranded, self.left_on_server];
        self.tally.signals == self.options.signals
            && once.iter().all(|count| *count == submitted)
            && never.iter().chain(&never_either).all(|count| *count == 0)
            && self.tally.exits.len() == 1
            && self.tally.exits.get("0") == Some(&self.tally.workers)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            options,
            tally,
            totals,
            lost,
            stranded,
            left_on_server,
            took,
        } = self;
        let [completed, failed, abandoned, undelivered] = tally.said;
        let exits: Vec<String> = tally
            .exits
            .iter()
            .map(|(code, count)| format!("{count} with {code}"))
            .collect();
        let workers = u32::try_from(tally.workers).unwrap_or(u32::MAX).max(1);
        let rate = f64::from(tally.signals) / took.as_secs_f64();
        write!(f, "gearmand {}", options.gearmand().join(" "))?;
        let variants = [
            (options.large, "results of 4 MiB"),
            (options.control, "told through the control connection"),
            (options.functions, "functions come and go"),
        ];
        for (_, name) in variants.iter().filter(|(is_on, _)| *is_on) {
            write!(f, "; {name}")?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "signals      {:>9}   in {took:.1?}, {rate:.0} a second",
            tally.signals
        )?;
        writeln!(
            f,
            "workers      {:>9}   left: {}",
            tally.workers,
            exits.join(", ")
        )?;
        let (mean, longest) = (tally.all_drains / workers, tally.longest_drain);
        writeln!(
            f,
            "drain        {mean:>9.1?}   on average, {longest:.1?} at the longest"
        )?;
        let rows = [
            ("jobs", totals.submitted, ""),
            ("starts", totals.starts, "as the workers say on their pipes"),
            ("ends", totals.ends, "likewise"),
            ("completed", completed, "as the workers' own reports say"),
            (
                "results",
                totals.results,
                "that arrived, of foreground jobs",
            ),
            (
                "exactly once",
                totals.completed,
                "started, ended and arrived",
            ),
            ("doubled", totals.doubled, ""),
            (
                "requeued",
                totals.requeued,
                "so that the only attempt failed",
            ),
            ("failed", failed, ""),
            ("abandoned", abandoned, ""),
            ("undelivered", undelivered, ""),
            ("lost", *lost, ""),
            ("stranded", *stranded, "with nobody to take them"),
            ("left behind", *left_on_server, "in the server's queues"),
        ];
        for (name, count, what) in rows {
            writeln!(
                f,
                "{}",
                format!("{name:<12} {count:>9}   {what}").trim_end()
            )?;
        }
        write!(
            f,
            "{}",
            if self.is_clean() {
                "clean: each job exactly once"
            } else {
                "NOT CLEAN"
            }
        )
    }
}
