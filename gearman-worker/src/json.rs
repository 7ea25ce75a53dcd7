use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::builder::WorkerBuilder;
use crate::handler::Handler;
use crate::job::Job;
use crate::job_error::{Causes, JobError};

/// Runs the jobs of a function that takes and returns JSON: [`WorkerBuilder::json_function`] makes one of
/// an async closure, and it goes wherever a [`Handler`] does.
///
/// What goes wrong is an exception ([`JobError::exception`]; sent as
/// [`exceptions`](WorkerBuilder::exceptions) says): a workload that is no such input, with line and column;
/// an error of the closure, with its causes; a result that JSON has no words for. A panic is a warning as
/// always. A [`JobError`] of the closure is sent as it is.
pub struct JsonHandler<F, In, Out> {
    function: F,
    types: PhantomData<fn(In) -> Out>,
}

/// How a [`JsonHandler`] may fail: with any error, which becomes an exception, or with a [`JobError`].
pub trait JsonFailure {
    /// What becomes of the job.
    fn into_job_error(self) -> JobError;
}

impl<E: Error> JsonFailure for E {
    fn into_job_error(self) -> JobError {
        JobError::exception(Causes(&self).to_string())
    }
}

impl JsonFailure for JobError {
    fn into_job_error(self) -> JobError {
        self
    }
}

impl WorkerBuilder {
    /// Runs jobs of this function with an async closure from a type to a type, both sent as JSON; see
    /// [`JsonHandler`].
    ///
    /// Exceptions are sent natively by default, on which clients of libgearman up to 1.1.22 without the
    /// `exceptions` option wait for ever: where such clients may be, choose
    /// [`Exceptions::AsWarning`](crate::Exceptions::AsWarning).
    ///
    /// ```
    /// use std::num::TryFromIntError;
    /// use gearman_worker::{Job, Worker};
    ///
    /// let builder = Worker::builder().json_function(
    ///     "add",
    ///     async |[a, b]: [i32; 2], _: Job| -> Result<i16, TryFromIntError> { (a + b).try_into() },
    /// );
    /// ```
    #[must_use]
    pub fn json_function<In, Out, E, R, F>(self, name: impl AsRef<[u8]>, function: F) -> Self
    where
        F: Fn(In, Job) -> R,
        R: Future<Output = Result<Out, E>>,
        JsonHandler<F, In, Out>: Handler,
    {
        self.function(name, JsonHandler::new(function))
    }
}

impl<F, In, Out> JsonHandler<F, In, Out> {
    /// Of an async closure.
    pub const fn new(function: F) -> Self {
        Self {
            function,
            types: PhantomData,
        }
    }
}

impl<F, In, Out, E, R> Handler for JsonHandler<F, In, Out>
where
    F: Fn(In, Job) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Out, E>> + Send,
    In: DeserializeOwned + Send + 'static,
    Out: Serialize + Send + 'static,
    E: JsonFailure + Send,
{
    async fn run(&self, job: Job) -> Result<Bytes, JobError> {
        let input = serde_json::from_slice(job.workload()).map_err(|error| {
            JobError::exception(format!("the workload is not as expected: {error}"))
        })?;
        let running = (self.function)(input, job);
        let output = running.await.map_err(JsonFailure::into_job_error)?;
        let output = serde_json::to_vec(&output)
            .map_err(|error| JobError::exception(format!("the result is no JSON: {error}")))?;
        Ok(output.into())
    }
}

impl<F, In, Out> fmt::Debug for JsonHandler<F, In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonHandler").finish_non_exhaustive()
    }
}
