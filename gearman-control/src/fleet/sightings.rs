//! Who is connected where, as far as the latest looks say.

use std::collections::BTreeSet;

use super::stop::Sight;
use crate::WorkerId;

/// The latest look at each server. A server that can't be asked keeps what was seen last.
#[derive(Debug)]
pub(super) struct Sightings(Vec<Latest>);

#[derive(Debug)]
struct Latest {
    ids: BTreeSet<WorkerId>,
    is_lost: bool,
}

/// What a look has changed about its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Lost,
    Back,
}

impl Sightings {
    /// What the census has seen: one entry for each server, `None` where it could not be asked.
    pub(super) fn new(census: impl IntoIterator<Item = Option<BTreeSet<WorkerId>>>) -> Self {
        let latest = census.into_iter().map(|ids| Latest {
            is_lost: ids.is_none(),
            ids: ids.unwrap_or_default(),
        });
        Self(latest.collect())
    }

    /// Notes a look at the server of this index.
    pub(super) fn note(&mut self, server: usize, ids: Option<BTreeSet<WorkerId>>) -> Option<Turn> {
        let latest = self.0.get_mut(server)?;
        let was_lost = latest.is_lost;
        latest.is_lost = ids.is_none();
        if let Some(ids) = ids {
            latest.ids = ids;
        }
        match (was_lost, latest.is_lost) {
            (false, true) => Some(Turn::Lost),
            (true, false) => Some(Turn::Back),
            _ => None,
        }
    }

    pub(super) fn of(&self, id: &WorkerId) -> Sight {
        let mut seen = self.0.iter().filter(|latest| latest.ids.contains(id));
        match seen.next() {
            None => Sight::Gone,
            Some(first) if first.is_lost && seen.all(|latest| latest.is_lost) => Sight::Unknown,
            Some(_) => Sight::Connected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> WorkerId {
        WorkerId::new("w").unwrap()
    }

    fn here() -> Option<BTreeSet<WorkerId>> {
        Some(BTreeSet::from([id()]))
    }

    fn elsewhere() -> Option<BTreeSet<WorkerId>> {
        Some(BTreeSet::new())
    }

    #[test]
    fn a_worker_is_gone_when_no_server_has_it() {
        let mut sightings = Sightings::new([here(), here()]);
        sightings.note(0, elsewhere());
        assert_eq!(sightings.of(&id()), Sight::Connected);
        sightings.note(1, elsewhere());
        assert_eq!(sightings.of(&id()), Sight::Gone);
    }

    #[test]
    fn a_server_that_can_not_be_asked_leaves_it_open() {
        let mut sightings = Sightings::new([here(), here()]);
        assert_eq!(sightings.note(1, None), Some(Turn::Lost));
        assert_eq!(sightings.note(1, None), None);
        assert_eq!(sightings.of(&id()), Sight::Connected);
        sightings.note(0, elsewhere());
        assert_eq!(sightings.of(&id()), Sight::Unknown);
        assert_eq!(sightings.note(1, elsewhere()), Some(Turn::Back));
        assert_eq!(sightings.of(&id()), Sight::Gone);
    }

    #[test]
    fn a_server_that_never_was_there_hides_nobody() {
        let mut sightings = Sightings::new([here(), None]);
        sightings.note(0, elsewhere());
        assert_eq!(sightings.of(&id()), Sight::Gone);
    }
}
