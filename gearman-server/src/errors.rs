//! gearmand's words for what it refuses. Clients compare the codes, people read the texts.

use gearman_proto::{Kind, ServerError};

pub(crate) const REQUEST_MAGIC_EXPECTED: ServerError =
    ServerError::new("INVALID_MAGIC", "Request magic expected");

pub(crate) const COMMAND_NOT_EXPECTED: ServerError =
    ServerError::new("INVALID_COMMAND", "Command not expected");

pub(crate) const QUEUE_IS_FULL: ServerError = ServerError::new("QUEUE_ERROR", "Job queue is full");

pub(crate) const UNKNOWN_OPTION: ServerError =
    ServerError::new("UNKNOWN_OPTION", "Server does not recognize given option");

/// gearmand says so of reducers too.
pub(crate) const UNIQUE_TOO_LARGE: ServerError =
    ServerError::new("ARGUMENT_TOO_LARGE", "Unique value too large");

pub(crate) const WORK_FAIL_HANDLE_TOO_LARGE: ServerError = ServerError::new(
    "ARGUMENT_TOO_LARGE",
    "Error occurred due to GEARMAND_JOB_HANDLE_SIZE being too small from snprintf",
);

/// Ours: gearmand has no limit, hangs up, or does not answer.
pub(crate) const ARGUMENT_TOO_LARGE: ServerError =
    ServerError::new("ARGUMENT_TOO_LARGE", "Argument is over the limit");

/// Ours: gearmand takes such arguments, or swallows the packets that follow.
pub(crate) const INVALID_ARGUMENT: ServerError =
    ServerError::new("INVALID_ARGUMENT", "Argument is not valid");

/// News about a job that the connection does not hold.
pub(crate) const fn job_not_found(news: Kind) -> ServerError {
    let text = match news {
        Kind::WorkData | Kind::WorkWarning => "Job does not exist on server",
        Kind::WorkException => "An exception was received for a job that does not exist",
        _ => "Job given in work result not found",
    };
    ServerError::new("JOB_NOT_FOUND", text)
}
