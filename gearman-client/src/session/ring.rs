use std::collections::VecDeque;

use super::RequestId;

/// The followers of one job, at least one.
///
/// When one connection submits the same unique job k times, the server sends k consecutive copies of
/// each of its packets. The first goes to the follower in front, who then goes to the back; after k
/// copies the order is as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ring {
    front: RequestId,
    /// Empty for nearly all jobs, and then without a heap allocation.
    others: VecDeque<RequestId>,
}

impl Ring {
    pub(super) const fn new(only: RequestId) -> Self {
        Self {
            front: only,
            others: VecDeque::new(),
        }
    }

    pub(super) fn join(&mut self, id: RequestId) {
        self.others.push_back(id);
    }

    /// The follower whose copy this is.
    pub(super) const fn front(&self) -> RequestId {
        self.front
    }

    /// Makes the next follower the front.
    pub(super) fn turn(&mut self) {
        if let Some(next) = self.others.pop_front() {
            self.others.push_back(self.front);
            self.front = next;
        }
    }

    /// Takes the front out; false where there is no other follower.
    pub(super) fn leave(&mut self) -> bool {
        match self.others.pop_front() {
            Some(next) => {
                self.front = next;
                true
            }
            None => false,
        }
    }

    pub(super) fn into_followers(self) -> impl Iterator<Item = RequestId> {
        std::iter::once(self.front).chain(self.others)
    }
}
