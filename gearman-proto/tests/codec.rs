//! The codec is the decoder and the encoder under another name.
#![cfg(feature = "codec")]

#[expect(dead_code, reason = "other tests compare with it")]
mod naive;
mod strategies;

use std::io::ErrorKind;

use bytes::BytesMut;
use gearman_proto::{
    ClientSide, CodecError, FrameDecoder, FrameError, PacketError, Request, Response, ServerSide,
};
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

use crate::strategies::{pieces, request, response, stream};

/// What a codec finds in a stream in pieces, and whether it broke then.
fn decode_pieces<T>(
    mut codec: impl Decoder<Item = Result<T, PacketError>, Error = CodecError>,
    pieces: &[Vec<u8>],
) -> (Vec<Result<T, PacketError>>, bool) {
    let mut buffer = BytesMut::new();
    let mut found = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match codec.decode(&mut buffer) {
                Ok(Some(item)) => found.push(item),
                Ok(None) => break,
                Err(CodecError::Frame(FrameError::BadMagic { .. })) => return (found, true),
                Err(error) => panic!("{error}"),
            }
        }
    }
    (found, false)
}

proptest! {
    #[test]
    fn the_client_side_reads_what_the_decoder_reads(
        pieces in stream().prop_flat_map(pieces),
        limit in 0..600_u32,
    ) {
        let slices = pieces.iter().map(Vec::as_slice);
        let (packets, broken) = naive::decode_pieces(&mut FrameDecoder::new(limit), slices);
        let responses = packets.into_iter().map(|packet| packet.and_then(Response::decode));
        let expected = (responses.collect::<Vec<_>>(), broken);
        prop_assert_eq!(decode_pieces(ClientSide::new(limit), &pieces), expected);
    }

    #[test]
    fn the_server_side_reads_what_the_decoder_reads(
        pieces in stream().prop_flat_map(pieces),
        limit in 0..600_u32,
    ) {
        let slices = pieces.iter().map(Vec::as_slice);
        let (packets, broken) = naive::decode_pieces(&mut FrameDecoder::new(limit), slices);
        let requests = packets.into_iter().map(|packet| packet.and_then(Request::decode));
        let expected = (requests.collect::<Vec<_>>(), broken);
        prop_assert_eq!(decode_pieces(ServerSide::new(limit), &pieces), expected);
    }

    #[test]
    fn the_client_side_writes_what_the_encoder_writes(request in request()) {
        let (mut expected, mut wire) = (BytesMut::new(), BytesMut::new());
        request.encode(&mut expected)?;
        ClientSide::default().encode(request, &mut wire)?;
        prop_assert_eq!(wire, expected);
    }

    #[test]
    fn the_server_side_writes_what_the_encoder_writes(response in response()) {
        let (mut expected, mut wire) = (BytesMut::new(), BytesMut::new());
        response.encode(&mut expected)?;
        ServerSide::default().encode(response, &mut wire)?;
        prop_assert_eq!(wire, expected);
    }
}

/// What a codec says when a stream ends after these bytes.
fn at_end_of(stream: &[u8]) -> Result<Option<Result<Request, PacketError>>, CodecError> {
    let mut codec = ServerSide::new(4);
    let mut buffer = BytesMut::from(stream);
    while let Some(_passed) = codec.decode(&mut buffer)? {}
    codec.decode_eof(&mut buffer)
}

fn is_unexpected<T>(end: &Result<T, CodecError>) -> bool {
    matches!(end, Err(CodecError::Io(error)) if error.kind() == ErrorKind::UnexpectedEof)
}

#[test]
fn a_stream_may_end_between_packets() {
    let end = at_end_of(b"\0REQ\0\0\0\x10\0\0\0\x04echo");
    assert!(matches!(end, Ok(None)), "{end:?}");
}

#[test]
fn a_stream_that_ends_within_a_packet_is_an_error() {
    let end = at_end_of(b"\0REQ\0\0\0\x10\0\0\0\x04ech");
    assert!(is_unexpected(&end), "{end:?}");
}

#[test]
fn a_stream_that_ends_within_an_oversized_packet_is_an_error() {
    let end = at_end_of(b"\0REQ\0\0\0\x10\0\0\0\x05echo");
    assert!(is_unexpected(&end), "{end:?}");
}
