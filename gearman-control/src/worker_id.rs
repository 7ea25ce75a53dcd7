use std::fmt;
use std::str::FromStr;

use gearman_proto::{ClientId, FunctionName, InvalidName};
use serde::{Deserialize, Serialize};

/// What the names of control functions begin with; the worker's id follows.
pub const CONTROL_PREFIX: &str = "_worker_";

/// The name under which a worker is reached: 1 to 127 printable ASCII characters, no blank, no `:`.
///
/// It is the connection's client id too, and `:` would end that in the list of workers. gearmand keeps
/// a row for each function for ever, so ids should be stable: `web-1`, not a new one for each process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkerId(String);

/// A text that is no worker's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWorkerId {
    /// It breaks the rule of client ids.
    #[error("worker id: {0}")]
    ClientId(#[from] InvalidName),
    /// It has a colon.
    #[error("worker id {0:?} has a colon; none is allowed, as it ends the id in lists of workers")]
    Colon(String),
}

impl WorkerId {
    /// Takes a text as an id.
    ///
    /// # Errors
    ///
    /// [`InvalidWorkerId`], which says what is wrong.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidWorkerId> {
        let text = text.into();
        ClientId::new(&text)?;
        if text.contains(':') {
            Err(InvalidWorkerId::Colon(text))
        } else {
            Ok(Self(text))
        }
    }

    /// The id whose control function this is; `None` where it is no control function.
    pub fn of_control_function(function: &[u8]) -> Option<Self> {
        let id = str::from_utf8(function)
            .ok()?
            .strip_prefix(CONTROL_PREFIX)?;
        Self::new(id).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The client id of the worker's connections.
    ///
    /// # Panics
    ///
    /// Never: an id is a client id without colons.
    pub fn client_id(&self) -> ClientId {
        ClientId::new(&self.0).expect("checked when the id was made")
    }

    /// The function through which the worker is reached.
    ///
    /// # Panics
    ///
    /// Never: prefix and id together stay far below the limit.
    pub fn control_function(&self) -> FunctionName {
        let name = format!("{CONTROL_PREFIX}{}", self.0);
        FunctionName::new(name).expect("135 bytes at most, all printable")
    }
}

impl FromStr for WorkerId {
    type Err = InvalidWorkerId;

    fn from_str(text: &str) -> Result<Self, InvalidWorkerId> {
        Self::new(text)
    }
}

impl TryFrom<String> for WorkerId {
    type Error = InvalidWorkerId;

    fn try_from(text: String) -> Result<Self, InvalidWorkerId> {
        Self::new(text)
    }
}

impl TryFrom<&str> for WorkerId {
    type Error = InvalidWorkerId;

    fn try_from(text: &str) -> Result<Self, InvalidWorkerId> {
        Self::new(text)
    }
}

impl From<WorkerId> for String {
    fn from(id: WorkerId) -> Self {
        id.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_again_in_the_name_of_its_function() {
        let id = WorkerId::new("web-1").unwrap();
        let function = id.control_function();
        assert_eq!(WorkerId::of_control_function(function.as_bytes()), Some(id));
        assert_eq!(WorkerId::of_control_function(b"resize"), None);
        assert_eq!(WorkerId::of_control_function(b"_worker_"), None);
    }

    #[test]
    fn blanks_and_colons_would_break_the_list_of_workers_and_are_refused() {
        assert!(WorkerId::new("a b").is_err());
        assert!(
            WorkerId::new("a:b")
                .unwrap_err()
                .to_string()
                .contains("colon")
        );
        assert!(WorkerId::new("").is_err());
        assert!(WorkerId::new("x".repeat(128)).is_err());
    }
}
