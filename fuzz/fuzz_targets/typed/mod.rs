//! Everything that can be sent, made from the fuzzer's bytes.

pub(crate) mod admin;
pub(crate) mod proto;

use libfuzzer_sys::arbitrary::{Result, Unstructured};

/// So many bytes, each made fit: mostly few, at times as many as there may be.
fn text(
    input: &mut Unstructured<'_>,
    least: usize,
    most: usize,
    fit: impl Fn(u8) -> u8,
) -> Result<Vec<u8>> {
    let few = most.min(least + 12);
    let length = match input.ratio(1, 8)? {
        true => input.int_in_range(least..=most)?,
        false => input.int_in_range(least..=few)?,
    };
    Ok(input.bytes(length)?.iter().map(|byte| fit(*byte)).collect())
}

/// One of these, each made only if it is chosen.
fn one_of<T>(
    input: &mut Unstructured<'_>,
    makers: &[fn(&mut Unstructured<'_>) -> Result<T>],
) -> Result<T> {
    input.choose(makers)?(input)
}

/// Some or none.
fn option<T>(
    input: &mut Unstructured<'_>,
    maker: fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Option<T>> {
    match input.arbitrary()? {
        true => maker(input).map(Some),
        false => Ok(None),
    }
}

/// As many as the input lasts for.
pub(crate) fn list<T>(
    input: &mut Unstructured<'_>,
    maker: fn(&mut Unstructured<'_>) -> Result<T>,
) -> Vec<T> {
    let mut made = Vec::new();
    while !input.is_empty()
        && let Ok(value) = maker(input)
    {
        made.push(value);
    }
    made
}
