use tokio::sync::watch;

/// How far a worker is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// It takes jobs.
    Running,
    /// It takes no jobs until it is told to resume.
    Quiet,
    /// It takes no more jobs, and finishes those that it has.
    Draining,
    /// It tells the jobs that it has to stop, and hands them back.
    Cancelling,
    /// It has left all servers.
    Closed,
}

impl Stage {
    /// As logs and control answers have it: `running`, `quiet`, `draining`, `cancelling`, `closed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Quiet => "quiet",
            Self::Draining => "draining",
            Self::Cancelling => "cancelling",
            Self::Closed => "closed",
        }
    }
}

/// The stages of a worker as they come. Stages that passed while nobody looked are left out.
#[derive(Clone, Debug)]
pub struct Stages {
    pub(crate) receiver: watch::Receiver<Stage>,
}

impl Stages {
    /// The stage now.
    pub fn current(&self) -> Stage {
        *self.receiver.borrow()
    }

    /// Waits for the next stage; `None` after [`Stage::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Stage> {
        if *self.receiver.borrow_and_update() == Stage::Closed {
            return None;
        }
        self.receiver.changed().await.ok()?;
        Some(*self.receiver.borrow_and_update())
    }
}
