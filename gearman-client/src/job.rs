use bytes::Bytes;
use gearman_proto::{FunctionName, InvalidName, Priority, Submission, SubmissionMode, UniqueId};

/// What is to be done: a function, its workload, and how it is to be queued.
///
/// Whether anybody waits for it is said where it is submitted:
/// [`Client::submit`](crate::Client::submit) or
/// [`Client::submit_background`](crate::Client::submit_background).
///
/// ```
/// use gearman_client::{Job, Priority};
///
/// let job = Job::new("resize", "cat.png")?
///     .unique("cat.png 200x200")?
///     .priority(Priority::High);
/// # Ok::<(), gearman_client::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    function: FunctionName,
    unique: Option<UniqueId>,
    workload: Bytes,
    priority: Priority,
}

impl Job {
    /// A job of normal priority that is like no other.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] where `function` is no [`FunctionName`].
    pub fn new(
        function: impl AsRef<[u8]>,
        workload: impl Into<Bytes>,
    ) -> Result<Self, InvalidName> {
        Ok(Self::of(FunctionName::new(function)?, workload))
    }

    /// The same for a name that has been checked.
    pub fn of(function: FunctionName, workload: impl Into<Bytes>) -> Self {
        Self {
            function,
            unique: None,
            workload: workload.into(),
            priority: Priority::Normal,
        }
    }

    /// Gives the job a unique id: while a job of the same function and unique id is unfinished, the
    /// server makes no second one. Whoever submits it follows the first, whose workload and priority
    /// stay. The id `-` stands for the workload itself.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] where `unique` is no [`UniqueId`].
    pub fn unique(self, unique: impl AsRef<[u8]>) -> Result<Self, InvalidName> {
        Ok(self.unique_id(UniqueId::new(unique)?))
    }

    /// The same for an id that has been checked.
    #[must_use]
    pub const fn unique_id(mut self, unique: UniqueId) -> Self {
        self.unique = Some(unique);
        self
    }

    /// Which of the waiting jobs of its function goes first.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    pub(crate) fn in_foreground(self) -> Submission {
        let mode = SubmissionMode::Foreground(self.priority);
        self.submission(mode)
    }

    pub(crate) fn in_background(self) -> Submission {
        let mode = SubmissionMode::Background(self.priority);
        self.submission(mode)
    }

    fn submission(self, mode: SubmissionMode) -> Submission {
        let Self {
            function,
            unique,
            workload,
            ..
        } = self;
        Submission {
            function,
            unique,
            workload,
            mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use gearman_proto::Kind;

    use super::*;

    #[test]
    fn every_priority_exists_in_the_foreground_and_in_the_background() {
        for (priority, foreground, background) in [
            (Priority::Low, Kind::SubmitJobLow, Kind::SubmitJobLowBg),
            (Priority::Normal, Kind::SubmitJob, Kind::SubmitJobBg),
            (Priority::High, Kind::SubmitJobHigh, Kind::SubmitJobHighBg),
        ] {
            let job = Job::new("f", "").unwrap().priority(priority);
            assert_eq!(job.clone().in_foreground().kind(), foreground);
            assert_eq!(job.in_background().kind(), background);
        }
    }

    #[test]
    fn a_nul_in_a_name_never_becomes_a_job() {
        assert!(Job::new("f\0forged", "").is_err());
        assert!(Job::new("f", "").unwrap().unique("u\0forged").is_err());
    }
}
