use std::collections::BTreeSet;
use std::fmt;

use crate::WorkerId;

/// Which workers are meant.
#[non_exhaustive]
pub enum Which {
    /// These, and each of them must be there.
    Ids(Vec<WorkerId>),
    /// Every worker that is there; none is fine.
    All,
    /// Those that are there and that this is true for; none is fine.
    Matching(Box<dyn Fn(&WorkerId) -> bool + Send + Sync>),
}

impl Which {
    /// Those that `is_meant` is true for.
    pub fn matching(is_meant: impl Fn(&WorkerId) -> bool + Send + Sync + 'static) -> Self {
        Self::Matching(Box::new(is_meant))
    }

    /// Picks from those that are there. The error is those that are meant and not there.
    pub(super) fn pick(
        self,
        there: BTreeSet<WorkerId>,
    ) -> Result<BTreeSet<WorkerId>, Vec<WorkerId>> {
        match self {
            Self::All => Ok(there),
            Self::Matching(is_meant) => Ok(there.into_iter().filter(|id| is_meant(id)).collect()),
            Self::Ids(ids) => {
                let meant = BTreeSet::from_iter(ids);
                let missing: Vec<_> = meant.difference(&there).cloned().collect();
                if missing.is_empty() {
                    Ok(meant)
                } else {
                    Err(missing)
                }
            }
        }
    }
}

impl fmt::Debug for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ids(ids) => f.debug_tuple("Ids").field(ids).finish(),
            Self::All => f.write_str("All"),
            Self::Matching(_) => f.debug_tuple("Matching").finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<WorkerId> {
        names
            .iter()
            .map(|name| WorkerId::new(*name).unwrap())
            .collect()
    }

    fn there() -> BTreeSet<WorkerId> {
        BTreeSet::from_iter(ids(&["a", "b", "c"]))
    }

    #[test]
    fn one_unknown_id_is_enough_to_pick_nobody() {
        let missing = Which::Ids(ids(&["a", "x", "b", "y"])).pick(there());
        assert_eq!(missing, Err(ids(&["x", "y"])));
    }

    #[test]
    fn an_id_that_is_named_twice_is_meant_once() {
        let picked = Which::Ids(ids(&["b", "b"])).pick(there()).unwrap();
        assert_eq!(Vec::from_iter(picked), ids(&["b"]));
    }

    #[test]
    fn a_pattern_that_matches_nobody_is_fine() {
        assert_eq!(
            Which::matching(|_| false).pick(there()),
            Ok(BTreeSet::new())
        );
        let picked = Which::matching(|id| id.as_str() > "a")
            .pick(there())
            .unwrap();
        assert_eq!(Vec::from_iter(picked), ids(&["b", "c"]));
        assert_eq!(Which::All.pick(BTreeSet::new()), Ok(BTreeSet::new()));
    }
}
