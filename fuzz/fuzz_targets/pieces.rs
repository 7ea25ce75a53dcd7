//! How the stream targets read their input.

use gearman_proto::DEFAULT_BODY_LIMIT;

/// A stream, how it arrives, and what the decoder accepts.
pub(crate) struct Arrival<'a> {
    /// Bodies of up to this many bytes are accepted.
    pub(crate) limit: u32,
    /// The stream, cut.
    pub(crate) pieces: Vec<&'a [u8]>,
}

impl<'a> Arrival<'a> {
    /// The input is a byte for the limit, a byte for the cuts, and the stream. In both 255 stands for
    /// "none": everything is accepted, everything comes at once.
    pub(crate) fn new(input: &'a [u8]) -> Option<Self> {
        let (&[limit, cuts], stream) = input.split_first_chunk::<2>()?;
        let limit = match limit {
            u8::MAX => DEFAULT_BODY_LIMIT,
            limit => u32::from(limit),
        };
        let pieces = match cuts {
            u8::MAX => vec![stream],
            cuts => cut(stream, u64::from(cuts)),
        };
        Some(Self { limit, pieces })
    }
}

/// Cuts that differ from piece to piece, of 1 to 32 bytes, and always the same for the same seed.
fn cut(mut rest: &[u8], mut seed: u64) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let length = 1 + (seed >> 59) as usize;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
