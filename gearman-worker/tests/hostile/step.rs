use bytes::{Bytes, BytesMut};
use gearman_proto::{
    Assignment, AssignmentForm, Direction, FrameDecoder, FunctionName, JobHandle, Kind, Outcome,
    Packet, PacketError, Progress, ReducerName, Response, ServerError, UniqueId, Update, Work,
};
use gearman_worker::machine::Timer;

use super::source::Source;

/// Functions that exist; the machine begins with the first two.
pub(crate) const FUNCTIONS: u8 = 4;

/// Something that happens to a machine.
#[derive(Debug)]
pub(crate) enum Step {
    /// The server answers the question that has waited longest, as it should. `true`: with a job.
    Answer(bool),
    /// The server sends this, whatever was asked.
    Send(Response),
    /// The server sends something that can't be read.
    SendBad(PacketError),
    /// The stream comes about, or breaks.
    Connect,
    Disconnect,
    /// A slot that is wanted is there.
    Grant,
    /// One of the running jobs has news, or ends. Counted around.
    Update(usize, Update),
    Finish(usize, Outcome),
    /// The timer that runs has run out, unless it waits for the server: that would end most stories soon.
    RunOut,
    /// This one has, if it runs at all.
    Fire(Timer),
    Add(FunctionName),
    Remove(FunctionName),
    Quiet,
    Resume,
    ShutDown,
    Cancel,
}

impl Step {
    /// `None` where the bytes are used up. A poor server has no jobs, and wakes its workers for nothing.
    pub(crate) fn next(source: &mut Source<'_>, poor: bool) -> Option<Self> {
        if source.is_empty() {
            return None;
        }
        Some(match source.byte() {
            // Mostly the server behaves, or no story gets far.
            0..=34 if poor => Self::Send(Response::Noop),
            0..=69 => Self::Answer(!poor),
            70..=109 => Self::Answer(false),
            110..=137 => Self::Send(Response::Noop),
            138 | 139 => Self::Send(response(source)),
            140 => Self::SendBad(bad_packet(source)),
            141..=160 => Self::Connect,
            161 => Self::Disconnect,
            162..=189 => Self::Grant,
            190..=194 => Self::Update(source.number(255), update(source)),
            195..=224 => Self::Finish(source.number(255), outcome(source)),
            225..=236 => Self::RunOut,
            237..=239 => Self::Fire(timer(source)),
            240..=242 => Self::Add(function(source)),
            243..=245 => Self::Remove(function(source)),
            246..=248 => Self::Quiet,
            249..=253 => Self::Resume,
            254 => Self::ShutDown,
            255 => Self::Cancel,
        })
    }
}

pub(crate) fn function_called(number: usize) -> FunctionName {
    FunctionName::new(format!("function {number}")).expect("a name")
}

/// Handles are few, so that one comes twice.
pub(crate) fn assignment(handle: usize, function: usize, form: AssignmentForm) -> Assignment {
    let handle = JobHandle::new(format!("H:x:{handle}")).expect("a handle");
    Assignment::new(handle, &function_called(function), form, "workload")
}

fn function(source: &mut Source<'_>) -> FunctionName {
    function_called(source.number(FUNCTIONS))
}

fn handle(source: &mut Source<'_>) -> JobHandle {
    JobHandle::new(format!("H:x:{}", source.number(8))).expect("a handle")
}

fn response(source: &mut Source<'_>) -> Response {
    match source.number(11) {
        0 | 1 => {
            let form = match source.number(4) {
                0 => AssignmentForm::Plain,
                1 => AssignmentForm::Unique(None),
                2 => AssignmentForm::Unique(UniqueId::new("u").ok()),
                _ => AssignmentForm::All(None, ReducerName::new("r").expect("a name")),
            };
            // Functions that nobody offered too.
            let function = source.number(FUNCTIONS + 2);
            Response::JobAssign(assignment(source.number(8), function, form))
        }
        2 | 3 => Response::NoJob,
        4 => Response::Noop,
        5 | 6 => Response::Echo(Bytes::from_static(match source.number(7) {
            0 => b"greeting",
            1 => b"probe",
            2 => b"doubt",
            3 => b"barrier",
            4 => b"",
            5 => b"barrier\0",
            _ => b"something else",
        })),
        7 => Response::Error(ServerError::new("JOB_NOT_FOUND", "no")),
        8 => Response::JobCreated(handle(source)),
        9 => Response::Work(Work::update(handle(source), update(source))),
        _ => Response::Work(Work::end(handle(source), outcome(source))),
    }
}

fn bad_packet(source: &mut Source<'_>) -> PacketError {
    let malformed = |body: &'static [u8]| {
        Response::decode(Packet {
            direction: Direction::Response,
            kind: Kind::JobAssign,
            body: Bytes::from_static(body),
        })
        .expect_err("no function is named")
    };
    match source.number(3) {
        0 => malformed(b"H:x:1\0\0workload"),
        1 => malformed(b"\0f\0workload"),
        _ => oversized(assignment(
            source.number(8),
            source.number(FUNCTIONS),
            AssignmentForm::Unique(None),
        )),
    }
}

/// As a decoder with a small limit tells it.
fn oversized(assignment: Assignment) -> PacketError {
    let mut wire = BytesMut::new();
    Response::JobAssign(assignment)
        .encode(&mut wire)
        .expect("it is legal");
    FrameDecoder::new(20)
        .decode(&mut wire)
        .expect("the frame is good")
        .expect("it is whole")
        .expect_err("it is too large")
}

fn update(source: &mut Source<'_>) -> Update {
    match source.number(3) {
        0 => Update::Data(Bytes::from_static(b"data")),
        1 => Update::Warning(Bytes::from_static(b"warning")),
        _ => Update::Status(Progress::new(1, 2)),
    }
}

fn outcome(source: &mut Source<'_>) -> Outcome {
    match source.number(4) {
        0 | 1 => Outcome::Complete(Bytes::from_static(b"result")),
        2 => Outcome::Fail,
        _ => Outcome::Exception(Bytes::from_static(b"exception")),
    }
}

fn timer(source: &mut Source<'_>) -> Timer {
    match source.number(5) {
        0 => Timer::ReadLimit,
        1 => Timer::SafetyPoll,
        2 => Timer::Leave,
        _ => Timer::BackOff(source.byte()),
    }
}
