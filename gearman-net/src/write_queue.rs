use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// A payload of at least this many bytes is sent from where it lies; below, copying it beside its
/// header is cheaper than one more slice in the system call.
const LARGE: usize = 4 << 10;

/// Bytes to be written, in order: small packets gathered, large payloads by reference.
#[derive(Debug, Default)]
pub(crate) struct WriteQueue {
    full: VecDeque<Bytes>,
    /// Small packets that are still being gathered; they follow everything in `full`.
    open: BytesMut,
    length: usize,
}

impl WriteQueue {
    /// Lets `write` append a packet's beginning and returns what it returns: the payload to follow.
    pub(crate) fn push<'a, E>(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> Result<Option<&'a Bytes>, E>,
    ) -> Result<(), E> {
        let before = self.open.len();
        let payload = write(&mut self.open)?;
        match payload {
            Some(payload) if payload.len() >= LARGE => {
                self.length += self.open.len() - before + payload.len();
                self.full.push_back(self.open.split().freeze());
                self.full.push_back(payload.clone());
            }
            payload => {
                self.open
                    .extend_from_slice(payload.map(AsRef::as_ref).unwrap_or_default());
                self.length += self.open.len() - before;
            }
        }
        Ok(())
    }
}

impl Buf for WriteQueue {
    fn remaining(&self) -> usize {
        self.length
    }

    fn chunk(&self) -> &[u8] {
        self.full.front().map_or(&self.open, AsRef::as_ref)
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        let chunks = self
            .full
            .iter()
            .map(AsRef::as_ref)
            .chain([self.open.as_ref()]);
        let mut filled = 0;
        for (slot, chunk) in dst.iter_mut().zip(chunks.filter(|chunk| !chunk.is_empty())) {
            *slot = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        self.length -= count;
        while let Some(front) = self.full.front_mut() {
            if count < front.len() {
                return front.advance(count);
            }
            count -= front.len();
            self.full.pop_front();
        }
        self.open.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &mut WriteQueue, head: &[u8], payload: &Bytes) {
        let write = |open: &mut BytesMut| {
            open.extend_from_slice(head);
            Ok::<_, ()>(Some(payload))
        };
        queue.push(write).unwrap();
    }

    #[test]
    fn the_bytes_come_out_in_order_whatever_is_taken_at_once() {
        let large = Bytes::from(vec![b'L'; LARGE]);
        let small = Bytes::from_static(b"small");
        for step in [1, 7, LARGE - 1, LARGE + 3, usize::MAX] {
            let mut queue = WriteQueue::default();
            let mut expected = Vec::new();
            for payload in [&small, &large, &small, &small, &large, &large] {
                push(&mut queue, b"head", payload);
                expected.extend_from_slice(b"head");
                expected.extend_from_slice(payload);
            }
            let mut written = Vec::new();
            while queue.has_remaining() {
                let chunk = queue.chunk();
                let taken = chunk.len().min(step);
                assert!(taken > 0);
                written.extend_from_slice(&chunk[..taken]);
                queue.advance(taken);
            }
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn small_packets_leave_as_one_slice_and_large_payloads_are_not_copied() {
        let large = Bytes::from(vec![b'L'; LARGE]);
        let mut queue = WriteQueue::default();
        for _ in 0..3 {
            push(&mut queue, b"head", &Bytes::from_static(b"small"));
        }
        push(&mut queue, b"head", &large);
        let mut slices = [IoSlice::new(&[]); 8];
        assert_eq!(queue.chunks_vectored(&mut slices), 2);
        assert_eq!(slices[1].as_ptr(), large.as_ptr());
    }
}
