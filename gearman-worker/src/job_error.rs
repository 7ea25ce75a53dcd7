use std::fmt;

use bytes::Bytes;
use gearman_proto::{Outcome, Update};

/// How a handler's job fails.
///
/// It is no [`std::error::Error`] itself, so that every error becomes one by `?`: the job fails, and its
/// client is told why by a warning.
///
/// ```
/// use gearman_worker::{Job, JobError};
///
/// async fn double(job: Job) -> Result<String, JobError> {
///     let text = std::str::from_utf8(job.workload())?;
///     let number: u64 = text.trim().parse()?;
///     Ok((2 * number).to_string())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobError {
    warning: Option<Bytes>,
    outcome: Outcome,
}

impl JobError {
    /// WORK_FAIL: the job has failed, and that is all there is to say.
    pub const fn fail() -> Self {
        Self {
            warning: None,
            outcome: Outcome::Fail,
        }
    }

    /// WORK_WARNING with a text, then WORK_FAIL. Every client understands it.
    pub fn fail_with(reason: impl Into<Bytes>) -> Self {
        Self {
            warning: Some(reason.into()),
            outcome: Outcome::Fail,
        }
    }

    /// WORK_EXCEPTION with any bytes.
    ///
    /// Clients that have not set the `exceptions` option get a WORK_FAIL without the reason instead, and
    /// those of libgearman up to 1.1.22 do not recognise even that and wait for ever: prefer
    /// [`fail_with`](Self::fail_with) where such clients may be.
    pub fn exception(exception: impl Into<Bytes>) -> Self {
        Self {
            warning: None,
            outcome: Outcome::Exception(exception.into()),
        }
    }

    /// What is sent: at most one piece of news, then the end.
    pub(crate) fn into_parts(self) -> (Option<Update>, Outcome) {
        (self.warning.map(Update::Warning), self.outcome)
    }
}

impl<E: std::error::Error> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::fail_with(Causes(&error).to_string())
    }
}

/// How a handler's exception is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exceptions {
    /// As WORK_EXCEPTION. Clients of libgearman up to 1.1.22 that have not set the `exceptions` option wait
    /// for ever on it.
    #[default]
    Native,
    /// As WORK_WARNING with its bytes, then WORK_FAIL, which every client understands.
    AsWarning,
}

/// An error and what it came from, in one line.
pub(crate) struct Causes<'a>(pub(crate) &'a dyn std::error::Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
