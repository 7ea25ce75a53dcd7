use std::io;

use tokio::runtime::{Builder, Runtime};

/// More than any machine runs at once in earnest; the slots are the limit that counts.
const MOST_THREADS: usize = 1 << 16;

/// The worker's own threads for handlers that block, started when they are needed.
///
/// A runtime of its own, of which nothing but the blocking pool is used: the pool of the runtime that
/// the worker runs on is waited for when that runtime is dropped, so a job that blocks could keep a
/// process from stopping in the middle of it.
pub(crate) struct BlockingThreads(Option<Runtime>);

impl BlockingThreads {
    /// No thread yet. There are never more than there are slots: each job has one until it returns.
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(MOST_THREADS)
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
