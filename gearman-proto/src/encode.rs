use bytes::{BufMut, Bytes, BytesMut};

use crate::{Direction, HEADER_LENGTH, Header, Kind};

/// A packet can't be put on the wire.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The header's length field has 32 bits.
    #[error("{kind} with a body of {length} bytes; a packet's body has at most {limit}", limit = u32::MAX)]
    BodyTooLong {
        /// What was to be sent.
        kind: Kind,
        /// Bytes of the body.
        length: u64,
    },
}

/// What follows the arguments that have been written.
pub(crate) enum Last<'a> {
    Text(&'a [u8]),
    Payload(&'a Bytes),
}

/// Header, heads and a text tail go to `dst`; a payload is handed back, for the caller to copy or to
/// send from where it lies. Nothing is written in the case of an error.
#[inline]
pub(crate) fn head<'a>(
    dst: &mut BytesMut,
    direction: Direction,
    kind: Kind,
    heads: &[&[u8]],
    last: Last<'a>,
) -> Result<Option<&'a Bytes>, EncodeError> {
    debug_assert_eq!(
        heads.len(),
        kind.heads().len(),
        "the table says what {kind} has"
    );
    let (text, payload) = match last {
        Last::Text(text) => (text.len(), 0),
        Last::Payload(payload) => (0, payload.len()),
    };
    let written = heads.iter().fold(text, |sum, head| {
        sum.saturating_add(head.len()).saturating_add(1)
    });
    header(dst, direction, kind, written, payload)?;
    for head in heads {
        dst.put_slice(head);
        dst.put_u8(0);
    }
    match last {
        Last::Text(text) => {
            dst.put_slice(text);
            Ok(None)
        }
        Last::Payload(payload) => Ok(Some(payload)),
    }
}

/// The same for heads that lie together already, NULs included.
#[inline]
pub(crate) fn ready_heads<'a>(
    dst: &mut BytesMut,
    direction: Direction,
    kind: Kind,
    heads: &[u8],
    payload: &'a Bytes,
) -> Result<Option<&'a Bytes>, EncodeError> {
    header(dst, direction, kind, heads.len(), payload.len())?;
    dst.put_slice(heads);
    Ok(Some(payload))
}

/// The header, and room for what is written behind it.
#[inline]
fn header(
    dst: &mut BytesMut,
    direction: Direction,
    kind: Kind,
    written: usize,
    payload: usize,
) -> Result<(), EncodeError> {
    let length = written.saturating_add(payload);
    let Ok(length) = u32::try_from(length) else {
        return Err(EncodeError::BodyTooLong {
            kind,
            length: length as u64,
        });
    };
    dst.reserve(HEADER_LENGTH.saturating_add(written));
    let number = kind.number();
    dst.put_slice(
        &Header {
            direction,
            number,
            length,
        }
        .to_bytes(),
    );
    Ok(())
}
