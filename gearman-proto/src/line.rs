use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::excerpt::Excerpt;
use crate::{
    Direction, EncodeError, HEADER_LENGTH, Kind, Packet, PacketError, Request, Response, Tail,
};

/// Bytes of a text that are shown. All names but those of functions are shorter, by their own limits.
const LONGEST_TEXT: usize = 128;

/// A packet on one line, for human eyes: what [`Packet::display`], [`Request::display`],
/// [`Response::display`] and [`PacketError::display`] give.
///
/// ```text
/// REQ SUBMIT_JOB function=resize unique=42 workload=100B
/// RES ERROR code=QUEUE_ERROR text="Job queue is full"
/// REQ WORK_STATUS handle=H:vm:1 numerator=3 missing=denominator
/// REQ CAN_DO function="" (function is empty; at least one byte is needed)
/// ```
///
/// The direction, the kind, then each argument as `name=value`, separated by single blanks. Names are those
/// of the [`Kind`] with underscores for blanks.
///
/// * A text is [escaped](crate::Escaped). If it is empty or holds a blank (of any sort), `=` or `"`, it stands in
///   quotes, and `\"` is a quote in it. Of a text over 128 bytes only the beginning is shown, in quotes, and
///   then its length: `function="aaa..."...512B`. So no value can look like two arguments.
/// * Of a payload only the length is shown, and behind a colon its beginning, as a text, if
///   [asked for](Self::with_payload): `workload=100B:"GIF89a\x01"...`.
/// * `missing` lists the arguments for which the body has no NUL left. The last one shown before it is all
///   the rest of the body. It is `unread` where the body was not kept so far.
/// * `ignored` is the length of a body where none belongs.
/// * What is wrong with a packet follows in parentheses.
///
/// The line has no line end, and at most a few kilobytes plus four bytes for each byte of payload shown.
#[derive(Clone, Copy, Debug)]
pub struct PacketLine<'a> {
    subject: Subject<'a>,
    payload: usize,
}

