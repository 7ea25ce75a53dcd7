//! A contest as a table: times, instructions, and everybody's ratio to everybody but us.

use std::iter;

use crate::contest::{Contest, Target};
use crate::figures::Samples;

/// The one whose targets they are.
const US: &str = "ours";

/// Prints the contest; `instructions` are those of each contestant, where they were counted.
pub(crate) fn print(contest: &Contest, samples: &[Samples], instructions: Option<&[f64]>) {
    let rows: Vec<_> = iter::zip(&contest.contestants, samples).collect();
    let others: Vec<_> = rows
        .iter()
        .filter(|(who, _)| !who.name.starts_with(US))
        .collect();

    println!("{}", contest.work);
    let time = format!("ns/{}", contest.unit);
    let counted = instructions.map_or("", |_| "  instructions");
    let against: String = others
        .iter()
        .map(|(who, _)| format!("{:>12}", format!("/ {}", who.name)))
        .collect();
    println!(
        "  {:<37}{time:>10} {:<21}{counted}{against}",
        "", "least..most"
    );

    for (index, (who, own)) in rows.iter().enumerate() {
        let range = format!("{}..{}", figure(own.least()), figure(own.most()));
        let counted = instructions.and_then(|counted| counted.get(index));
        let counted =
            counted.map_or_else(String::new, |counted| format!("{:>14}", figure(*counted)));
        let against: String = others
            .iter()
            .map(|(_, other)| format!("{:>12}", figure(own.ratio_to(other))))
            .collect();
        println!(
            "  {:<11}{:<26}{:>10} {range:<21}{counted}{against}",
            who.name,
            who.by,
            figure(own.median())
        );
    }

    let samples_of = |name| {
        rows.iter()
            .find(|(who, _)| who.name == name)
            .map(|(_, samples)| samples)
    };
    if let Some(Target { at_most, of }) = contest.target
        && let (Some(ours), Some(theirs)) = (samples_of(US), samples_of(of))
    {
        let ratio = ours.ratio_to(theirs);
        let verdict = if ratio <= at_most { "met" } else { "missed" };
        println!(
            "  target: at most {} of {of}; {}, {verdict}",
            figure(at_most),
            figure(ratio)
        );
    }
    println!();
}

/// Three digits that say something.
fn figure(value: f64) -> String {
    match value.abs() {
        1000.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        0.01.. => format!("{value:.2}"),
        _ => format!("{value:.5}"),
    }
}
