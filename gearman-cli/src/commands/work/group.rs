//! A process group that does not outlive its job.

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::Child;

/// The group that a child leads. Dropped, it is killed: where a handler is aborted, its child goes too.
#[derive(Debug)]
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// The group of a child that was started as the leader of its own.
    pub(crate) fn of(child: &Child) -> Self {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        Self(pid.and_then(Pid::from_raw))
    }

    /// Asks all of them to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Whether any of them is left.
    pub(crate) fn is_there(&self) -> bool {
        self.0
            .is_some_and(|group| test_kill_process_group(group).is_ok())
    }

    /// The child has ended by itself. What it left behind on purpose may live on.
    pub(crate) fn release(mut self) {
        self.0 = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Those who are gone need no signal.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
