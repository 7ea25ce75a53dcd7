//! The decoder and a second, naive one agree on where packets end, what they mean and what is wrong.
#![no_main]

#[path = "../../gearman-proto/tests/naive/mod.rs"]
mod naive;
mod pieces;

use gearman_proto::FrameDecoder;
use libfuzzer_sys::fuzz_target;

use crate::pieces::Arrival;

fuzz_target!(|input: &[u8]| {
    let Some(Arrival { limit, pieces }) = Arrival::new(input) else {
        return;
    };
    naive::assert_same_frames(&pieces, limit);
    let (packets, _broken) = naive::decode_pieces(&mut FrameDecoder::new(limit), pieces);
    for packet in packets.into_iter().flatten() {
        naive::assert_same_meaning(&packet);
    }
});
