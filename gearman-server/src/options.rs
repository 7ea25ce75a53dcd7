use bytes::Bytes;

/// How a [`Broker`](crate::Broker) behaves. The default is how gearmand behaves without options.
///
/// ```
/// use gearman_server::{Broker, BrokerOptions};
///
/// let options = BrokerOptions::default()
///     .handle_prefix("H:test")
///     .worker_wakeup(1)
///     .job_retries(3);
/// let broker = Broker::new(options);
/// ```
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    pub(crate) handle_prefix: Bytes,
    pub(crate) worker_wakeup: u8,
    pub(crate) job_retries: u8,
    pub(crate) exceptions: bool,
    pub(crate) version: Bytes,
    pub(crate) process_id: u32,
}

impl BrokerOptions {
    /// Bytes of a handle's prefix that are kept: with a colon and twenty digits they still make a handle
    /// of at most 63. gearmand cuts the digits instead, and then its handles are no longer unique.
    pub const HANDLE_PREFIX_LIMIT: usize = 42;

    /// What stands before the colon and the number in each handle; the default is `H:embedded`. It ends at
    /// its first NUL, and after [`HANDLE_PREFIX_LIMIT`](Self::HANDLE_PREFIX_LIMIT) bytes.
    #[must_use]
    pub fn handle_prefix(mut self, prefix: impl AsRef<[u8]>) -> Self {
        let bytes = prefix.as_ref().iter().copied();
        self.handle_prefix = bytes
            .take_while(|byte| *byte != 0)
            .take(Self::HANDLE_PREFIX_LIMIT)
            .collect();
        self
    }

    /// How many sleeping workers are woken when a job is queued; the default, 0, wakes them all.
    #[must_use]
    pub const fn worker_wakeup(mut self, workers: u8) -> Self {
        self.worker_wakeup = workers;
        self
    }

    /// How often a job is tried: when workers have lost it so many times, it fails. The default, 0, is for
    /// ever.
    #[must_use]
    pub const fn job_retries(mut self, attempts: u8) -> Self {
        self.job_retries = attempts;
        self
    }

    /// Whether each connection has the option `exceptions` from the start; the default is no.
    #[must_use]
    pub const fn exceptions(mut self, on: bool) -> Self {
        self.exceptions = on;
        self
    }

    /// What the text command `version` answers; the default is the version of this crate.
    #[must_use]
    pub fn version(mut self, version: impl Into<Bytes>) -> Self {
        self.version = version.into();
        self
    }

    /// What the text command `getpid` answers; the default is the process that made the options.
    #[must_use]
    pub const fn process_id(mut self, process_id: u32) -> Self {
        self.process_id = process_id;
        self
    }
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            handle_prefix: Bytes::from_static(b"H:embedded"),
            worker_wakeup: 0,
            job_retries: 0,
            exceptions: false,
            version: Bytes::from_static(env!("CARGO_PKG_VERSION").as_bytes()),
            process_id: std::process::id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_prefix_is_cut() {
        let options = BrokerOptions::default().handle_prefix([b'x'; 100]);
        assert_eq!(options.handle_prefix.len(), 42);
    }

    #[test]
    fn a_prefix_ends_at_its_first_nul() {
        let options = BrokerOptions::default().handle_prefix("a\0b");
        assert_eq!(options.handle_prefix, "a");
    }
}
