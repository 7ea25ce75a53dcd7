//! The processes of a test. All are killed at its end, whatever it comes to.

use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything takes, however busy the machine: a test that comes here has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often we look.
const LOOK: Duration = Duration::from_millis(10);

/// The program, with an environment that says nothing about servers.
pub(crate) fn gearctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gearctl"));
    command
        .env_remove("GEARMAN_SERVERS")
        .env_remove("GEARMAN_SERVER")
        .env_remove("COLUMNS");
    command
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        thread::sleep(LOOK);
    }
}

/// A process under way.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    listeners: Vec<JoinHandle<()>>,
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, listener) = listen(child.stdout.take().unwrap());
        let mut listeners = vec![listener];
        let (stderr, listener) = listen(child.stderr.take().unwrap());
        listeners.push(listener);
        Self {
            stdin: child.stdin.take(),
            child,
            stdout,
            stderr,
            listeners,
        }
    }

    /// What it has said on stderr up to now.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    /// And on stdout.
    pub(crate) fn stdout_so_far(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Gives it this as its stdin, while its output is read.
    pub(crate) fn feed(mut self, input: &[u8]) -> Self {
        if let Some(mut stdin) = self.stdin.take() {
            // It may have ended without reading.
            let _ = stdin.write_all(input);
        }
        self
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        drop(self.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let stderr = self.stderr();
            assert!(
                Instant::now() < deadline,
                "it does not end; it said: {stderr}"
            );
            thread::sleep(LOOK);
        };
        for listener in self.listeners.drain(..) {
            listener.join().unwrap();
        }
        Ended {
            status,
            stdout: std::mem::take(&mut *self.stdout.lock().unwrap()),
            stderr: self.stderr(),
        }
    }
}

/// Reads to the end, and shows what it has read up to now.
fn listen(mut stream: impl Read + Send + 'static) -> (Arc<Mutex<Vec<u8>>>, JoinHandle<()>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let thread = thread::spawn({
        let heard = Arc::clone(&heard);
        move || {
            let mut chunk = [0; 64 << 10];
            while let Ok(length @ 1..) = stream.read(&mut chunk) {
                heard.lock().unwrap().extend_from_slice(&chunk[..length]);
            }
        }
    });
    (heard, thread)
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// That it has ended with this code; returns what it said on stderr.
    #[track_caller]
    pub(crate) fn with(&self, code: i32) -> &str {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        &self.stderr
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.stdout).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap()
    }
}

/// `gearctl serve` on a free port.
pub(crate) struct Server {
    pub(crate) process: Running,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let process = Running::start(gearctl().args(["serve", "--port", "0"]));
        let mut address = String::new();
        until("the server's address", || {
            let said = process.stderr();
            let mut lines = said
                .split_inclusive('\n')
                .filter_map(|line| line.strip_suffix('\n'));
            let found = lines.find_map(|line| line.strip_prefix("gearctl: listening on "));
            address = found.unwrap_or_default().to_owned();
            !address.is_empty()
        });
        Self { process, address }
    }

    /// A command for this server.
    pub(crate) fn gearctl(&self, arguments: &[&str]) -> Command {
        let mut command = gearctl();
        command
            .env("GEARMAN_SERVERS", &self.address)
            .args(arguments);
        command
    }

    pub(crate) fn start_gearctl(&self, arguments: &[&str]) -> Running {
        Running::start(&mut self.gearctl(arguments))
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start_gearctl(arguments).wait()
    }

    /// The numbers of a function: jobs, running jobs, workers.
    pub(crate) fn numbers(&self, function: &str) -> Option<(u64, u64, u64)> {
        let status = self.run(&["status", "-o", "json"]).json();
        let rows = status.as_array().unwrap();
        let row = rows.iter().find(|row| row["function"] == function)?;
        let number = |field: &str| row[field].as_u64().unwrap();
        Some((number("total"), number("running"), number("workers")))
    }

    /// Starts a worker and waits until the server knows it.
    pub(crate) fn worker(&self, function: &str, arguments: &[&str]) -> Running {
        let worker = self.start_gearctl(&[&["work", function], arguments].concat());
        until("the worker's arrival", || {
            self.numbers(function)
                .is_some_and(|(_, _, workers)| workers > 0)
        });
        worker
    }
}

/// A directory in which the processes of a test leave marks for each other.
pub(crate) struct Marks(tempfile::TempDir);

impl Marks {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, mark: &str) -> PathBuf {
        self.0.path().join(mark)
    }

    pub(crate) fn set(&self, mark: &str) {
        std::fs::write(self.path(mark), "").unwrap();
    }

    pub(crate) fn wait_for(&self, mark: &str) {
        until(mark, || self.path(mark).exists());
    }

    /// A shell script that begins in this directory.
    pub(crate) fn script(&self, script: &str) -> String {
        format!("cd '{}'; {script}", self.0.path().display())
    }

    pub(crate) fn read(&self, mark: &str) -> String {
        std::fs::read_to_string(self.path(mark)).unwrap_or_default()
    }
}

/// Whether the process is there and no zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    let ps = Command::new("ps")
        .args(["-o", "stat=", "-p", pid])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&ps.stdout);
    !matches!(state.trim().chars().next(), None | Some('Z'))
}
