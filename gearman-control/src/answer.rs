use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Incarnation, WorkerId};

/// Why an order is refused that was meant for another process of the same id.
pub const OTHER_INCARNATION: &str = "other incarnation";

/// The answer to `ping`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pong {
    /// Who answers.
    pub id: WorkerId,
    /// Which process that is.
    pub incarnation: Incarnation,
    /// `running` or `draining`.
    pub stage: String,
}

/// The answer to `terminate`: the worker has finished its last job and leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Terminated {
    /// Who leaves.
    pub id: WorkerId,
    /// Which process that is.
    pub incarnation: Incarnation,
    /// Jobs that it ran and whose result the server has, over its life.
    pub completed: u64,
    /// Jobs that failed in its hands, over its life.
    pub failed: u64,
}

/// The answer to an order that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// Why: [`OTHER_INCARNATION`].
    pub refused: String,
}

impl Pong {
    /// The answer of a worker.
    pub fn new(id: WorkerId, incarnation: Incarnation, stage: impl Into<String>) -> Self {
        Self {
            id,
            incarnation,
            stage: stage.into(),
        }
    }
}

impl Terminated {
    /// The last word of a worker.
    pub const fn new(id: WorkerId, incarnation: Incarnation, completed: u64, failed: u64) -> Self {
        Self {
            id,
            incarnation,
            completed,
            failed,
        }
    }
}

impl Refused {
    /// The answer of a process that was not meant.
    pub fn other_incarnation() -> Self {
        Self {
            refused: OTHER_INCARNATION.to_owned(),
        }
    }
}

macro_rules! json {
    ($($answer:ident),*) => {$(
        impl $answer {
            /// As it goes over the wire.
            ///
            /// # Panics
            ///
            /// Never: it is made of texts and numbers.
            pub fn to_json(&self) -> Bytes {
                serde_json::to_vec(self).expect("texts and numbers have a JSON form").into()
            }

            /// Reads what came over the wire; `None` where it is another answer or no JSON at all.
            pub fn from_json(json: &[u8]) -> Option<Self> {
                serde_json::from_slice(json).ok()
            }
        }
    )*};
}

json!(Pong, Terminated, Refused);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_json_with_stable_names() {
        let id = WorkerId::new("web-1").unwrap();
        let incarnation = Incarnation::parse("00c0ffee00c0ffee").unwrap();
        assert_eq!(
            Pong::new(id.clone(), incarnation, "running").to_json(),
            r#"{"id":"web-1","incarnation":"00c0ffee00c0ffee","stage":"running"}"#
        );
        assert_eq!(
            Terminated::new(id, incarnation, 3, 1).to_json(),
            r#"{"id":"web-1","incarnation":"00c0ffee00c0ffee","completed":3,"failed":1}"#
        );
        assert_eq!(
            Refused::other_incarnation().to_json(),
            r#"{"refused":"other incarnation"}"#
        );
    }
}
