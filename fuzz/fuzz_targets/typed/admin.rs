//! Commands and rows of the text protocol.

use std::num::NonZeroU32;

use bytes::Bytes;
use gearman_admin::{
    Argument, Command, Functions, JobRow, PriorityStatusRow, QueueLimits, StatusRow, UniqueJobRow,
    WorkerRow,
};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

use super::{one_of, option, text};

pub(crate) fn command(input: &mut Unstructured<'_>) -> Result<Command> {
    one_of(
        input,
        &[
            |_| Ok(Command::Status),
            |_| Ok(Command::PriorityStatus),
            |_| Ok(Command::Workers),
            |_| Ok(Command::Version),
            |_| Ok(Command::LogLevel),
            |_| Ok(Command::Pid),
            |_| Ok(Command::ShowJobs),
            |_| Ok(Command::ShowUniqueJobs),
            |input| argument(input).map(Command::CreateFunction),
            |input| argument(input).map(Command::DropFunction),
            |input| argument(input).map(Command::CancelJob),
            |input| {
                Ok(Command::MaxQueue {
                    function: argument(input)?,
                    limits: limits(input)?,
                })
            },
        ],
    )
}

fn argument(input: &mut Unstructured<'_>) -> Result<Argument> {
    let fit = |byte| match byte {
        b' ' => b'x',
        byte if byte.is_ascii_control() => b'x',
        byte => byte,
    };
    let raw = text(input, 1, Argument::MAX_LEN, fit)?;
    Ok(Argument::new(raw).expect("nothing forbidden is in it"))
}

fn limits(input: &mut Unstructured<'_>) -> Result<QueueLimits> {
    Ok(QueueLimits {
        high: limit(input)?,
        normal: limit(input)?,
        low: limit(input)?,
    })
}

/// Up to what gearmand can keep.
fn limit(input: &mut Unstructured<'_>) -> Result<Option<NonZeroU32>> {
    Ok(NonZeroU32::new(
        input.int_in_range(0..=i32::MAX.unsigned_abs())?,
    ))
}

/// A name with which a row is certain: without TAB, blank, colon and line end.
fn name(input: &mut Unstructured<'_>) -> Result<Bytes> {
    let fit = |byte| match byte {
        b'\t' | b' ' | b':' | b'\n' | b'\r' => b'x',
        byte => byte,
    };
    text(input, 1, 300, fit).map(Bytes::from)
}

pub(crate) fn status_row(input: &mut Unstructured<'_>) -> Result<StatusRow> {
    Ok(StatusRow {
        function: name(input)?,
        total: input.arbitrary()?,
        running: input.arbitrary()?,
        workers: input.arbitrary()?,
    })
}

pub(crate) fn priority_status_row(input: &mut Unstructured<'_>) -> Result<PriorityStatusRow> {
    Ok(PriorityStatusRow {
        function: name(input)?,
        high: input.arbitrary()?,
        normal: input.arbitrary()?,
        low: input.arbitrary()?,
        workers: input.arbitrary()?,
    })
}

pub(crate) fn worker_row(input: &mut Unstructured<'_>) -> Result<WorkerRow> {
    let functions = input.int_in_range(0..=4)?;
    Ok(WorkerRow {
        fd: input.arbitrary()?,
        address: name(input)?,
        id: name(input)?,
        functions: (0..functions)
            .map(|_| name(input))
            .collect::<Result<Functions>>()?,
    })
}

pub(crate) fn job_row(input: &mut Unstructured<'_>) -> Result<JobRow> {
    Ok(JobRow {
        handle: name(input)?,
        retries: input.arbitrary()?,
        ignored: input.arbitrary()?,
        queued: input.arbitrary()?,
    })
}

pub(crate) fn unique_job_row(input: &mut Unstructured<'_>) -> Result<UniqueJobRow> {
    let handle = option(input, |input| {
        let number: u32 = input.arbitrary()?;
        let host = name(input)?;
        Ok([b"H:", &host[..], b":", number.to_string().as_bytes()].concat())
    })?;
    let unique = match name(input)? {
        // A dot alone is the end of the list.
        dot if dot == "." => Bytes::new(),
        name => name,
    };
    Ok(UniqueJobRow {
        handle: handle.map(Bytes::from),
        unique,
    })
}
