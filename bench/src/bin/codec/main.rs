//! How fast bytes become values and values bytes, beside the peers and the ceilings: `codec [--instructions] [CONTEST]...`.
//!
//! All who compete at one piece of work take turns in one run, so that the machine's mood is the same for
//! everybody; the ratios are what counts. `--instructions` adds what `callgrind` counts, which no mood changes.
//! Times are processor time. Nothing fails because of a figure: a target that is missed is called so.
//!
//! | file | |
//! |---|---|
//! | `contests` | who competes at what, and what was promised |
//! | `contest` | one piece of work and those who compete at it, round by round |
//! | `pass` | doing the work once: what is measured and what is not |
//! | `material` | the bytes that all of them get |
//! | `ceiling`, `ours`, `peer_gearman`, `peer_rustygear` | the contestants |
//! | `in_place` | whether a large payload is copied |
//! | `figures`, `table` | from measurements to lines |
//! | `instructions` | this program once more, under `callgrind` |

mod ceiling;
mod contest;
mod contests;
mod figures;
mod in_place;
mod instructions;
mod material;
mod ours;
mod pass;
mod peer_gearman;
mod peer_rustygear;
mod table;

use std::error::Error;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [instructions::ONE_PASS, contest, contestant] => {
            let (_, make) = contests::named(contest)?;
            make()?.pass_once(contestant)
        }
        ["--instructions", names @ ..] => compete(names, true),
        names => compete(names, false),
    }
}

/// All contests where none is named.
fn compete(names: &[&str], with_instructions: bool) -> Result<(), Failure> {
    let chosen = match names {
        [] => contests::ALL.to_vec(),
        names => names
            .iter()
            .map(|name| contests::named(name))
            .collect::<Result<_, _>>()?,
    };
    for (name, make) in chosen {
        let mut contest = make()?;
        let samples = contest.compete()?;
        let instructions = match with_instructions {
            true => Some(instructions::of_each(name, &contest)?),
            false => None,
        };
        table::print(&contest, &samples, instructions.as_deref());
    }
    in_place::report()
}
