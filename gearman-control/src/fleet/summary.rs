use std::collections::BTreeMap;

use super::Event;
use crate::WorkerId;

/// What has become of the workers that were told to stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Those that are down, in the order in which they went.
    pub down: Vec<WorkerId>,
    /// Those that are not, and why.
    pub left: BTreeMap<WorkerId, WhyLeft>,
    /// The time was over before all were down.
    pub timed_out: bool,
}

/// Why a worker is not down.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyLeft {
    /// It was still connected when last looked at.
    StillThere,
    /// It will not stop, and says why.
    Refused(String),
    /// It was not told: the order was lost on its way.
    OrderLost(String),
}

impl Summary {
    /// Nobody is left.
    pub fn is_all_down(&self) -> bool {
        self.left.is_empty()
    }

    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Up(id) => {
                self.left.insert(id.clone(), WhyLeft::StillThere);
            }
            Event::Down(id) => {
                self.left.remove(id);
                self.down.push(id.clone());
            }
            Event::Refused { id, reason } => {
                let why = WhyLeft::Refused(reason.clone());
                self.left.insert(id.clone(), why);
            }
            Event::OrderLost {
                id,
                is_draining: false,
                reason,
            } => {
                let why = WhyLeft::OrderLost(reason.clone());
                self.left.insert(id.clone(), why);
            }
            Event::TimedOut(_) => self.timed_out = true,
            Event::OrderLost { .. }
            | Event::Terminating { .. }
            | Event::Waiting(_)
            | Event::Unanswered(_)
            | Event::ServerLost(_)
            | Event::ServerBack(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_down_is_left_with_a_reason() {
        let id = |name: &str| WorkerId::new(name).unwrap();
        let mut summary = Summary::default();
        assert!(summary.is_all_down());
        for name in ["a", "b", "c", "d"] {
            summary.note(&Event::Up(id(name)));
        }
        summary.note(&Event::Down(id("b")));
        summary.note(&Event::Refused {
            id: id("c"),
            reason: "no".to_owned(),
        });
        summary.note(&Event::OrderLost {
            id: id("d"),
            is_draining: true,
            reason: "closed".to_owned(),
        });
        summary.note(&Event::TimedOut(vec![id("a"), id("d")]));
        assert_eq!(summary.down, [id("b")]);
        assert_eq!(
            Vec::from_iter(summary.left.clone()),
            [
                (id("a"), WhyLeft::StillThere),
                (id("c"), WhyLeft::Refused("no".to_owned())),
                (id("d"), WhyLeft::StillThere),
            ]
        );
        assert!(summary.timed_out && !summary.is_all_down());
    }
}
