use std::time::Instant;

use gearman_proto::{Assignment, Outcome};
use tracing::field::Empty;
use tracing::{Span, info_span};

/// A job in the log: a span `job` around its handler, from the moment that it is given to it.
///
/// Fields: `function`, `handle`, `unique` (where the client gave one), and at the end `outcome`
/// (`complete`, `fail`, `exception`, or `stopped` where the handler was not let finish) and `duration`.
/// Payloads are never logged: they are the client's.
pub(crate) struct JobSpan {
    span: Span,
    began: Instant,
    outcome: &'static str,
}

impl JobSpan {
    pub(crate) fn begin(assignment: &Assignment) -> Self {
        let span = info_span!(
            "job",
            function = %assignment.function(),
            handle = %assignment.handle(),
            unique = assignment.unique().map(tracing::field::display),
            outcome = Empty,
            duration = Empty,
        );
        Self {
            span,
            began: Instant::now(),
            outcome: "stopped",
        }
    }

    pub(crate) const fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn end(mut self, outcome: &Outcome) {
        self.outcome = match outcome {
            Outcome::Complete(_) => "complete",
            Outcome::Fail => "fail",
            Outcome::Exception(_) => "exception",
        };
    }
}

impl Drop for JobSpan {
    fn drop(&mut self) {
        self.span.record("outcome", self.outcome);
        let duration = self.began.elapsed();
        self.span
            .record("duration", tracing::field::debug(duration));
    }
}
