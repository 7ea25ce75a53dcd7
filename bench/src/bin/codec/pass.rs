//! Doing a piece of work once. Getting ready, looking at what came out and throwing it away cost nothing.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Failure;

/// The function whose instructions `callgrind` counts, and those of all that it calls.
pub(crate) const MEASURED: &str = "*pass::measured*";

/// One pass over a piece of work.
pub(crate) trait Pass {
    /// How much of a processor's time the work took.
    fn run(&mut self) -> Result<Duration, Failure>;
}

/// A pass of three steps, of which the second is measured.
pub(crate) struct Steps<Prepare, Work, Check> {
    pub(crate) prepare: Prepare,
    pub(crate) work: Work,
    pub(crate) check: Check,
}

impl<Input, Output, Prepare, Work, Check> Pass for Steps<Prepare, Work, Check>
where
    Prepare: FnMut() -> Input,
    Work: FnMut(Input) -> Result<Output, Failure>,
    Check: FnMut(&Output) -> bool,
{
    fn run(&mut self) -> Result<Duration, Failure> {
        let input = (self.prepare)();
        let begun = processor_time()?;
        let output = measured(&mut self.work, input)?;
        let taken = processor_time()?.saturating_sub(begun);
        if (self.check)(&output) {
            Ok(taken)
        } else {
            Err("what came out is not what it should be".into())
        }
    }
}

/// What this thread has had of a processor. It stands still while others have it: on a shared machine a clock on the
/// wall would punish those whose pass is longer than a slice of the scheduler.
fn processor_time() -> Result<Duration, Failure> {
    Ok(Duration::try_from(clock_gettime(ClockId::ThreadCPUTime))?)
}

/// A function of its own, never inlined, so that it has a name to be found by.
#[inline(never)]
fn measured<Input, Output>(
    work: &mut impl FnMut(Input) -> Result<Output, Failure>,
    input: Input,
) -> Result<Output, Failure> {
    work(input)
}
