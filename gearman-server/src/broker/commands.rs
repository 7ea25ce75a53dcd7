//! The text protocol.

use bytes::BytesMut;
use gearman_admin::{
    Command, CommandError, JobRow, LogLevel, PriorityStatusRow, Reply, Row, Rows, ServerError,
    StatusRow, UniqueJobRow, WorkerRow,
};
use gearman_proto::{FunctionName, JobHandle, Outcome, WorkEvent};

use super::{Broker, Output};
use crate::connection::Connection;
use crate::function::{Function, LEVELS};
use crate::ids::{ConnectionId, FunctionId, JobId, Serial};
use crate::job::Job;

impl Broker {
    /// A line of the text protocol has arrived, read by [`Command::parse`].
    pub fn handle_command(&mut self, from: ConnectionId, command: Result<Command, CommandError>) {
        if self.connections.get(from).is_none() {
            return;
        }
        let answer = match command {
            Ok(command) => self.obey(command),
            Err(CommandError::Refused(error)) => Err(error),
            Err(CommandError::TooManyWords) => return self.close(from),
        };
        let mut text = BytesMut::new();
        match answer {
            Ok(reply) => reply.encode(&mut text),
            Err(error) => error.encode(&mut text),
        }
        self.outputs.push_back((from, Output::Text(text.freeze())));
    }

    fn obey(&mut self, command: Command) -> Result<Reply, ServerError> {
        Ok(match command {
            Command::Version => Reply::Version(self.options.version.clone()),
            Command::Pid => Reply::Pid(self.options.process_id),
            // What we log is for whoever embeds the broker to say; gearmand's default is an answer too.
            Command::LogLevel => Reply::LogLevel(LogLevel::Error),
            Command::Status => Reply::Status(self.rows_of_functions(status_row)),
            Command::PriorityStatus => {
                Reply::PriorityStatus(self.rows_of_functions(priority_status_row))
            }
            Command::Workers => Reply::Workers(self.worker_rows()),
            Command::ShowJobs => Reply::Jobs(self.jobs().map(job_row).collect()),
            Command::ShowUniqueJobs => Reply::UniqueJobs(self.jobs().map(unique_job_row).collect()),
            Command::MaxQueue { function, limits } => {
                // gearmand says OK for a function that it does not know, and forgets the limits.
                if let Some(id) = self.named(function.as_bytes()) {
                    self.functions.table[id].limits = limits;
                }
                Reply::Done
            }
            Command::CreateFunction(name) => {
                if let Ok(name) = FunctionName::new(&name) {
                    self.functions.find_or_add(name);
                }
                Reply::Done
            }
            Command::DropFunction(name) => {
                self.drop_function(name.as_bytes())?;
                Reply::Done
            }
            Command::CancelJob(handle) => {
                self.cancel(handle.as_bytes())?;
                Reply::Done
            }
            _ => {
                return Err(ServerError::UnknownCommand {
                    word: command.keyword().into(),
                });
            }
        })
    }

    /// Forgets a function that nobody works on. Its queued jobs end with it.
    fn drop_function(&mut self, name: &[u8]) -> Result<(), ServerError> {
        let id = self
            .named(name)
            .or_else(|| self.named_alike(name))
            .ok_or(ServerError::FunctionNotFound)?;
        let function = &self.functions.table[id];
        if function.ring().len() > 0 || function.running > 0 {
            return Err(ServerError::FunctionInUse);
        }
        let jobs = self.jobs.in_order().into_iter();
        let orphans: Vec<JobId> = jobs
            .filter_map(|(job, state)| (state.function == id).then_some(job))
            .collect();
        for job in orphans {
            self.tell_clients(job, &WorkEvent::End(Outcome::Fail));
            self.end(job);
        }
        self.functions.remove(id);
        Ok(())
    }

    /// Fails a job in the eyes of its clients. One that is queued is deleted when a worker would get it;
    /// the worker of one that runs is not told.
    fn cancel(&mut self, handle: &[u8]) -> Result<(), ServerError> {
        let handle = JobHandle::new(handle).ok();
        let id = handle
            .and_then(|handle| self.job_named(&handle))
            .ok_or(ServerError::UnknownJob)?;
        self.tell_clients(id, &WorkEvent::End(Outcome::Fail));
        let job = &mut self.jobs[id];
        job.abandoned = true;
        // As if it had been taken out of the store, `show jobs` says with gearmand.
        job.background = false;
        for subscriber in job.subscribers.drain(..) {
            self.connections[subscriber].awaits.remove(&id);
        }
        Ok(())
    }

    fn named(&self, name: &[u8]) -> Option<FunctionId> {
        self.functions.find(&FunctionName::new(name).ok()?)
    }

    /// The oldest function whose name is the same but for ASCII case.
    fn named_alike(&self, name: &[u8]) -> Option<FunctionId> {
        let mut functions = self.functions.table.in_order().into_iter();
        functions.find_map(|(id, function)| {
            let alike = function.name.as_bytes().eq_ignore_ascii_case(name);
            alike.then_some(id)
        })
    }

    fn rows_of_functions<R: Row>(&self, row: fn(&Function) -> R) -> Rows<R> {
        let functions = self.functions.table.in_order().into_iter();
        functions.map(|(_, function)| row(function)).collect()
    }

    fn worker_rows(&self) -> Rows<WorkerRow> {
        let connections = self.connections.in_order().into_iter();
        connections
            .map(|(id, connection)| self.worker_row(id, connection))
            .collect()
    }

    fn worker_row(&self, id: ConnectionId, connection: &Connection) -> WorkerRow {
        let client_id = connection.client_id.as_ref();
        let abilities = connection.abilities.iter();
        WorkerRow {
            fd: id.number().try_into().unwrap_or(i32::MAX),
            address: connection.peer.clone(),
            id: client_id
                .map_or(b"-".as_slice(), AsRef::as_ref)
                .to_vec()
                .into(),
            functions: abilities
                .map(|ability| &self.functions.table[ability.function].name)
                .collect(),
        }
    }

    fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.in_order().into_iter().map(|(_, job)| job)
    }
}

fn status_row(function: &Function) -> StatusRow {
    StatusRow {
        function: function.name.as_bytes().to_vec().into(),
        total: function.total() as u64,
        running: function.running as u64,
        workers: function.ring().len() as u64,
    }
}

fn priority_status_row(function: &Function) -> PriorityStatusRow {
    let [high, normal, low] = LEVELS.map(|level| function.queue(level).len() as u64);
    PriorityStatusRow {
        function: function.name.as_bytes().to_vec().into(),
        high,
        // Epoch jobs have normal priority.
        normal: normal + function.waiting as u64,
        low,
        workers: function.ring().len() as u64,
    }
}

fn job_row(job: &Job) -> JobRow {
    JobRow {
        handle: job.handle.as_bytes().to_vec().into(),
        retries: job.retries.into(),
        ignored: job.abandoned,
        queued: job.background,
    }
}

fn unique_job_row(job: &Job) -> UniqueJobRow {
    let unique = job.unique.as_ref();
    UniqueJobRow {
        handle: None,
        unique: unique
            .map(|unique| unique.as_bytes().to_vec())
            .unwrap_or_default()
            .into(),
    }
}
