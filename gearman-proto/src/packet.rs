use bytes::Bytes;

use crate::{Direction, Flaw, Header, Kind, Oversized};

/// One packet of a known kind, its body not yet looked into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a packet has these parts and no others"
)]
pub struct Packet {
    /// Which way it travels.
    pub direction: Direction,
    /// What it is.
    pub kind: Kind,
    /// All of its arguments, as on the wire.
    pub body: Bytes,
}

/// What is wrong with one packet. The stream is in step: the next packet can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// No kind has this number.
    #[error("packet of unknown kind: {header}")]
    UnknownKind {
        /// As read.
        header: Header,
    },
    /// The kind exists, but is not sent in this direction.
    #[error("{kind} does not travel as {found}")]
    WrongDirection {
        /// The kind.
        kind: Kind,
        /// The direction that its magic told.
        found: Direction,
    },
    /// The body is longer than this side accepts.
    #[error(transparent)]
    Oversized(#[from] Oversized),
    /// An argument is not what it has to be.
    #[error("{kind}: {argument} {flaw}")]
    Malformed {
        /// The kind of the packet.
        kind: Kind,
        /// The argument's name, as [`Kind::heads`] and [`Kind::tail_name`] have it.
        argument: &'static str,
        /// What is wrong with it.
        flaw: Flaw,
    },
}
