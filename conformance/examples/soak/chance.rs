use std::hash::{BuildHasher as _, RandomState};

/// Any number below `limit`.
pub(crate) fn below(limit: u64) -> u64 {
    RandomState::new().hash_one(limit) % limit
}
