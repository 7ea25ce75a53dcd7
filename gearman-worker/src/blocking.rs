use std::io;

use tokio::runtime::{Builder, Runtime};

/// The worker's own threads for handlers that block, started when they are needed.
///
/// A runtime of its own, of which nothing but the blocking pool is used: the pool of the runtime that
/// the worker runs on is waited for when that runtime is dropped, so a job that blocks could keep a
/// process from stopping in the middle of it.
pub(crate) struct BlockingThreads(Option<Runtime>);

impl BlockingThreads {
    /// At most `count` threads. There are never more jobs than that: each has a slot until it returns.
    pub(crate) fn new(count: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(count)
            .thread_name("gearman-job")
            .build()?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn_blocking(job);
        }
    }
}

impl Drop for BlockingThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
