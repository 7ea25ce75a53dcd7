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
//! The table at [`Kind`] lists all packets: who sends them to whom, with which arguments, and what
//! [answers](Kind::answers) them. There is no greeting and no role: a connection is a client's or a
//! worker's by what it sends, and one may be both.
//!
//! # What a client says
//!
//! ```text
//! client                                server
//!   | SUBMIT_JOB resize, 42, cat.png      |
//!   |------------------------------------>|
//!   |                  JOB_CREATED H:vm:1 |  the job's handle: its name in all that follows
//!   |<------------------------------------|
//!   |            WORK_STATUS H:vm:1, 1, 2 |  news, as often as the worker likes
//!   |<------------------------------------|
//!   |          WORK_COMPLETE H:vm:1, data |  or WORK_FAIL, or WORK_EXCEPTION: the end
//!   |<------------------------------------|
//! ```
//!
//! In the background (SUBMIT_JOB_BG) JOB_CREATED is all that comes; GET_STATUS asks how the job is. Jobs of
//! one function with the same [`UniqueId`] are one job: a second submission gets the handle of the first,
//! and both clients the news from then on.
//!
//! # What a worker says
//!
//! ```text
//! worker                                server
//!   | CAN_DO resize                       |  once for each function; not answered
//!   |------------------------------------>|
//!   | GRAB_JOB_ALL                        |<-------------------------+
//!   |------------------------------------>|                          |
//!   |   JOB_ASSIGN_UNIQ H:vm:1, resize... |  run it, tell the end    |
//!   |<------------------------------------|  and grab again ---------+
//!   |                          or: NO_JOB |                          |
//!   |<------------------------------------|                          |
//!   | PRE_SLEEP                           |                          |
//!   |------------------------------------>|                          |
//!   |                                NOOP |  there is work: ---------+
//!   |<------------------------------------|
//! ```
//!
//! NOOP tells nothing but that it is worth a grab, which may find that somebody else was faster. One may
//! be on its way whenever the worker has slept, so any number of them may come before the answer to
//! a grab. After a NOOP grab before the next PRE_SLEEP: a server that has woken a worker does not wake it
//! again until it grabs. A worker may hold several jobs; each belongs to it until it has sent that job's
//! end, and goes to another worker if it leaves before.
//!
//! # How replies are matched
//!
//! Replies carry no number. A server takes the requests of a connection in their order, so whoever asks keeps
//! a queue: the requests that [are always answered](Kind::is_always_answered) wait in it, and
//! a reply is for the first of them, which it has to [fit](Kind::answers). NOOP and the news (`WORK_*`) are
//! no replies and may come between any two of them; news are matched by their handle. An ERROR where the first
//! in the queue can't be answered so is about a `WORK_*` sent before: better not to submit jobs on the
//! connection of a worker.
//!
//! ```
//! use std::collections::VecDeque;
//! use gearman_proto::Kind;
//!
//! let mut waiting = VecDeque::from([Kind::SubmitJob, Kind::GetStatus]);
//! for reply in [Kind::Error, Kind::StatusRes] {
//!     let asked = waiting.pop_front().expect("somebody asked");
//!     assert!(asked.answers().contains(&reply));
//! }
//! ```
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
//! let line = r#"REQ SUBMIT_JOB_HIGH_BG function=resize unique="" workload=7B"#;
//! assert_eq!(packet.to_string(), line);
//! assert_eq!(Request::decode(packet)?, Request::Submit(submission));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All of them, and the errors too, can be [shown on one line](PacketLine). The example `dump` shows a whole
//! stream so.
//!
//! # Errors, and what goes on after them
//!
//! | error | what it is about | what to do |
//! |---|---|---|
//! | [`FrameError`] | the stream: there is no telling where the next packet begins | close the connection |
//! | [`PacketError`] | one packet, which has been passed over | go on with the next |
//! | [`EncodeError`] | a packet that can't be sent; nothing of it was written | tell whoever made it |
//! | [`InvalidName`] | bytes that are no name | ask for others |
//!
//! Of the packet errors an [over-limit](PacketError::Oversized) or [malformed](PacketError::Malformed)
//! assignment leaves its worker a debt: the job is the worker's until it is told to have failed, by the
//! [handle](PacketError::handle) that could still be read. A reply that can't be read answers its request all
//! the same. An [unknown kind](PacketError::UnknownKind) is no reply to anything that this crate can send.
//!
//! A stream that ends within a packet is no error here: only the reader knows that it ends.
//! [`FrameDecoder::at_boundary`] and an empty buffer tell that it ended well.
//!
//! # What hostile bytes can do
//!
//! Nothing. A length is compared with the limit before anything is reserved, and what is reserved depends
//! on what has arrived, not on what was announced. Names are looked for within their own body only. What is
//! shown to people is escaped and cut.
//!
//! Decoding a packet allocates nothing, except for function names over 63 bytes and the rare texts (numbers of
//! a status, codes of errors, fields of a cron line). Payloads, and the names of an [`Assignment`] until they
//! are asked for, are slices of the read buffer and keep it alive; other names are copied.
//!
//! # Quirks
//!
//! gearmand and the protocol's document differ in places. What was made of each is listed in [`quirks`].

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
mod excerpt;
mod frame;
mod header;
mod kind;
mod line;
mod names;
mod number;
mod packet;
pub mod quirks;
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
pub use line::PacketLine;
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
