/// What a crew tells its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Directive {
    /// Take jobs.
    Work,
    /// Take none, finish those that are held, stay.
    Quiet,
    /// Take none, finish those that are held, leave.
    Drain,
    /// The same, and tell the handlers that it is enough.
    Interrupt,
    /// Hand back what is held and leave.
    HandBack,
}
