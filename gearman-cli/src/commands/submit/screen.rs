//! What the user sees: results on stdout, the rest and a progress bar on stderr, none through the other.

use std::io::{self, IsTerminal as _, Write as _};

use bytes::Bytes;
use gearman_client::Progress;
use gearman_proto::Escaped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// Stdout and stderr. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    /// Drawn only where stderr is a terminal.
    bar: ProgressBar,
    /// Results that do not end a line are followed by a line end: the next one would be glued to it.
    ends_lines: bool,
}

impl Screen {
    /// For so many jobs, where the number is known.
    pub(super) fn new(jobs: Option<usize>, ends_lines: bool) -> Self {
        let shape = match jobs {
            Some(1) => "{wide_bar} {percent}%",
            Some(_) => "{wide_bar} {pos} of {len} jobs",
            None => "{spinner} {pos} jobs",
        };
        let style = ProgressStyle::with_template(shape).expect("a template without mistakes");
        let target = match jobs {
            // Most jobs never tell how far they are.
            Some(1) => ProgressDrawTarget::hidden(),
            _ => ProgressDrawTarget::stderr(),
        };
        let jobs = jobs.map(|jobs| jobs as u64);
        let bar = ProgressBar::with_draw_target(jobs, target).with_style(style);
        let ends_lines = ends_lines && io::stdout().is_terminal();
        Self { bar, ends_lines }
    }

    /// One more of several jobs has ended.
    pub(super) fn one_done(&self) {
        self.bar.inc(1);
    }

    /// How far the only job is.
    pub(super) fn progress(&self, progress: &Progress) {
        let (done, of) = (&progress.numerator, &progress.denominator);
        if let (Some(done), Some(of)) = (done.value(), of.value()) {
            if self.bar.is_hidden() {
                // indicatif draws nothing where stderr is no terminal.
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            self.bar.set_length(of);
            self.bar.set_position(done);
        }
    }

    /// Tells the user something, line by line. Control characters in it move no cursor.
    pub(super) fn say(&self, who: &str, text: &[u8]) {
        self.bar.suspend(|| {
            for line in text.trim_ascii_end().split(|byte| *byte == b'\n') {
                output::tell(format_args!("{who}{}", Escaped(line)));
            }
        });
    }

    /// Writes to stdout, which may take as long as the reader likes: other jobs go on meanwhile.
    pub(super) async fn write(&self, bytes: Bytes) -> io::Result<()> {
        let bar = self.bar.clone();
        let write = move || {
            bar.suspend(|| {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&bytes)?;
                stdout.flush()
            })
        };
        let written = tokio::task::spawn_blocking(write).await;
        written.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Whether a line end is to be added.
    pub(super) const fn ends_lines(&self) -> bool {
        self.ends_lines
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
