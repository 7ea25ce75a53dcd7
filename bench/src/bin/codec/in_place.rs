//! Where a payload of 1 MiB lies after decoding: in the read buffer, or in memory of its own.

use bytes::{Bytes, BytesMut};

use crate::material::Assignments;
use crate::{Failure, ours, peer_gearman, peer_rustygear};

type Decode = fn(&mut BytesMut) -> Result<Bytes, Failure>;

pub(crate) fn report() -> Result<(), Failure> {
    println!("where a payload of 1 MiB lies after decoding");
    let contestants: [(&str, Decode); 3] = [
        ("ours", ours::payload),
        ("gearman", peer_gearman::payload),
        ("rustygear", peer_rustygear::payload),
    ];
    for (name, decode) in contestants {
        let wire = Assignments {
            buffers: 1,
            packets_each: 1,
            payload: 1 << 20,
        }
        .wire();
        let mut buffer = BytesMut::from(wire.as_slice());
        let begin = buffer.as_ptr().addr();
        let payload = decode(&mut buffer)?;
        match payload.as_ptr().addr().checked_sub(begin) {
            Some(at) if at + payload.len() == wire.len() => {
                println!("  {name:<11}in the read buffer, from byte {at}")
            }
            _ => println!("  {name:<11}in memory of its own: it was copied"),
        }
    }
    Ok(())
}
