//! Where gearmand and the protocol's document differ, and where this crate is lenient or strict about it.
//!
//! The rule is: what the server or libgearman really sends is understood; what is written is what all of them
//! understand. Nothing is lenient but what stands here, and each has its test of the same name in
//! `tests/quirks.rs`, with the bytes as gearmand 1.1.20 sent or took them wherever the captures have such.
//! Each packet of the captures that is refused, or written otherwise than it came, is listed in
//! `tests/known_answers.rs`.
//!
//! # Lenient
//!
//! * **A handle at the end of a body ends at its first NUL.** gearmand appends one where it turns a
//!   WORK_EXCEPTION into a WORK_FAIL, and passes on what a worker appended to its own WORK_FAIL. Text behind
//!   that NUL is dropped. The same goes for JOB_CREATED and GET_STATUS. [Encoding](crate::Request::encode)
//!   writes no NUL: clients that compare the handle byte by byte would not know it.
//! * **A body where none belongs is ignored**, as by gearmand: GRAB_JOB and the like with `junk` behind are
//!   GRAB_JOB.
//! * **Reduce jobs have five parts.** The protocol's document has four; the server waits for a fourth argument
//!   before the workload, of no meaning. It is ignored when read, and empty when written. With four parts the
//!   packet is malformed: gearmand would take its next packet for the rest. JOB_ASSIGN_ALL has no such part.
//! * **STATUS_RES_UNIQUE begins with the unique id**, not with a handle as the document has it.
//! * **Numbers of a status are kept as text.** The server passes on what the worker wrote, and workers write
//!   fractions, negative numbers or words: see [`StatusNumber`](crate::StatusNumber).
//! * **Yes is whatever is not `0`** where a status says if the job is known and running; `1` is written.
//! * **No unique id is an empty argument**, read as `None`. The one of GET_STATUS_UNIQUE can't be empty.
//! * **A number may have leading zeros.** Those that this crate has to understand (the time limit of
//!   CAN_DO_TIMEOUT, the second of SUBMIT_JOB_EPOCH, the count of clients) have digits and nothing else; they
//!   are written without leading zeros.
//! * **GRAB_JOB_ALL is answered by JOB_ASSIGN_UNIQ** for a job without a reducer. So the form of an
//!   [`Assignment`](crate::Assignment) is that of the packet, not of the question.
//! * **A name is bytes.** Anything but NUL is part of it, upper and lower case differ, and nothing has to be
//!   UTF-8. A [`ClientId`](crate::ClientId) is the exception: gearmand passes blanks and line ends through into
//!   its list of workers, which they break.
//! * **The text of an ERROR is anything**, NULs too, and its code is no list: other servers have others.
//! * **A number that no kind has is the error of its packet.** The packet is passed over, and the stream goes on.
//!   gearmand closes the connection, or crashes where the highest bit is set.
//!
//! # Strict
//!
//! * **Every argument has its NUL within its own body.** gearmand looks for it in what comes after, and loses
//!   step; here the packet is [malformed](crate::PacketError::Malformed). An empty payload needs the NUL before
//!   it too.
//! * **A name has at least one byte**, though gearmand takes an empty function.
//! * **A name holds no NUL.** gearmand makes it part of the last argument's name, which no other packet can
//!   then spell.
//! * **A unique id has at most 63 bytes.** gearmand lets 64 through and corrupts the workload.
//!
//! An assignment that breaks such a rule leaves its worker in debt: [`PacketError::handle`] tells whose
//! job it was.
//!
//! [`PacketError::handle`]: crate::PacketError::handle
