use bytes::{Buf, Bytes};

use crate::{Direction, Flaw, InvalidName, Kind, Packet, PacketError, StatusNumber, UniqueId};

/// Takes a body apart, argument by argument. Never looks beyond the body, as gearmand's parser does.
pub(crate) struct Arguments {
    kind: Kind,
    names: std::slice::Iter<'static, &'static str>,
    rest: Bytes,
}

impl Arguments {
    /// Refuses a packet whose kind does not travel in the direction that is decoded.
    pub(crate) fn of(packet: Packet, expected: Direction) -> Result<Self, PacketError> {
        let Packet {
            direction,
            kind,
            body,
        } = packet;
        if direction != expected || !kind.travels(direction) {
            return Err(PacketError::WrongDirection {
                kind,
                found: direction,
            });
        }
        Ok(Self {
            kind,
            names: kind.heads().iter(),
            rest: body,
        })
    }

    /// The next argument before the last.
    pub(crate) fn head<T>(
        &mut self,
        parse: impl FnOnce(&[u8]) -> Result<T, Flaw>,
    ) -> Result<T, PacketError> {
        let argument = self.names.next().copied().unwrap_or_default();
        let error = |flaw| PacketError::Malformed {
            kind: self.kind,
            argument,
            flaw,
        };
        let (head, _) = memchr::memchr(0, &self.rest)
            .and_then(|end| self.rest.split_at_checked(end))
            .ok_or_else(|| error(Flaw::Unterminated))?;
        let value = parse(head).map_err(error)?;
        self.rest.advance(head.len().saturating_add(1));
        Ok(value)
    }

    /// The last argument, as text that means something.
    pub(crate) fn text<T>(
        self,
        parse: impl FnOnce(&[u8]) -> Result<T, Flaw>,
    ) -> Result<T, PacketError> {
        let Self { kind, rest, .. } = self;
        let argument = kind.tail_name();
        parse(&rest).map_err(|flaw| PacketError::Malformed {
            kind,
            argument,
            flaw,
        })
    }

    /// The last argument, as it is.
    pub(crate) fn payload(self) -> Bytes {
        self.rest
    }
}

/// Makes a name's constructor a parser of arguments.
pub(crate) fn name<T>(
    new: impl FnOnce(&[u8]) -> Result<T, InvalidName>,
) -> impl FnOnce(&[u8]) -> Result<T, Flaw> {
    |raw| new(raw).map_err(|error| error.flaw)
}

/// A unique id, where an empty argument means that there is none.
pub(crate) fn unique(raw: &[u8]) -> Result<Option<UniqueId>, Flaw> {
    if raw.is_empty() {
        Ok(None)
    } else {
        name(|raw| UniqueId::new(raw))(raw).map(Some)
    }
}

/// "0" is false; gearmand writes "1" for true.
pub(crate) fn flag(raw: &[u8]) -> Result<bool, Flaw> {
    Ok(raw != b"0")
}

/// A number that is passed on rather than understood.
pub(crate) fn status_number(raw: &[u8]) -> Result<StatusNumber, Flaw> {
    match memchr::memchr(0, raw) {
        Some(position) => Err(Flaw::Nul { position }),
        None => Ok(StatusNumber::from_wire(Bytes::copy_from_slice(raw))),
    }
}
