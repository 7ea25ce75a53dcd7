//! The exchanges with a real gearmand in `tests/data`.

use bytes::BytesMut;
use gearman_proto::{FrameDecoder, Packet};
use serde_json::Value;

/// One write of a client or worker, or one answer of the server.
pub(crate) struct Step {
    pub(crate) scenario: String,
    pub(crate) number: u64,
    pub(crate) from_server: bool,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn steps() -> Vec<Step> {
    let file: Value = serde_json::from_str(include_str!("../data/vectors.json")).expect("JSON");
    let mut found = Vec::new();
    for scenario in file.as_array().expect("a list of scenarios") {
        let name = scenario["name"].as_str().expect("a name");
        for step in scenario["steps"].as_array().expect("a list of steps") {
            found.push(Step {
                scenario: name.to_owned(),
                number: step["step"].as_u64().expect("the step's index"),
                from_server: step["dir"] == "s2c",
                bytes: unhex(step["hex"].as_str().expect("hexadecimal digits")),
            });
        }
    }
    found
}

fn unhex(digits: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a hexadecimal digit") as u8;
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// The packets of a step, or what stands in their place. Lines of the text protocol between them are passed
/// over.
pub(crate) fn packets(step: &Step) -> Vec<Result<Packet, String>> {
    let mut rest = BytesMut::from(step.bytes.as_slice());
    let mut decoder = FrameDecoder::default();
    let mut found = Vec::new();
    while let Some(first) = rest.first() {
        if *first != 0 {
            let end = rest.iter().position(|byte| *byte == b'\n');
            let _line = rest.split_to(end.map_or(rest.len(), |end| end + 1));
            continue;
        }
        match decoder.decode(&mut rest) {
            Ok(Some(packet)) => found.push(packet.map_err(|error| format!("is refused: {error}"))),
            Ok(None) => {
                found.push(Err("is not a whole packet".to_owned()));
                break;
            }
            Err(error) => {
                found.push(Err(error.to_string()));
                break;
            }
        }
    }
    found
}
