use bytes::Bytes;
use gearman_proto::{JobHandle, OptionName, Request, Submission, UniqueId};

/// What a client asks of a server. Each is answered once, in the order asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the protocol lets clients ask these"
)]
pub enum Question {
    /// SUBMIT_JOB and its sisters.
    Submit(Submission),
    /// GET_STATUS.
    Status(JobHandle),
    /// GET_STATUS_UNIQUE.
    UniqueStatus(UniqueId),
    /// ECHO_REQ.
    Echo(Bytes),
    /// OPTION_REQ.
    SetOption(OptionName),
}

impl Question {
    /// Bytes of the packet's body.
    pub(crate) fn body_length(&self) -> usize {
        match self {
            // Function and unique are followed by a NUL each. The other modes have more, but they
            // are not offered to users.
            Self::Submit(Submission {
                function,
                unique,
                workload,
                ..
            }) => {
                let unique = unique.as_ref().map_or(0, |unique| unique.as_bytes().len());
                let names = function.as_bytes().len() + unique + 2;
                workload.len().saturating_add(names)
            }
            Self::Status(handle) => handle.as_bytes().len(),
            Self::UniqueStatus(unique) => unique.as_bytes().len(),
            Self::Echo(bytes) => bytes.len(),
            Self::SetOption(option) => option.as_bytes().len(),
        }
    }
}

impl From<Question> for Request {
    fn from(question: Question) -> Self {
        match question {
            Question::Submit(submission) => Self::Submit(submission),
            Question::Status(handle) => Self::GetStatus(handle),
            Question::UniqueStatus(unique) => Self::GetStatusUnique(unique),
            Question::Echo(bytes) => Self::Echo(bytes),
            Question::SetOption(option) => Self::SetOption(option),
        }
    }
}
