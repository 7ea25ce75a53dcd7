//! What was measured, and what is said of it.

use std::time::Duration;

/// Nanoseconds for one unit of the work, round by round.
#[derive(Clone, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Adds a round.
    pub(crate) fn push(&mut self, taken: Duration, units: usize) {
        self.0.push(taken.as_secs_f64() * 1e9 / units as f64);
    }

    /// The round in the middle.
    pub(crate) fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The best round.
    pub(crate) fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The worst round.
    pub(crate) fn most(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// How many times the other's time it takes: within each round, and of those the one in the middle.
    /// What slows the machine for longer than a round slows both.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(nanoseconds: &[u64]) -> Samples {
        let mut samples = Samples::default();
        for taken in nanoseconds {
            samples.push(Duration::from_nanos(*taken), 1);
        }
        samples
    }

    #[test]
    fn one_bad_round_moves_the_median_little() {
        let samples = samples(&[10, 12, 1000, 11, 9]);
        assert_eq!(
            (samples.least().round(), samples.median().round()),
            (9.0, 11.0)
        );
        assert_eq!(samples.most().round(), 1000.0);
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let (ours, theirs) = (samples(&[10, 20, 40]), samples(&[30, 60, 120]));
        assert!((ours.ratio_to(&theirs) - 1.0 / 3.0).abs() < 1e-9);
    }
}
