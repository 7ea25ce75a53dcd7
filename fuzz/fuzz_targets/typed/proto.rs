//! Requests and responses of the binary protocol.

use bytes::Bytes;
use gearman_proto::{
    Assignment, AssignmentForm, ClientId, CronFields, Direction, FunctionName, GrabForm, JobHandle,
    JobStatus, Kind, OptionName, Outcome, Packet, Priority, Progress, ReducerName, Request,
    Response, Submission, SubmissionMode, UniqueId, UniqueStatus, Update, Work, WorkEvent,
};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

use super::{one_of, option, text};

pub(crate) fn request(input: &mut Unstructured<'_>) -> Result<Request> {
    one_of(
        input,
        &[
            |input| function(input).map(Request::CanDo),
            |input| Ok(Request::CanDoTimeout(function(input)?, input.arbitrary()?)),
            |input| function(input).map(Request::CantDo),
            |_| Ok(Request::ResetAbilities),
            |_| Ok(Request::PreSleep),
            |_| Ok(Request::AllYours),
            |input| {
                let forms = [GrabForm::Plain, GrabForm::Unique, GrabForm::All];
                input.choose(&forms).copied().map(Request::GrabJob)
            },
            |input| work(input).map(Request::Work),
            |input| client_id(input).map(Request::SetClientId),
            |input| submission(input).map(Request::Submit),
            |input| handle(input).map(Request::GetStatus),
            |input| unique(input).map(Request::GetStatusUnique),
            |input| payload(input).map(Request::Echo),
            |input| option_name(input).map(Request::SetOption),
        ],
    )
}

pub(crate) fn response(input: &mut Unstructured<'_>) -> Result<Response> {
    one_of(
        input,
        &[
            |_| Ok(Response::Noop),
            |_| Ok(Response::NoJob),
            |input| assignment(input).map(Response::JobAssign),
            |input| handle(input).map(Response::JobCreated),
            |input| work(input).map(Response::Work),
            |input| job_status(input).map(Response::Status),
            |input| unique_status(input).map(Response::UniqueStatus),
            |input| payload(input).map(Response::Echo),
            |input| option_name(input).map(Response::OptionSet),
            error,
        ],
    )
}

fn work(input: &mut Unstructured<'_>) -> Result<Work> {
    let event = one_of(
        input,
        &[
            |input| payload(input).map(Update::Data).map(WorkEvent::Update),
            |input| payload(input).map(Update::Warning).map(WorkEvent::Update),
            |input| progress(input).map(Update::Status).map(WorkEvent::Update),
            |input| payload(input).map(Outcome::Complete).map(WorkEvent::End),
            |input| payload(input).map(Outcome::Exception).map(WorkEvent::End),
            |_| Ok(WorkEvent::End(Outcome::Fail)),
        ],
    )?;
    Ok(Work {
        handle: handle(input)?,
        event,
    })
}

fn submission(input: &mut Unstructured<'_>) -> Result<Submission> {
    Ok(Submission {
        mode: one_of(
            input,
            &[
                |input| priority(input).map(SubmissionMode::Foreground),
                |input| priority(input).map(SubmissionMode::Background),
                |input| input.arbitrary().map(SubmissionMode::Epoch),
                |input| {
                    Ok(SubmissionMode::Reduce {
                        reducer: reducer(input)?,
                        background: input.arbitrary()?,
                    })
                },
                |input| cron(input).map(SubmissionMode::Cron),
            ],
        )?,
        function: function(input)?,
        unique: option(input, unique)?,
        workload: payload(input)?,
    })
}

fn assignment(input: &mut Unstructured<'_>) -> Result<Assignment> {
    let form = one_of(
        input,
        &[
            |_| Ok(AssignmentForm::Plain),
            |input| option(input, unique).map(AssignmentForm::Unique),
            |input| {
                let unique = option(input, unique)?;
                Ok(AssignmentForm::All(unique, reducer(input)?))
            },
        ],
    )?;
    let (handle, function) = (handle(input)?, function(input)?);
    Ok(Assignment::new(handle, &function, form, payload(input)?))
}

fn job_status(input: &mut Unstructured<'_>) -> Result<JobStatus> {
    Ok(JobStatus {
        handle: handle(input)?,
        known: input.arbitrary()?,
        running: input.arbitrary()?,
        progress: progress(input)?,
    })
}

fn unique_status(input: &mut Unstructured<'_>) -> Result<UniqueStatus> {
    Ok(UniqueStatus {
        unique: unique(input)?,
        known: input.arbitrary()?,
        running: input.arbitrary()?,
        progress: progress(input)?,
        clients: input.arbitrary()?,
    })
}

/// Errors of servers that we have not met come over the wire only.
fn error(input: &mut Unstructured<'_>) -> Result<Response> {
    let code = without_nul(input, 0, 20)?;
    let body = [&code[..], b"\0", &payload(input)?].concat();
    let packet = Packet {
        direction: Direction::Response,
        kind: Kind::Error,
        body: body.into(),
    };
    Ok(Response::decode(packet).expect("a good ERROR"))
}

fn priority(input: &mut Unstructured<'_>) -> Result<Priority> {
    let all = [Priority::Low, Priority::Normal, Priority::High];
    input.choose(&all).copied()
}

fn progress(input: &mut Unstructured<'_>) -> Result<Progress> {
    Ok(Progress::new(input.arbitrary()?, input.arbitrary()?))
}

fn cron(input: &mut Unstructured<'_>) -> Result<CronFields> {
    let mut fields = [const { Bytes::new() }; 5];
    for field in &mut fields {
        *field = without_nul(input, 0, 12)?.into();
    }
    Ok(CronFields::new(fields).expect("no NUL is in them"))
}

fn function(input: &mut Unstructured<'_>) -> Result<FunctionName> {
    let raw = without_nul(input, 1, FunctionName::LIMIT)?;
    Ok(FunctionName::new(raw).expect("a good name"))
}

fn unique(input: &mut Unstructured<'_>) -> Result<UniqueId> {
    let raw = without_nul(input, 1, UniqueId::LIMIT)?;
    Ok(UniqueId::new(raw).expect("a good name"))
}

fn handle(input: &mut Unstructured<'_>) -> Result<JobHandle> {
    let raw = without_nul(input, 1, JobHandle::LIMIT)?;
    Ok(JobHandle::new(raw).expect("a good name"))
}

fn reducer(input: &mut Unstructured<'_>) -> Result<ReducerName> {
    let raw = without_nul(input, 1, ReducerName::LIMIT)?;
    Ok(ReducerName::new(raw).expect("a good name"))
}

fn option_name(input: &mut Unstructured<'_>) -> Result<OptionName> {
    let raw = without_nul(input, 1, OptionName::LIMIT)?;
    Ok(OptionName::new(raw).expect("a good name"))
}

fn client_id(input: &mut Unstructured<'_>) -> Result<ClientId> {
    let fit = |byte: u8| if byte.is_ascii_graphic() { byte } else { b'x' };
    let raw = text(input, 1, ClientId::LIMIT, fit)?;
    Ok(ClientId::new(raw).expect("a good name"))
}

fn without_nul(input: &mut Unstructured<'_>, least: usize, most: usize) -> Result<Vec<u8>> {
    text(input, least, most, |byte| byte.max(1))
}

fn payload(input: &mut Unstructured<'_>) -> Result<Bytes> {
    text(input, 0, 2000, |byte| byte).map(Bytes::from)
}
