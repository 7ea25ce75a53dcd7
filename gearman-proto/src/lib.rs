//! The Gearman binary protocol: bytes to typed packets and back.
//!
//! Gearman is a job queue. *Clients* submit jobs to a *job server*, *workers* ask it for jobs and
//! report how they went. All of them speak the packets of this crate over one TCP connection each.
//! There is no IO here, no clock, no async: feed bytes in, get values out.
//!
//! # The packet
//!
//! ```text
//!  0        4        8        12
//! +--------+--------+--------+----------------------------------+
//! | magic  | number | length | body: `length` bytes             |
//! +--------+--------+--------+----------------------------------+
//!   \0REQ    u32 BE   u32 BE   argument \0 argument \0 last
//!   \0RES
//! ```
//!
//! The magic tells the direction (`\0REQ` goes to the server, `\0RES` comes from it), the number the
//! [`Kind`], and the body holds the arguments: all but the last end in a NUL byte, the last one runs to
//! the end of the body. Where the last argument is a payload it may hold any bytes.
//!
//! # Two levels
//!
//! * [`Packet`] is a frame of a known kind with any body. [`FrameDecoder`] cuts them from a stream.
//! * [`Request`] and [`Response`] are what packets mean. They are made of types that cannot be wrong
//!   ([`FunctionName`], [`UniqueId`], [`JobHandle`]...), so what exists can be sent.
//!
//! ```
//! use bytes::BytesMut;
//! use gearman_proto::{FrameDecoder, FunctionName, Priority, Request, Submission};
//!
//! let submission = Submission::background(FunctionName::new("resize")?, "cat.png")
//!     .with_priority(Priority::High);
//! let mut wire = BytesMut::new();
//! Request::Submit(submission.clone()).encode(&mut wire)?;
//!
//! let packet = FrameDecoder::default().decode(&mut wire)?.expect("a whole packet is there")?;
//! assert_eq!(Request::decode(packet)?, Request::Submit(submission));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What hostile bytes can do
//!
//! Nothing. A length is compared with the limit before anything is reserved, and what is reserved depends
//! on what has arrived, not on what was announced. Errors come in two sizes: a [`FrameError`] means that the
//! stream can't be followed any longer, a [`PacketError`] is the error of one packet and the next one
//! can be read.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::panic
)]

mod arguments;
mod assignment;
#[cfg(feature = "codec")]
mod codec;
mod encode;
mod escaped;
mod frame;
mod header;
mod kind;
mod names;
mod number;
mod packet;
mod request;
mod response;
mod short_text;
mod status;
mod submission;
mod work;

pub use assignment::{Assignment, AssignmentForm, GrabForm};
#[cfg(feature = "codec")]
pub use codec::{ClientSide, CodecError, ServerSide};
pub use encode::EncodeError;
pub use escaped::Escaped;
pub use frame::{DEFAULT_BODY_LIMIT, FrameDecoder, FrameError, Oversized};
pub use header::{Direction, HEADER_LENGTH, Header};
pub use kind::{Kind, Route, Tail};
pub use names::{
    ClientId, Flaw, FunctionName, InvalidName, JobHandle, OptionName, ReducerName, UniqueId,
};
pub use number::StatusNumber;
pub use packet::{Packet, PacketError};
pub use request::Request;
pub use response::{Response, ServerError};
pub use status::{JobStatus, Progress, UniqueStatus};
pub use submission::{CronFields, Priority, Submission, SubmissionMode};
pub use work::{Outcome, Update, Work, WorkEvent};
