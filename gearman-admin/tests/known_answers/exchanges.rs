//! The captured exchanges; see `tests/data/README.md`.

use bytes::{Bytes, BytesMut};
use gearman_admin::{Command, CommandError, LineSplitter, LineTooLong, ReplyFramer};
use serde_json::Value;

/// What one connection sent until it was answered, and the answer.
pub(crate) struct Exchange {
    scenario: String,
    step: u64,
    sent: Vec<u8>,
    received: Vec<u8>,
}

/// A line of the text protocol, and what we make of it.
pub(crate) struct Asked {
    pub(crate) line: Bytes,
    pub(crate) parsed: Result<Command, CommandError>,
}

pub(crate) fn all() -> Vec<Exchange> {
    let file: Value = serde_json::from_str(include_str!("../data/exchanges.json")).expect("JSON");
    let mut found = Vec::new();
    for scenario in file.as_array().expect("a list of scenarios") {
        for exchange in scenario["exchanges"].as_array().expect("a list") {
            found.push(Exchange {
                scenario: scenario["name"].as_str().expect("a name").to_owned(),
                step: exchange["step"].as_u64().expect("the step's index"),
                sent: bytes(&exchange["sent"]),
                received: bytes(&exchange["received"]),
            });
        }
    }
    found
}

/// Each character stands for the byte of its number.
fn bytes(text: &Value) -> Vec<u8> {
    let characters = text.as_str().expect("a string").chars();
    characters
        .map(|character| u8::try_from(character).expect("at most U+00FF"))
        .collect()
}

impl Exchange {
    /// The lines that were sent.
    pub(crate) fn asked(&self) -> Result<Vec<Asked>, LineTooLong> {
        let mut splitter = LineSplitter::new();
        let mut stream = BytesMut::from(self.sent.as_slice());
        let mut asked = Vec::new();
        while let Some(line) = splitter.next_line(&mut stream)? {
            let parsed = Command::parse(&line);
            asked.push(Asked { line, parsed });
        }
        Ok(asked)
    }

    /// The replies that came, which are as many as were asked for, if any came at all. They come one
    /// byte at a time, and none is complete a byte too early.
    pub(crate) fn replies(&self, asked: &[Asked]) -> Vec<Bytes> {
        // A refusal is one line, whatever it was that the server did not understand.
        let any_single_line = Command::Pid;
        let mut framer = ReplyFramer::new();
        for asked in asked {
            framer.expect(asked.parsed.as_ref().unwrap_or(&any_single_line));
        }
        let mut buffer = BytesMut::new();
        let mut replies = Vec::new();
        for byte in &self.received {
            buffer.extend_from_slice(&[*byte]);
            replies.extend(framer.next_reply(&mut buffer).expect("within the limit"));
        }
        assert_eq!(buffer, "", "{}", self.place());
        assert!(
            replies.len() == asked.len() || self.received.is_empty(),
            "{}",
            self.place()
        );
        replies
    }

    /// Where it stands in the capture.
    pub(crate) fn place(&self) -> String {
        format!("{}, step {}", self.scenario, self.step)
    }
}
