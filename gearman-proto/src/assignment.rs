use bytes::{Bytes, BytesMut};

use crate::arguments::Arguments;
use crate::encode::{self, EncodeError, Last};
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the packets have these parts")]
pub struct Assignment {
    /// The server's name for the job, to be named in all news about it.
    pub handle: JobHandle,
    /// What is to be done.
    pub function: FunctionName,
    /// With what.
    pub workload: Bytes,
    /// What else is told.
    pub form: AssignmentForm,
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
    /// The unique id, where there is one and it was told.
    pub const fn unique(&self) -> Option<&UniqueId> {
        match &self.form {
            AssignmentForm::Unique(unique) | AssignmentForm::All(unique, _) => unique.as_ref(),
            AssignmentForm::Plain => None,
        }
    }

    /// The reducer, where there is one and it was told.
    pub const fn reducer(&self) -> Option<&ReducerName> {
        match &self.form {
            AssignmentForm::All(_, reducer) => Some(reducer),
            AssignmentForm::Plain | AssignmentForm::Unique(_) => None,
        }
    }

    #[inline]
    pub(crate) fn encode_head(&self, dst: &mut BytesMut) -> Result<Option<&Bytes>, EncodeError> {
        let (handle, function) = (self.handle.as_bytes(), self.function.as_bytes());
        let unique = self.unique().map(UniqueId::as_bytes).unwrap_or_default();
        let workload = Last::Payload(&self.workload);
        let head =
            |kind, heads: &[&[u8]]| encode::head(dst, Direction::Response, kind, heads, workload);
        match &self.form {
            AssignmentForm::Plain => head(Kind::JobAssign, &[handle, function]),
            AssignmentForm::Unique(_) => head(Kind::JobAssignUniq, &[handle, function, unique]),
            AssignmentForm::All(_, reducer) => head(
                Kind::JobAssignAll,
                &[handle, function, unique, reducer.as_bytes()],
            ),
        }
    }

    #[inline]
    pub(crate) fn decode(form: GrabForm, arguments: &mut Arguments<'_>) -> Result<Self, Flaw> {
        let handle = arguments.head()?;
        let function = arguments.head()?;
        let form = match form {
            GrabForm::Plain => AssignmentForm::Plain,
            GrabForm::Unique => AssignmentForm::Unique(arguments.head()?),
            GrabForm::All => {
                let unique = arguments.head()?;
                AssignmentForm::All(unique, arguments.head()?)
            }
        };
        Ok(Self {
            handle,
            function,
            workload: arguments.payload(),
            form,
        })
    }
}