#[derive(Clone, Copy, Debug)]
enum Subject<'a> {
    Packet(&'a Packet),
    Request(&'a Request),
    Response(&'a Response),
    Error(&'a PacketError),
}

impl<'a> PacketLine<'a> {
    const fn of(subject: Subject<'a>) -> Self {
        Self {
            subject,
            payload: 0,
        }
    }

    /// Shows up to so many bytes of a payload; it may be up to three fewer, so as not to cut a character.
    ///
    /// ```
    /// use gearman_proto::{FunctionName, Request, Submission};
    ///
    /// let request = Request::Submit(Submission::foreground(FunctionName::new("resize")?, "cat.png"));
    /// let line = request.display().with_payload(3).to_string();
    /// assert_eq!(line, r#"REQ SUBMIT_JOB function=resize unique="" workload=7B:"cat"..."#);
    /// # Ok::<(), gearman_proto::InvalidName>(())
    /// ```
    #[must_use]
    pub const fn with_payload(mut self, bytes: usize) -> Self {
        self.payload = bytes;
        self
    }

    /// Writes the line of what is sent as `encode` writes it.
    fn encoded<'p>(
        &self,
        f: &mut fmt::Formatter<'_>,
        direction: Direction,
        kind: Kind,
        encode: impl FnOnce(&mut BytesMut) -> Result<Option<&'p Bytes>, EncodeError>,
    ) -> fmt::Result {
        let mut body = BytesMut::new();
        let payload = match encode(&mut body) {
            Ok(payload) => payload.map_or(&[][..], |payload| payload),
            Err(error) => return write!(f, "{direction} {kind} ({error})"),
        };
        let mut body = body.split_off(HEADER_LENGTH.min(body.len()));
        let length = body.len().saturating_add(payload.len());
        // One byte more than is shown: whether a character ends there is seen from it.
        let shown = payload.len().min(self.payload.saturating_add(1));
        body.extend_from_slice(payload.get(..shown).unwrap_or_default());
        self.arguments(f, direction, kind, &body, length)
    }

    /// Writes the line of a packet whose body has `length` bytes and begins with `body`.
    fn arguments(
        &self,
        f: &mut fmt::Formatter<'_>,
        direction: Direction,
        kind: Kind,
        body: &[u8],
        length: usize,
    ) -> fmt::Result {
        write!(f, "{direction} {kind}")?;
        let (mut rest, mut length) = (body, length);
        let mut names = kind.heads().iter().copied();
        while let Some(name) = names.next() {
            write!(f, " {}=", Name(name))?;
            let Some((head, after)) = split_at_nul(rest) else {
                write_text(f, rest, length)?;
                let absent = if rest.len() < length {
                    "unread"
                } else {
                    "missing"
                };
                write!(f, " {absent}=")?;
                names.try_for_each(|name| write!(f, "{},", Name(name)))?;
                return write!(f, "{}", Name(kind.tail_name()));
            };
            write_text(f, head, head.len())?;
            length = length.saturating_sub(rest.len().saturating_sub(after.len()));
            rest = after;
        }
        match kind.tail() {
            Tail::Nothing if length == 0 => Ok(()),
            Tail::Nothing => write!(f, " ignored={length}B"),
            Tail::Text => {
                write!(f, " {}=", Name(kind.tail_name()))?;
                write_text(f, rest, length)
            }
            Tail::Payload => {
                write!(f, " {}={length}B", Name(kind.tail_name()))?;
                if self.payload == 0 || length == 0 {
                    return Ok(());
                }
                write!(f, ":{}", Excerpt::new(rest, length, self.payload))
            }
        }
    }

    fn error(&self, f: &mut fmt::Formatter<'_>, error: &PacketError) -> fmt::Result {
        match error {
            PacketError::UnknownKind { header } => write!(f, "{header} (no kind has this number)"),
            PacketError::WrongDirection { kind, found } => {
                write!(f, "{found} {kind} (does not travel this way)")
            }
            PacketError::Oversized(oversized) => {
                let length = usize::try_from(oversized.length).unwrap_or(usize::MAX);
                let (direction, kind) = (oversized.direction, oversized.kind);
                self.arguments(f, direction, kind, &oversized.beginning, length)?;
                write!(
                    f,
                    " (body of {length} bytes is over the limit of {})",
                    oversized.limit
                )
            }
            PacketError::Malformed {
                argument,
                flaw,
                packet,
                ..
            } => {
                let body = &packet.body;
                self.arguments(f, packet.direction, packet.kind, body, body.len())?;
                write!(f, " ({argument} {flaw})")
            }
        }
    }
}

impl fmt::Display for PacketLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject {
            Subject::Packet(Packet {
                direction,
                kind,
                body,
            }) => self.arguments(f, *direction, *kind, body, body.len()),
            Subject::Request(request) => {
                self.encoded(f, Direction::Request, request.kind(), |dst| {
                    request.encode_head(dst)
                })
            }
            Subject::Response(response) => {
                self.encoded(f, Direction::Response, response.kind(), |dst| {
                    response.encode_head(dst)
                })
            }
            Subject::Error(error) => self.error(f, error),
        }
    }
}

macro_rules! displayed {
    ($($subject:ident),*) => {$(
        impl $subject {
            /// The packet on one line, its payload hidden.
            pub const fn display(&self) -> PacketLine<'_> {
                PacketLine::of(Subject::$subject(self))
            }
        }

        /// As [`PacketLine`].
        impl fmt::Display for $subject {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.display(), f)
            }
        }
    )*};
}

displayed!(Packet, Request, Response);

impl PacketError {
    /// What is known of the packet on one line, and then what is wrong with it. The error's own text is a
    /// sentence about the latter.
    pub const fn display(&self) -> PacketLine<'_> {
        PacketLine::of(Subject::Error(self))
    }
}

/// The name of an argument; `day of month` has blanks.
struct Name(&'static str);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.0.split(' ').enumerate() {
            f.write_str(if index == 0 { "" } else { "_" })?;
            f.write_str(word)?;
        }
        Ok(())
    }
}

/// Writes a text of `length` bytes that begins with `text`.
fn write_text(f: &mut fmt::Formatter<'_>, text: &[u8], length: usize) -> fmt::Result {
    let excerpt = Excerpt::new(text, length, LONGEST_TEXT);
    write!(f, "{excerpt}")?;
    if excerpt.goes_on() {
        write!(f, "{length}B")?;
    }
    Ok(())
}

fn split_at_nul(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, after) = text.split_at_checked(memchr::memchr(0, text)?)?;
    Some((head, after.get(1..)?))
}
