use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::arguments::Arguments;
use crate::encode::{self, EncodeError};
use crate::{Direction, Flaw, FunctionName, JobHandle, Kind, ReducerName, UniqueId};

/// How much a worker wants to know about the job that it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum GrabForm {
    /// GRAB_JOB: handle, function and workload.
    Plain,
    /// GRAB_JOB_UNIQ: the unique id too.
    Unique,
    /// GRAB_JOB_ALL: the reducer too. A job without one comes as JOB_ASSIGN_UNIQ.
    All,
}

impl GrabForm {
    /// The kind of packet that asks so.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Plain => Kind::GrabJob,
            Self::Unique => Kind::GrabJobUniq,
            Self::All => Kind::GrabJobAll,
        }
    }
}

/// A job for the worker that asked for one. It owns the job until it has sent its outcome.
///
/// The names stay where the packet was read, beside the workload: an assignment costs two references to the
/// read buffer, whatever it tells, and is cheap to move. A name that is kept for longer is copied out by
/// its accessor.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Assignment {
    form: GrabForm,
    /// Handle, function, unique id and reducer as far as the form has them, each ended by NUL.
    heads: Bytes,
    /// Where each of them ends.
    ends: [u16; 4],
    workload: Bytes,
}

/// What an assignment tells beyond handle, function and workload: which of the three packets it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum AssignmentForm {
    /// JOB_ASSIGN.
    Plain,
    /// JOB_ASSIGN_UNIQ.
    Unique(Option<UniqueId>),
    /// JOB_ASSIGN_ALL.
    All(Option<UniqueId>, ReducerName),
}

impl Assignment {
    /// A job as a server hands it out.
    pub fn new(
        handle: JobHandle,
        function: &FunctionName,
        form: AssignmentForm,
        workload: impl Into<Bytes>,
    ) -> Self {
        let (form, unique, reducer) = match form {
            AssignmentForm::Plain => (GrabForm::Plain, None, None),
            AssignmentForm::Unique(unique) => (GrabForm::Unique, unique, None),
            AssignmentForm::All(unique, reducer) => (GrabForm::All, unique, Some(reducer)),
        };
        let unique = unique.as_ref().map(UniqueId::as_bytes).unwrap_or_default();
        let reducer = reducer
            .as_ref()
            .map(ReducerName::as_bytes)
            .unwrap_or_default();
        let names = [handle.as_bytes(), function.as_bytes(), unique, reducer];
        let mut heads = BytesMut::with_capacity(MOST_HEADS);
        let mut ends = [0; 4];
        for (name, end) in names.into_iter().zip(&mut ends).take(form.heads()) {
            heads.put_slice(name);
            *end = narrow(heads.len());
            heads.put_u8(0);
        }
        Self {
            form,
            heads: heads.freeze(),
            ends,
            workload: workload.into(),
        }
    }

    /// The server's name for the job, to be named in all news about it.
    #[expect(
        clippy::missing_panics_doc,
        reason = "it was checked when the assignment was made"
    )]
    pub fn handle(&self) -> JobHandle {
        JobHandle::new(self.head(0)).expect("checked when the assignment was made")
    }

    /// What is to be done.
    #[expect(
        clippy::missing_panics_doc,
        reason = "it was checked when the assignment was made"
    )]
    pub fn function(&self) -> FunctionName {
        FunctionName::new(self.head(1)).expect("checked when the assignment was made")
    }

    /// The function's name where it lies: to look it up without copying it.
    pub fn function_bytes(&self) -> &[u8] {
        self.head(1)
    }

    /// The unique id, where there is one and it was told.
    pub fn unique(&self) -> Option<UniqueId> {
        UniqueId::new(self.head(2)).ok()
    }

    /// The reducer, where there is one and it was told.
    pub fn reducer(&self) -> Option<ReducerName> {
        ReducerName::new(self.head(3)).ok()
    }

    /// With what.
    pub const fn workload(&self) -> &Bytes {
        &self.workload
    }

    /// The workload alone.
    pub fn into_workload(self) -> Bytes {
        self.workload
    }

    /// Which packet it is, with what that tells beyond handle, function and workload.
    pub fn form(&self) -> AssignmentForm {
        match (self.form, self.reducer()) {
            (GrabForm::Plain, _) => AssignmentForm::Plain,
            (GrabForm::All, Some(reducer)) => AssignmentForm::All(self.unique(), reducer),
            (GrabForm::Unique | GrabForm::All, _) => AssignmentForm::Unique(self.unique()),
        }
    }

    /// The kind of packet that it is.
    pub const fn kind(&self) -> Kind {
        match self.form {
            GrabForm::Plain => Kind::JobAssign,
            GrabForm::Unique => Kind::JobAssignUniq,
            GrabForm::All => Kind::JobAssignAll,
        }
    }

    /// One of the names; empty where the form does not have it.
    fn head(&self, index: usize) -> &[u8] {
        let end_of = |index: usize| self.ends.get(index).copied().map_or(0, usize::from);
        let start = index
            .checked_sub(1)
            .map_or(0, |before| end_of(before).saturating_add(1));
        self.heads.get(start..end_of(index)).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn encode_head(&self, dst: &mut BytesMut) -> Result<Option<&Bytes>, EncodeError> {
        encode::ready_heads(
            dst,
            Direction::Response,
            self.kind(),
            &self.heads,
            &self.workload,
        )
    }

    #[inline]
    pub(crate) fn decode(form: GrabForm, arguments: &mut Arguments<'_>) -> Result<Self, Flaw> {
        let handle = narrow(arguments.skip::<JobHandle>()?);
        let function = narrow(arguments.skip::<FunctionName>()?);
        let mut ends = [handle, function, 0, 0];
        let [_, _, unique, reducer] = &mut ends;
        if form != GrabForm::Plain {
            *unique = narrow(arguments.skip::<Option<UniqueId>>()?);
        }
        if form == GrabForm::All {
            *reducer = narrow(arguments.skip::<ReducerName>()?);
        }
        let (heads, workload) = arguments.parts();
        Ok(Self {
            form,
            heads,
            ends,
            workload,
        })
    }
}

/// What all names together have at most, with their NULs.
const MOST_HEADS: usize =
    JobHandle::LIMIT + FunctionName::LIMIT + UniqueId::LIMIT + ReducerName::LIMIT + 4;

/// A place among the names, which are far shorter than this could hold.
fn narrow(at: usize) -> u16 {
    const { assert!(MOST_HEADS < u16::MAX as usize) };
    u16::try_from(at).unwrap_or(u16::MAX)
}

impl GrabForm {
    /// How many names stand before the workload of an assignment of this form.
    const fn heads(self) -> usize {
        match self {
            Self::Plain => 2,
            Self::Unique => 3,
            Self::All => 4,
        }
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assignment")
            .field("handle", &self.handle())
            .field("function", &self.function())
            .field("form", &self.form())
            .field("workload", &self.workload)
            .finish()
    }
}
