//! One piece of work and those who compete at it.

use std::time::Duration;

use crate::Failure;
use crate::figures::Samples;
use crate::pass::{Pass, Steps};

/// Enough for a median that stays, few enough for a coffee.
const ROUNDS: usize = 51;

/// A piece of work.
pub(crate) struct Contest {
    /// In one sentence.
    pub(crate) work: &'static str,
    /// What one figure is about.
    pub(crate) unit: &'static str,
    /// How many of them there are in one pass.
    pub(crate) units: usize,
    /// How often a contestant does the work before it is the next one's turn.
    pub(crate) passes: u32,
    /// The first is the ceiling: nobody can be faster and do what is asked.
    pub(crate) contestants: Vec<Contestant>,
    /// What was promised.
    pub(crate) target: Option<Target>,
}

/// Somebody who does the work.
pub(crate) struct Contestant {
    /// In one word.
    pub(crate) name: &'static str,
    /// With which functions.
    pub(crate) by: &'static str,
    pass: Box<dyn Pass>,
}

/// So many times what somebody else takes, at most.
pub(crate) struct Target {
    /// The ratio that is not to be exceeded.
    pub(crate) at_most: f64,
    /// Whose time it is a ratio to.
    pub(crate) of: &'static str,
}

impl Contestant {
    /// A contestant for whom `prepare` makes what one pass uses up, who does the `work`, which alone is measured,
    /// and who is `check`ed afterwards: who does less is not faster.
    pub(crate) fn new<Input, Output>(
        name: &'static str,
        by: &'static str,
        prepare: impl FnMut() -> Input + 'static,
        work: impl FnMut(Input) -> Result<Output, Failure> + 'static,
        check: impl FnMut(&Output) -> bool + 'static,
    ) -> Self {
        let steps = Steps {
            prepare,
            work,
            check,
        };
        Self {
            name,
            by,
            pass: Box::new(steps),
        }
    }
}

impl Contest {
    /// All take turns, and who begins changes from round to round.
    pub(crate) fn compete(&mut self) -> Result<Vec<Samples>, Failure> {
        let many = self.contestants.len();
        let mut samples = vec![Samples::default(); many];
        for round in 0..ROUNDS {
            for turn in 0..many {
                let who = (round + turn) % many;
                let (contestant, samples) = (&mut self.contestants[who], &mut samples[who]);
                let mut taken = Duration::ZERO;
                for _ in 0..self.passes {
                    taken += contestant.pass.run()?;
                }
                samples.push(taken / self.passes, self.units);
            }
        }
        Ok(samples)
    }

    /// One pass by one contestant.
    pub(crate) fn pass_once(&mut self, contestant: &str) -> Result<(), Failure> {
        let found = self
            .contestants
            .iter_mut()
            .find(|known| known.name == contestant);
        found.ok_or("no such contestant")?.pass.run()?;
        Ok(())
    }
}
