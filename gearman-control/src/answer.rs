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
    /// `running`, `quiet`, `draining` or `cancelling`.
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

/// The answer to `stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stats {
    /// Who answers.
    pub id: WorkerId,
    /// Which process that is.
    pub incarnation: Incarnation,
    /// `running`, `quiet`, `draining` or `cancelling`.
    pub stage: String,
    /// Jobs that run now.
    pub running: u64,
    /// Jobs that may run at once.
    pub concurrency: u64,
    /// Jobs that ended well, and the server has proven to have read it.
    pub completed: u64,
    /// Jobs that failed, and the server has proven to have read it.
    pub failed: u64,
    /// Jobs that ended, but nothing proves that the server has read how.
    pub undelivered: u64,
}

/// The answer to `functions`. Names that are no text are escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FunctionList {
    /// Those whose jobs are taken.
    pub taken: Vec<String>,
    /// Those that the program declared and that could be added.
    pub declared: Vec<String>,
}

/// The answer to `cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cancelled {
    /// Whether the worker had such a job from that server.
    pub cancelled: bool,
}

/// The answer to an order that has been carried out: `quiet`, `resume`, `reload`, `concurrency`, `add`,
/// `remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Done {
    /// The order's word.
    pub done: String,
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

impl Stats {
    /// The numbers of a worker: running, concurrency, completed, failed, undelivered.
    pub fn new(
        id: WorkerId,
        incarnation: Incarnation,
        stage: impl Into<String>,
        [running, concurrency, completed, failed, undelivered]: [u64; 5],
    ) -> Self {
        let stage = stage.into();
        Self {
            id,
            incarnation,
            stage,
            running,
            concurrency,
            completed,
            failed,
            undelivered,
        }
    }
}

impl FunctionList {
    /// The functions of a worker.
    pub const fn new(taken: Vec<String>, declared: Vec<String>) -> Self {
        Self { taken, declared }
    }
}

impl Cancelled {
    /// Whether there was such a job.
    pub const fn new(cancelled: bool) -> Self {
        Self { cancelled }
    }
}

impl Done {
    /// The order with this word has been carried out.
    pub fn new(word: impl Into<String>) -> Self {
        Self { done: word.into() }
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

json!(
    Pong,
    Terminated,
    Stats,
    FunctionList,
    Cancelled,
    Done,
    Refused
);

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
