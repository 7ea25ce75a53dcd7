use bytes::BytesMut;
use gearman_admin::{Command, CommandError, LineSplitter};
use gearman_proto::{FrameDecoder, PacketError, Request};

/// Something that a peer has sent.
pub(crate) enum Message {
    Request(Request),
    BadPacket(PacketError),
    Command(Result<Command, CommandError>),
    /// The bytes can't be followed any longer.
    Nonsense,
}

/// Reads both languages from one stream. The first byte of each message tells which it is: NUL opens a
/// packet, anything else a line.
pub(super) struct Inbound {
    frames: FrameDecoder,
    lines: LineSplitter,
    is_lost: bool,
}

impl Inbound {
    pub(super) fn new(body_limit: u32) -> Self {
        Self {
            frames: FrameDecoder::new(body_limit),
            lines: LineSplitter::new(),
            is_lost: false,
        }
    }

    /// Takes all messages that are whole from `buffer`. After nonsense there are no more.
    pub(super) fn decode(&mut self, buffer: &mut BytesMut) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.next_message(buffer) {
            messages.push(message);
        }
        messages
    }

    fn next_message(&mut self, buffer: &mut BytesMut) -> Option<Message> {
        if self.is_lost {
            buffer.clear();
            return None;
        }
        let is_text = self.frames.at_boundary() && *buffer.first()? != 0;
        let message = if is_text {
            let line = self.lines.next_line(buffer).map_err(|_too_long| ());
            line.map(|line| line.map(|line| Message::Command(Command::parse(&line))))
        } else {
            let frame = self.frames.decode(buffer).map_err(|_bad_magic| ());
            frame.map(|frame| {
                let request = frame?.and_then(Request::decode);
                Some(request.map_or_else(Message::BadPacket, Message::Request))
            })
        };
        message.unwrap_or_else(|()| {
            self.is_lost = true;
            Some(Message::Nonsense)
        })
    }
}

#[cfg(test)]
mod tests {
    use gearman_proto::GrabForm;

    use super::*;

    fn decode(inbound: &mut Inbound, bytes: &[u8]) -> String {
        decode_pieces(inbound, &[bytes])
    }

    /// One letter for each message.
    fn decode_pieces(inbound: &mut Inbound, pieces: &[&[u8]]) -> String {
        let mut buffer = BytesMut::new();
        let mut messages = Vec::new();
        for piece in pieces {
            buffer.extend_from_slice(piece);
            messages.extend(inbound.decode(&mut buffer));
        }
        let letter = |message: &Message| match message {
            Message::Request(_) => 'r',
            Message::BadPacket(_) => 'b',
            Message::Command(_) => 'c',
            Message::Nonsense => 'n',
        };
        messages.iter().map(letter).collect()
    }

    fn grab() -> BytesMut {
        let mut bytes = BytesMut::new();
        Request::GrabJob(GrabForm::Plain)
            .encode(&mut bytes)
            .unwrap();
        bytes
    }

    #[test]
    fn lines_and_packets_may_be_mixed_and_cut_anywhere() {
        let stream = [&grab()[..], b"status\r\n\n", &grab()[..], b"version\n"].concat();
        for cut in 0..=stream.len() {
            let (a, b) = stream.split_at(cut);
            let found = decode_pieces(&mut Inbound::new(100), &[a, b]);
            assert_eq!(found, "rccrc");
        }
    }

    #[test]
    fn a_body_over_the_limit_may_begin_like_a_line() {
        let header = b"\0REQ\0\0\0\x10\0\0\0\x08";
        let pieces = [&header[..], b"version\n", b"version\n"];
        assert_eq!(decode_pieces(&mut Inbound::new(7), &pieces), "bc");
    }

    #[test]
    fn nothing_is_read_behind_nonsense() {
        let mut inbound = Inbound::new(100);
        assert_eq!(
            decode(&mut inbound, b"version\n\0BAD12345678version\n"),
            "cn"
        );
        assert_eq!(decode(&mut inbound, b"version\n"), "");
    }

    #[test]
    fn a_line_without_end_is_nonsense() {
        assert_eq!(decode(&mut Inbound::new(100), &[b'x'; 8192]), "n");
    }
}
