/// What is soaked, and how long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Workers that are told to leave, all in all.
    pub(crate) signals: u32,
    /// gearmand's `--worker-wakeup`; 0, its default, wakes all sleepers.
    pub(crate) wakeup: u8,
    /// Results of 4 MiB.
    pub(crate) large: bool,
    /// Workers are told through their control connection instead of by SIGTERM.
    pub(crate) control: bool,
    /// Functions are removed and added all the while.
    pub(crate) functions: bool,
}

pub(crate) const USAGE: &str =
    "usage: soak SIGNALS [--wakeup N] [--large] [--control] [--functions]

SIGNALS is at least 20.";

/// The fleet is told to leave twice at the end.
const FEWEST_SIGNALS: u32 = 20;

const LARGE: usize = 4 << 20;

impl Options {
    /// `None` where the arguments make no sense.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            signals: arguments.next()?.parse().ok()?,
            ..Self::default()
        };
        while let Some(option) = arguments.next() {
            match &*option {
                "--wakeup" => options.wakeup = arguments.next()?.parse().ok()?,
                "--large" => options.large = true,
                "--control" => options.control = true,
                "--functions" => options.functions = true,
                _ => return None,
            }
        }
        (options.signals >= FEWEST_SIGNALS).then_some(options)
    }

    /// One attempt only: a job that is handed back fails, or vanishes where nobody waits for it. So not
    /// even a job that was handed back before it was started escapes.
    pub(crate) fn gearmand(&self) -> Vec<String> {
        let mut arguments = vec!["--job-retries=1".to_owned()];
        if self.wakeup > 0 {
            arguments.push(format!("--worker-wakeup={}", self.wakeup));
        }
        arguments
    }

    pub(crate) const fn result_bytes(&self) -> usize {
        if self.large { LARGE } else { 0 }
    }

    /// Jobs that are submitted at once, at most. More large ones would only fill the memory.
    pub(crate) const fn largest_burst(&self) -> u64 {
        if self.large { 12 } else { 200 }
    }
}
