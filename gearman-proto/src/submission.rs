use bytes::{Bytes, BytesMut};

use crate::arguments::Arguments;
use crate::encode::{self, EncodeError, Last};
use crate::{Direction, Flaw, FunctionName, Kind, ReducerName, UniqueId};

/// Which of the waiting jobs of one function goes first. gearmand 1.x compares within a function only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these three")]
pub enum Priority {
    /// After the others.
    Low,
    /// In between.
    #[default]
    Normal,
    /// Before the others.
    High,
}

/// A job for the queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the packets have these parts")]
pub struct Submission {
    /// What is to be done.
    pub function: FunctionName,
    /// What makes it the same job as another of that function; `None`: it is like no other.
    pub unique: Option<UniqueId>,
    /// With what.
    pub workload: Bytes,
    /// In which way: each has its packet.
    pub mode: SubmissionMode,
}

/// The ways to submit a job. Each combination that exists is a packet, and no other can be made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has these five")]
pub enum SubmissionMode {
    /// The client waits on its connection; when it leaves, the job is abandoned.
    Foreground(Priority),
    /// Nobody waits.
    Background(Priority),
    /// In the background, and not before this second since 1970.
    Epoch(u64),
    /// In parts that `reducer` puts together.
    Reduce {
        /// The second function.
        reducer: ReducerName,
        /// Whether nobody waits.
        background: bool,
    },
    /// At the times that five cron fields give. gearmand refuses it.
    Cron(CronFields),
}

/// The fields of a cron line, uninterpreted: minute, hour, day of month, month, day of week.
///
/// Boxed: what no server implements must not make every submission twice as large.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CronFields(Box<[Bytes; 5]>);

impl CronFields {
    /// Takes the five fields as they are.
    ///
    /// # Errors
    ///
    /// [`Flaw::Nul`] where one holds a NUL byte.
    pub fn new(fields: [Bytes; 5]) -> Result<Self, Flaw> {
        match fields.iter().find_map(|field| memchr::memchr(0, field)) {
            Some(position) => Err(Flaw::Nul { position }),
            None => Ok(Self(Box::new(fields))),
        }
    }

    /// The fields in their order.
    pub fn fields(&self) -> &[Bytes; 5] {
        &self.0
    }
}

impl Submission {
    /// A job whose client waits, with normal priority and no unique id.
    pub fn foreground(function: FunctionName, workload: impl Into<Bytes>) -> Self {
        let mode = SubmissionMode::Foreground(Priority::Normal);
        Self {
            function,
            unique: None,
            workload: workload.into(),
            mode,
        }
    }

    /// A job for which nobody waits, with normal priority and no unique id.
    pub fn background(function: FunctionName, workload: impl Into<Bytes>) -> Self {
        let mode = SubmissionMode::Background(Priority::Normal);
        Self {
            function,
            unique: None,
            workload: workload.into(),
            mode,
        }
    }

