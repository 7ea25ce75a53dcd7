use std::io;

use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use crate::{EncodeError, FrameDecoder, FrameError, PacketError, Request, Response};

/// The codec of a client or a worker: requests out, responses in.
#[derive(Clone, Debug, Default)]
pub struct ClientSide(FrameDecoder);

/// The codec of a job server: responses out, requests in. It does not read lines of the text protocol.
#[derive(Clone, Debug, Default)]
pub struct ServerSide(FrameDecoder);

/// The stream is at its end: it broke, it is out of step, or what was to be sent can't be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes read are no packets.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The packet to be written is too long; nothing of it was written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

macro_rules! side {
    ($side:ident reads $read:ident writes $written:ident) => {
        impl $side {
            /// A codec that accepts bodies of up to `limit` bytes.
            pub const fn new(limit: u32) -> Self {
                Self(FrameDecoder::new(limit))
            }
        }

        /// An item that is an error is one bad packet; the stream goes on.
        impl Decoder for $side {
            type Item = Result<$read, PacketError>;
            type Error = CodecError;

            fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, CodecError> {
                let frame = self.0.decode(src)?;
                Ok(frame.map(|packet| packet.and_then($read::decode)))
            }

            // An over-limit body leaves nothing in `src` while it passes by: only the decoder knows that
            // the stream ends within a packet.
            fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, CodecError> {
                match self.decode(src)? {
                    None if !src.is_empty() || !self.0.at_boundary() => {
                        Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
                    }
                    item => Ok(item),
                }
            }
        }

        impl Encoder<$written> for $side {
            type Error = CodecError;

            fn encode(&mut self, packet: $written, dst: &mut BytesMut) -> Result<(), CodecError> {
                Ok(packet.encode(dst)?)
            }
        }
    };
}

side!(ClientSide reads Response writes Request);
side!(ServerSide reads Request writes Response);
