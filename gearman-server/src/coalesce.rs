//! Which submissions are the same job.
//!
//! | unique | the same job is |
//! |---|---|
//! | none | no other |
//! | `-` | one of the same function with the same workload, unless that is empty |
//! | any other | one of the same function with the same unique |
//!
//! It counts as long as the job exists, queued or running, in the foreground or background, whatever its
//! priority.

use std::collections::HashMap;

use bytes::Bytes;
use gearman_proto::UniqueId;

use crate::ids::{FunctionId, JobId};
use crate::job::Job;

/// Finds the job that a submission is the same as.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coalescing {
    /// As many entries for a unique as functions have a job with it: seldom more than one.
    by_unique: HashMap<UniqueId, Vec<(FunctionId, JobId)>>,
    by_workload: HashMap<(FunctionId, Bytes), JobId>,
}

/// What makes a job the same as another.
enum Sameness<'a> {
    Nothing,
    Workload,
    Unique(&'a UniqueId),
}

impl<'a> Sameness<'a> {
    fn of(unique: Option<&'a UniqueId>, workload: &Bytes) -> Self {
        match unique {
            None => Self::Nothing,
            Some(unique) if unique.as_bytes() != b"-" => Self::Unique(unique),
            Some(_) if workload.is_empty() => Self::Nothing,
            Some(_) => Self::Workload,
        }
    }
}

impl Coalescing {
    pub(crate) fn find(
        &self,
        function: FunctionId,
        unique: Option<&UniqueId>,
        workload: &Bytes,
    ) -> Option<JobId> {
        match Sameness::of(unique, workload) {
            Sameness::Nothing => None,
            Sameness::Workload => self.by_workload.get(&(function, workload.clone())).copied(),
            Sameness::Unique(unique) => {
                let same = self.by_unique.get(unique)?.iter();
                same.copied()
                    .find_map(|(of, job)| (of == function).then_some(job))
            }
        }
    }

    /// The oldest job with that unique, of whatever function.
    pub(crate) fn find_in_any_function(&self, unique: &UniqueId) -> Option<JobId> {
        let (_, job) = self.by_unique.get(unique)?.first()?;
        Some(*job)
    }

    pub(crate) fn insert(&mut self, id: JobId, job: &Job) {
        match Sameness::of(job.unique.as_ref(), &job.workload) {
            Sameness::Nothing => {}
            Sameness::Workload => {
                let key = (job.function, job.workload.clone());
                self.by_workload.insert(key, id);
            }
            Sameness::Unique(unique) => {
                let same = self.by_unique.entry(*unique).or_default();
                same.push((job.function, id));
            }
        }
    }

    pub(crate) fn remove(&mut self, id: JobId, job: &Job) {
        match Sameness::of(job.unique.as_ref(), &job.workload) {
            Sameness::Nothing => {}
            Sameness::Workload => {
                self.by_workload
                    .remove(&(job.function, job.workload.clone()));
            }
            Sameness::Unique(unique) => {
                if let Some(same) = self.by_unique.get_mut(unique) {
                    same.retain(|(_, job)| *job != id);
                    if same.is_empty() {
                        self.by_unique.remove(unique);
                    }
                }
            }
        }
    }
}
