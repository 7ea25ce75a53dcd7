//! The bytes that all contestants get, put together by hand: no contestant's encoder is trusted.

use bytes::{Bytes, BytesMut};

pub(crate) const HANDLE: &str = "H:vm-7:1042";
const FUNCTION: &str = "resize_image";
const UNIQUE: &str = "0190b3a2-7c1e-7d4f-9a55-3f1c2b6d8e90";

/// How many results are encoded in one pass.
pub(crate) const RESULTS: usize = 1_000;

/// JOB_ASSIGN_UNIQ, as they lie in read buffers.
#[derive(Clone, Copy)]
pub(crate) struct Assignments {
    pub(crate) buffers: usize,
    pub(crate) packets_each: usize,
    /// Bytes of each payload.
    pub(crate) payload: usize,
}

impl Assignments {
    /// How many there are.
    pub(crate) const fn packets(&self) -> usize {
        self.buffers * self.packets_each
    }

    /// What one read buffer holds.
    pub(crate) fn wire(&self) -> Vec<u8> {
        // No NUL: rustygear ends payloads there.
        let payload = vec![b'x'; self.payload];
        let arguments = [
            HANDLE.as_bytes(),
            FUNCTION.as_bytes(),
            UNIQUE.as_bytes(),
            &payload,
        ];
        packet(b"\0RES", 31, &arguments).repeat(self.packets_each)
    }
}

/// Fresh read buffers with these bytes in each.
pub(crate) fn read_buffers(many: usize, wire: &[u8]) -> Vec<BytesMut> {
    (0..many).map(|_| BytesMut::from(wire)).collect()
}

/// What a job has brought.
pub(crate) fn result() -> Bytes {
    Bytes::from(vec![b'y'; 100])
}

/// It in a WORK_COMPLETE.
pub(crate) fn work_complete() -> Vec<u8> {
    packet(b"\0REQ", 13, &[HANDLE.as_bytes(), &result()])
}

/// All of a pass.
pub(crate) fn all_work_complete() -> Vec<u8> {
    work_complete().repeat(RESULTS)
}

/// An empty buffer with room for all of a pass, its memory touched once.
pub(crate) fn write_buffer() -> BytesMut {
    let mut buffer = BytesMut::zeroed(all_work_complete().len());
    buffer.clear();
    buffer
}

/// A whole reply to `status`.
pub(crate) fn status(rows: usize) -> Vec<u8> {
    let row = |n| {
        format!(
            "tenant_{:03}.resize_image_{n}\t{}\t{}\t{}\n",
            n % 997,
            n % 4_001,
            n % 13,
            n % 64
        )
    };
    let reply: String = (0..rows).map(row).collect();
    (reply + ".\n").into_bytes()
}

fn packet(magic: &[u8; 4], number: u32, arguments: &[&[u8]]) -> Vec<u8> {
    let body = arguments.join(&0);
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [
        magic,
        &number.to_be_bytes()[..],
        &length.to_be_bytes(),
        &body,
    ]
    .concat()
}
