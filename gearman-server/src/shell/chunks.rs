use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// Bytes that are to be written, in the pieces in which they came. One vectored write takes many of them.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    pieces: VecDeque<Bytes>,
    remaining: usize,
}

impl Extend<Bytes> for Chunks {
    fn extend<I: IntoIterator<Item = Bytes>>(&mut self, pieces: I) {
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            self.remaining += piece.len();
            self.pieces.push_back(piece);
        }
    }
}

impl Buf for Chunks {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], Bytes::as_ref)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(&self.pieces);
        filled
            .map(|(slice, piece)| *slice = IoSlice::new(piece))
            .count()
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "no more than there is is written");
        self.remaining -= count;
        while let Some(piece) = self.pieces.front_mut() {
            if count < piece.len() {
                return piece.advance(count);
            }
            count -= piece.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_gone_through_at_any_stride() {
        for stride in 1..=7 {
            let mut chunks = Chunks::default();
            chunks.extend(["ab", "", "cde", "fg"].map(Bytes::from));
            let mut seen = Vec::new();
            while chunks.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 8];
                let count = chunks.chunks_vectored(&mut slices);
                let all: Vec<u8> = slices[..count]
                    .iter()
                    .flat_map(|slice| slice.to_vec())
                    .collect();
                assert_eq!(all.len(), chunks.remaining());
                let step = stride.min(all.len());
                seen.extend_from_slice(&all[..step]);
                chunks.advance(step);
            }
            assert_eq!(seen, b"abcdefg");
        }
    }
}
