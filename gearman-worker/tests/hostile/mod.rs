//! A machine among enemies: a server that answers what it likes, and whatever else can happen, in any
//! order. [`play`] makes a story of bytes, plays it, and checks after each step what must hold.
//!
//! The bytes may come from anywhere: this module needs nothing of a test. (A fuzz target includes it by
//! `#[path]`.)
//!
//! Our own side keeps to the grammar of the machine and does what the driver does: it closes the stream
//! after a violation, grants slots that are wanted, and starts no job twice. The server's side keeps to
//! nothing.

mod playground;
mod source;
mod step;

pub(crate) use playground::Corners;

use playground::Playground;
use source::Source;
use step::Step;

/// Steps of one story. More teach nothing new: what a machine remembers is small.
const MOST_STEPS: usize = 2000;

/// Plays the story that these bytes are, to its end. Returns which corners were reached.
pub(crate) fn play(data: &[u8]) -> Corners {
    let mut source = Source::new(data);
    let mut playground = Playground::new(source.number(12));
    let poor = source.number(4) == 3;
    for _ in 0..MOST_STEPS {
        let Some(step) = Step::next(&mut source, poor) else {
            break;
        };
        playground.step(step);
    }
    playground.end()
}
