use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long anything may take before a test gives up: far more than it ever should on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub use rustix::process::Signal;

/// A process whose output is read line by line. It is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    lines: watch::Receiver<Vec<Line>>,
}

/// A line that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// Without its end; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Whether it went to the standard error.
    pub is_error: bool,
}

impl Program {
    /// Starts a program with nothing on its standard input, and with these variables beside our own.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn start(
        path: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> io::Result<Self> {
        let mut command = Command::new(path);
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let (sender, lines) = watch::channel(Vec::new());
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read_lines(stdout, false, sender.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read_lines(stderr, true, sender));
        }
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        let name = [&*name]
            .iter()
            .chain(arguments)
            .copied()
            .collect::<Vec<_>>()
            .join(" ");
        Ok(Self { name, child, lines })
    }

    /// The lines so far, in the order in which they came.
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .borrow()
            .iter()
            .map(|line| line.text.clone())
            .collect()
    }

    /// How many lines so far contain `text`.
    pub fn count(&self, text: &str) -> usize {
        self.lines
            .borrow()
            .iter()
            .filter(|line| line.text.contains(text))
            .count()
    }

    /// Waits for a line that contains `text`, and returns it.
    ///
    /// # Panics
    ///
    /// Where none comes within [`PATIENCE`], with everything that the program said.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn line(&self, text: &str) -> String {
        let mut lines = self.lines.clone();
        let found = |lines: &Vec<Line>| lines.iter().any(|line| line.text.contains(text));
        let waited = timeout(PATIENCE, lines.wait_for(found)).await;
        let found = match waited {
            Ok(Ok(lines)) => lines.iter().find(|line| line.text.contains(text)).cloned(),
            _ => None,
        };
        match found {
            Some(line) => line.text,
            None => panic!("{} never said {text:?}, but {:#?}", self.name, self.lines()),
        }
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// Where the process has ended already.
    pub fn signal(&self, signal: Signal) {
        let id = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        let id = id.unwrap_or_else(|| panic!("{} has ended already", self.name));
        if let Err(error) = kill_process(id, signal) {
            panic!("{} can't be sent {signal:?}: {error}", self.name);
        }
    }

    /// Whether the process runs.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn is_running(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits until the process has ended and everything that it wrote has been read.
    ///
    /// # Panics
    ///
    /// Where it does not end within [`PATIENCE`], with everything that it said.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn exit(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let Ok(Ok(status)) = ended else {
            panic!("{} does not end; it said {:#?}", self.name, self.lines());
        };
        // The readers let go of their ends when there is nothing more to read.
        let mut lines = self.lines.clone();
        let _ = timeout(PATIENCE, async { while lines.changed().await.is_ok() {} }).await;
        status
    }
}

async fn read_lines(
    pipe: impl AsyncRead + Unpin,
    is_error: bool,
    sender: watch::Sender<Vec<Line>>,
) {
    let mut pipe = BufReader::new(pipe);
    let mut raw = Vec::new();
    while let Ok(1..) = pipe.read_until(b'\n', &mut raw).await {
        let text = String::from_utf8_lossy(&raw)
            .trim_end_matches(['\r', '\n'])
            .to_owned();
        sender.send_modify(|lines| lines.push(Line { text, is_error }));
        raw.clear();
    }
}
