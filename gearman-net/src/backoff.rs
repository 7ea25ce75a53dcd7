use std::time::Duration;

/// How long to wait before the next try: a random part of a span that doubles with each failure.
///
/// *Full* jitter: anything from nothing to the whole span, so that a fleet that lost its server at one
/// moment does not come back at one moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Default for Backoff {
    /// From 100 ms to 30 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(30))
    }
}

impl Backoff {
    /// The span begins at `first`, doubles with each failure, and stays at `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// The wait after one more failure.
    pub fn next_wait(&mut self) -> Duration {
        self.next_part(fastrand::f64())
    }

    /// Success: begin at the first span again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// `part` of the span, 0 to 1.
    fn next_part(&mut self, part: f64) -> Duration {
        let doubled = 2u32
            .checked_pow(self.failures)
            .and_then(|by| self.first.checked_mul(by));
        self.failures = self.failures.saturating_add(1);
        doubled
            .unwrap_or(self.longest)
            .min(self.longest)
            .mul_f64(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_doubles_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let spans: Vec<u128> = (0..12)
            .map(|_| backoff.next_part(1.0).as_millis())
            .collect();
        assert_eq!(
            spans,
            [
                100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000
            ]
        );
    }

    #[test]
    fn the_wait_never_overflows() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(9));
        for _ in 0..100 {
            assert!(backoff.next_wait() <= Duration::from_secs(9));
        }
    }

    #[test]
    fn success_begins_again() {
        let mut backoff = Backoff::default();
        backoff.next_part(1.0);
        backoff.next_part(1.0);
        backoff.reset();
        assert_eq!(backoff.next_part(1.0), Duration::from_millis(100));
    }
}
