use std::error::Error;
use std::fmt;
use std::future::poll_fn;

use bytes::Bytes;
use tower_service::Service;

use crate::builder::WorkerBuilder;
use crate::handler::Handler;
use crate::job::Job;
use crate::job_error::{Causes, JobError};

type BoxError = Box<dyn Error + Send + Sync>;

/// Lets a `tower::Service` run the jobs of a function: [`WorkerBuilder::service`] makes one of it, and it
/// goes wherever a [`Handler`] does.
///
/// Each job gets a clone of the service, as axum gives one to each request. That clone is waited for until it
/// is ready, then called. So layers that limit (`ConcurrencyLimit`, `Buffer`) keep jobs waiting in a slot
/// of the worker, and a service must share between its clones whatever is to count over all jobs.
///
/// An error fails the job, and its client is told why by a warning. A [`JobError`] comes through tower's
/// layers as it is, exceptions included.
#[derive(Clone, Copy, Debug)]
pub struct TowerHandler<S>(pub S);

impl WorkerBuilder {
    /// Runs jobs of this function with a `tower::Service`; see [`TowerHandler`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use gearman_worker::{Job, JobError, Worker};
    /// use tower::ServiceBuilder;
    ///
    /// let service = ServiceBuilder::new()
    ///     .concurrency_limit(2)
    ///     .timeout(Duration::from_secs(30))
    ///     .service_fn(async |job: Job| Ok::<_, JobError>(job.workload().clone()));
    /// let builder = Worker::builder().concurrency(8).service("echo", service);
    /// ```
    #[must_use]
    pub fn service<S>(self, name: impl AsRef<[u8]>, service: S) -> Self
    where
        TowerHandler<S>: Handler,
    {
        self.function(name, TowerHandler(service))
    }
}

impl<S> Handler for TowerHandler<S>
where
    S: Service<Job> + Clone + Send + Sync + 'static,
    S::Response: Into<Bytes>,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn run(&self, job: Job) -> Result<Bytes, JobError> {
        let mut service = self.0.clone();
        let ready = poll_fn(|cx| service.poll_ready(cx)).await;
        ready.map_err(job_error)?;
        let result = service.call(job).await;
        result.map(Into::into).map_err(job_error)
    }
}

fn job_error(error: impl Into<BoxError>) -> JobError {
    match error.into().downcast::<Carried>() {
        Ok(carried) => carried.0,
        Err(error) => JobError::fail_with(Causes(&*error).to_string()),
    }
}

/// A [`JobError`] on its way through layers that know errors only.
#[derive(Debug)]
struct Carried(JobError);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handler has failed the job")
    }
}

impl Error for Carried {}

/// For services that fail their jobs on purpose: layers of tower want errors of this kind.
impl From<JobError> for BoxError {
    fn from(error: JobError) -> Self {
        Box::new(Carried(error))
    }
}
