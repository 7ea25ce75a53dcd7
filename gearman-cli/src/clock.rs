//! The time of day in front of lines for people.

use std::fmt;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// `16:37:59`, local time.
pub(crate) fn time_of_day() -> impl fmt::Display {
    jiff::ZonedDateTime::now().strftime("%H:%M:%S").to_string()
}

/// Log lines begin as all lines with a time do.
pub(crate) struct TimeOfDay;

impl FormatTime for TimeOfDay {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "[{}]", time_of_day())
    }
}