    /// The same with another priority. Epoch, reduce and cron jobs have none.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        if let SubmissionMode::Foreground(mine) | SubmissionMode::Background(mine) = &mut self.mode
        {
            *mine = priority;
        }
        self
    }

    /// The same with a unique id.
    #[must_use]
    pub fn with_unique(mut self, unique: UniqueId) -> Self {
        self.unique = Some(unique);
        self
    }

    /// The kind of packet that submits it.
    pub const fn kind(&self) -> Kind {
        match &self.mode {
            SubmissionMode::Foreground(Priority::Low) => Kind::SubmitJobLow,
            SubmissionMode::Foreground(Priority::Normal) => Kind::SubmitJob,
            SubmissionMode::Foreground(Priority::High) => Kind::SubmitJobHigh,
            SubmissionMode::Background(Priority::Low) => Kind::SubmitJobLowBg,
            SubmissionMode::Background(Priority::Normal) => Kind::SubmitJobBg,
            SubmissionMode::Background(Priority::High) => Kind::SubmitJobHighBg,
            SubmissionMode::Epoch(_) => Kind::SubmitJobEpoch,
            SubmissionMode::Reduce {
                background: false, ..
            } => Kind::SubmitReduceJob,
            SubmissionMode::Reduce {
                background: true, ..
            } => Kind::SubmitReduceJobBackground,
            SubmissionMode::Cron(_) => Kind::SubmitJobSched,
        }
    }

    /// Whether the server keeps the job when its client leaves.
    pub const fn is_background(&self) -> bool {
        !matches!(
            self.mode,
            SubmissionMode::Foreground(_)
                | SubmissionMode::Reduce {
                    background: false,
                    ..
                }
        )
    }

    #[inline]
    pub(crate) fn encode_head(&self, dst: &mut BytesMut) -> Result<Option<&Bytes>, EncodeError> {
        let function = self.function.as_bytes();
        let unique = self
            .unique
            .as_ref()
            .map(UniqueId::as_bytes)
            .unwrap_or_default();
        let workload = Last::Payload(&self.workload);
        let kind = self.kind();
        let head = |heads: &[&[u8]]| encode::head(dst, Direction::Request, kind, heads, workload);
        match &self.mode {
            SubmissionMode::Foreground(_) | SubmissionMode::Background(_) => {
                head(&[function, unique])
            }
            SubmissionMode::Epoch(seconds) => {
                head(&[function, unique, seconds.to_string().as_bytes()])
            }
            // The fourth is empty: the protocol's document does not know it, but the server waits for it.
            SubmissionMode::Reduce { reducer, .. } => {
                head(&[function, unique, reducer.as_bytes(), b""])
            }
            SubmissionMode::Cron(fields) => {
                let [a, b, c, d, e] = fields.fields();
                head(&[function, unique, a, b, c, d, e])
            }
        }
    }

    #[inline]
    pub(crate) fn decode(mode: ModeOfKind, arguments: &mut Arguments<'_>) -> Result<Self, Flaw> {
        let function = arguments.head()?;
        let unique = arguments.head()?;
        let mode = match mode {
            ModeOfKind::Foreground(priority) => SubmissionMode::Foreground(priority),
            ModeOfKind::Background(priority) => SubmissionMode::Background(priority),
            ModeOfKind::Epoch => SubmissionMode::Epoch(arguments.head()?),
            ModeOfKind::Reduce { background } => {
                let reducer = arguments.head()?;
                arguments.head::<()>()?;
                SubmissionMode::Reduce {
                    reducer,
                    background,
                }
            }
            ModeOfKind::Cron => {
                let mut field = || arguments.head();
                let fields = [field()?, field()?, field()?, field()?, field()?];
                SubmissionMode::Cron(CronFields(Box::new(fields)))
            }
        };
        Ok(Self {
            function,
            unique,
            workload: arguments.payload(),
            mode,
        })
    }
}

/// What a kind of packet says about the mode, before its arguments are read.
pub(crate) enum ModeOfKind {
    Foreground(Priority),
    Background(Priority),
    Epoch,
    Reduce { background: bool },
    Cron,
}

impl ModeOfKind {
    /// `None` where `kind` submits nothing.
    pub(crate) const fn new(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::SubmitJobLow => Self::Foreground(Priority::Low),
            Kind::SubmitJob => Self::Foreground(Priority::Normal),
            Kind::SubmitJobHigh => Self::Foreground(Priority::High),
            Kind::SubmitJobLowBg => Self::Background(Priority::Low),
            Kind::SubmitJobBg => Self::Background(Priority::Normal),
            Kind::SubmitJobHighBg => Self::Background(Priority::High),
            Kind::SubmitJobEpoch => Self::Epoch,
            Kind::SubmitReduceJob => Self::Reduce { background: false },
            Kind::SubmitReduceJobBackground => Self::Reduce { background: true },
            Kind::SubmitJobSched => Self::Cron,
            _ => return None,
        })
    }
}
