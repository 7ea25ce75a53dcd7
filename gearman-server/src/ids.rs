//! Serial numbers as names, and tables of what they name.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::{Index, IndexMut};

/// A number that is given out once.
pub(crate) trait Serial: Copy + Eq + Hash + Ord {
    fn from_number(number: u64) -> Self;
    fn number(self) -> u64;
}

macro_rules! serial {
    ($(#[$doc:meta])* $visibility:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $visibility struct $name(u64);

        impl Serial for $name {
            fn from_number(number: u64) -> Self {
                Self(number)
            }

            fn number(self) -> u64 {
                self.0
            }
        }
    };
}

serial! {
    /// A connection of a [`Broker`](crate::Broker). Connections are numbered from 1 as they come, and no
    /// number is used twice.
    pub ConnectionId
}

serial! {
    pub(crate) FunctionId
}

serial! {
    /// The number at the end of the job's handle.
    pub(crate) JobId
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Gives numbers to what comes, and keeps it under its number until it is removed.
///
/// Indexing is for numbers that other parts of the broker hold: each of them lets go of a number before
/// the entry goes.
#[derive(Clone, Debug)]
pub(crate) struct Table<I, T> {
    last: u64,
    entries: HashMap<I, T, BuildHasherDefault<SerialHasher>>,
}

/// A set of serial numbers.
pub(crate) type SerialSet<I> = HashSet<I, BuildHasherDefault<SerialHasher>>;

impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Self {
            last: 0,
            entries: HashMap::default(),
        }
    }
}

impl<I: Serial, T> Table<I, T> {
    /// The number that the next entry will have.
    pub(crate) fn next(&self) -> I {
        I::from_number(self.last + 1)
    }

    pub(crate) fn insert(&mut self, entry: T) -> I {
        let id = self.next();
        self.last += 1;
        self.entries.insert(id, entry);
        id
    }

    pub(crate) fn remove(&mut self, id: I) -> Option<T> {
        self.entries.remove(&id)
    }

    pub(crate) fn get(&self, id: I) -> Option<&T> {
        self.entries.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.entries.get_mut(&id)
    }

    /// All entries in the order in which they came. It sorts: for lists that people ask for, not for the
    /// path of a job.
    pub(crate) fn in_order(&self) -> Vec<(I, &T)> {
        let mut all: Vec<_> = self
            .entries
            .iter()
            .map(|(id, entry)| (*id, entry))
            .collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}

impl<I: Serial, T> Index<I> for Table<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        self.get(id).expect("who holds a number keeps its entry")
    }
}

impl<I: Serial, T> IndexMut<I> for Table<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        self.get_mut(id)
            .expect("who holds a number keeps its entry")
    }
}

/// Spreads serial numbers over a hash table. No peer chooses them, so nothing has to be defended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SerialHasher(u64);

impl Hasher for SerialHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64 divided by the golden ratio: neighbours end up far apart.
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_at_1_and_are_never_used_again() {
        let mut table = Table::<JobId, &str>::default();
        let first = table.insert("a");
        assert_eq!(first.number(), 1);
        assert_eq!(table.remove(first), Some("a"));
        assert_eq!(table.insert("b").number(), 2);
        assert_eq!(table.get(first), None);
    }

    #[test]
    fn entries_are_listed_as_they_came() {
        let mut table = Table::<JobId, u32>::default();
        for entry in 0..100 {
            table.insert(entry);
        }
        let listed: Vec<u32> = table
            .in_order()
            .into_iter()
            .map(|(_, entry)| *entry)
            .collect();
        assert_eq!(listed, (0..100).collect::<Vec<_>>());
    }
}
