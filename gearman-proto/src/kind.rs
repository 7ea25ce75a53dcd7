use std::fmt;

use crate::Direction;

/// Who sends a packet to whom. "Server" is the job server; clients and workers never talk directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has three roles")]
pub enum Route {
    /// A client asks.
    ClientToServer,
    /// A worker asks or tells.
    WorkerToServer,
    /// Anybody may send it.
    AnyToServer,
    /// The server answers a client or tells it something.
    ServerToClient,
    /// The server answers a worker or wakes it.
    ServerToWorker,
    /// The server answers whoever asked.
    ServerToAny,
    /// A worker's news about a job: to the server, which passes the packet on to the job's clients.
    WorkerToClient,
}

/// What the last argument of a kind is. Those before it are text and end in a NUL byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is nothing else that bytes can be"
)]
pub enum Tail {
    /// The packet has no arguments.
    Nothing,
    /// Text without NUL up to the end of the body.
    Text,
    /// Any bytes up to the end of the body.
    Payload,
}

macro_rules! kinds {
    ($($number:literal $variant:ident $name:literal $route:ident [$($head:literal),*] $tail:ident $tail_name:literal: $doc:literal;)*) => {
        /// The kinds of packet, one for each number of the protocol that is in use.
        ///
        /// Numbers run from 1 to 42; 5 was never given to anything, and 0 stands for the text protocol.
        ///
        /// | number | name | route | arguments |
        /// |---|---|---|---|
        $(#[doc = concat!("| ", $number, " | ", $name, " | ", stringify!($route), " | ", $($head, " ␀ ",)* $tail_name, " |")])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(clippy::exhaustive_enums, reason = "a new number would be a new protocol")]
        #[repr(u32)]
        pub enum Kind {
            $(#[doc = $doc] $variant = $number,)*
        }

        impl Kind {
            /// All kinds in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The kind with this number on the wire.
            pub const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The protocol's name, as `SUBMIT_JOB_BG`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Who sends it to whom.
            pub const fn route(self) -> Route {
                match self { $(Self::$variant => Route::$route,)* }
            }

            /// The names of the arguments before the last, each ended by NUL on the wire.
            pub const fn heads(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($head),*],)* }
            }

            /// What the last argument is.
            pub const fn tail(self) -> Tail {
                match self { $(Self::$variant => Tail::$tail,)* }
            }

            /// The name of the last argument; empty where there is none.
            pub const fn tail_name(self) -> &'static str {
                match self { $(Self::$variant => $tail_name,)* }
            }
        }
    };
}

kinds! {
    1 CanDo "CAN_DO" WorkerToServer [] Text "function": "The worker takes jobs of this function.";
    2 CantDo "CANT_DO" WorkerToServer [] Text "function": "The worker no longer takes jobs of this function.";
    3 ResetAbilities "RESET_ABILITIES" WorkerToServer [] Nothing "": "The worker takes no jobs any longer.";
    4 PreSleep "PRE_SLEEP" WorkerToServer [] Nothing "": "The worker goes to sleep and asks for a NOOP when there is work.";
    6 Noop "NOOP" ServerToWorker [] Nothing "": "Wakes a sleeping worker.";
    7 SubmitJob "SUBMIT_JOB" ClientToServer ["function", "unique"] Payload "workload": "A foreground job of normal priority.";
    8 JobCreated "JOB_CREATED" ServerToClient [] Text "handle": "Answers a submission.";
    9 GrabJob "GRAB_JOB" WorkerToServer [] Nothing "": "Asks for a job.";
    10 NoJob "NO_JOB" ServerToWorker [] Nothing "": "Answers a grab: nothing to do.";
    11 JobAssign "JOB_ASSIGN" ServerToWorker ["handle", "function"] Payload "workload": "Answers GRAB_JOB: a job to run.";
    12 WorkStatus "WORK_STATUS" WorkerToClient ["handle", "numerator"] Text "denominator": "How far a job is.";
    13 WorkComplete "WORK_COMPLETE" WorkerToClient ["handle"] Payload "result": "A job has ended well.";
    14 WorkFail "WORK_FAIL" WorkerToClient [] Text "handle": "A job has failed.";
    15 GetStatus "GET_STATUS" ClientToServer [] Text "handle": "Asks how a job is.";
    16 EchoReq "ECHO_REQ" AnyToServer [] Payload "data": "Asks for the same bytes back.";
    17 EchoRes "ECHO_RES" ServerToAny [] Payload "data": "Answers ECHO_REQ.";
    18 SubmitJobBg "SUBMIT_JOB_BG" ClientToServer ["function", "unique"] Payload "workload": "A background job of normal priority.";
    19 Error "ERROR" ServerToAny ["code"] Text "text": "The server refuses a request.";
    20 StatusRes "STATUS_RES" ServerToClient ["handle", "known", "running", "numerator"] Text "denominator": "Answers GET_STATUS.";
    21 SubmitJobHigh "SUBMIT_JOB_HIGH" ClientToServer ["function", "unique"] Payload "workload": "A foreground job of high priority.";
    22 SetClientId "SET_CLIENT_ID" WorkerToServer [] Text "id": "The name under which `workers` lists this connection.";
    23 CanDoTimeout "CAN_DO_TIMEOUT" WorkerToServer ["function"] Text "milliseconds": "CAN_DO with a time limit kept by the server.";
    24 AllYours "ALL_YOURS" WorkerToServer [] Nothing "": "Never implemented by gearmand, which answers ERROR.";
    25 WorkException "WORK_EXCEPTION" WorkerToClient ["handle"] Payload "exception": "A job has failed, with the reason.";
    26 OptionReq "OPTION_REQ" AnyToServer [] Text "option": "Turns an option of this connection on.";
    27 OptionRes "OPTION_RES" ServerToAny [] Text "option": "Answers OPTION_REQ.";
    28 WorkData "WORK_DATA" WorkerToClient ["handle"] Payload "data": "A part of a running job's result.";
    29 WorkWarning "WORK_WARNING" WorkerToClient ["handle"] Payload "warning": "Something that a running job's client should know.";
    30 GrabJobUniq "GRAB_JOB_UNIQ" WorkerToServer [] Nothing "": "Asks for a job and its unique id.";
    31 JobAssignUniq "JOB_ASSIGN_UNIQ" ServerToWorker ["handle", "function", "unique"] Payload "workload": "Answers GRAB_JOB_UNIQ, and GRAB_JOB_ALL for a job without a reducer.";
    32 SubmitJobHighBg "SUBMIT_JOB_HIGH_BG" ClientToServer ["function", "unique"] Payload "workload": "A background job of high priority.";
    33 SubmitJobLow "SUBMIT_JOB_LOW" ClientToServer ["function", "unique"] Payload "workload": "A foreground job of low priority.";
    34 SubmitJobLowBg "SUBMIT_JOB_LOW_BG" ClientToServer ["function", "unique"] Payload "workload": "A background job of low priority.";
    35 SubmitJobSched "SUBMIT_JOB_SCHED" ClientToServer ["function", "unique", "minute", "hour", "day of month", "month", "day of week"] Payload "workload": "Never implemented by gearmand, which answers ERROR.";
    36 SubmitJobEpoch "SUBMIT_JOB_EPOCH" ClientToServer ["function", "unique", "epoch seconds"] Payload "workload": "A background job that is not to start before a time.";
    37 SubmitReduceJob "SUBMIT_REDUCE_JOB" ClientToServer ["function", "unique", "reducer", "unused"] Payload "workload": "A foreground job whose parts are put together by a second function.";
    38 SubmitReduceJobBackground "SUBMIT_REDUCE_JOB_BACKGROUND" ClientToServer ["function", "unique", "reducer", "unused"] Payload "workload": "The same in the background.";
    39 GrabJobAll "GRAB_JOB_ALL" WorkerToServer [] Nothing "": "Asks for a job, its unique id and its reducer.";
    40 JobAssignAll "JOB_ASSIGN_ALL" ServerToWorker ["handle", "function", "unique", "reducer"] Payload "workload": "Answers GRAB_JOB_ALL for a job with a reducer.";
    41 GetStatusUnique "GET_STATUS_UNIQUE" ClientToServer [] Text "unique": "Asks how a job is, by its unique id.";
    42 StatusResUnique "STATUS_RES_UNIQUE" ServerToClient ["unique", "known", "running", "numerator", "denominator"] Text "client count": "Answers GET_STATUS_UNIQUE.";
}

impl Kind {
    /// The number on the wire.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Whether packets of this kind exist in that direction. The news about jobs (`WORK_*`) exist in both.
    pub const fn travels(self, direction: Direction) -> bool {
        match self.route() {
            Route::WorkerToClient => true,
            Route::ClientToServer | Route::WorkerToServer | Route::AnyToServer => {
                matches!(direction, Direction::Request)
            }
            Route::ServerToClient | Route::ServerToWorker | Route::ServerToAny => {
                matches!(direction, Direction::Response)
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_from_1_to_42_but_5_is_a_kind_and_no_other() {
        let known: Vec<u32> = (0..=50)
            .filter(|n| Kind::from_number(*n).is_some())
            .collect();
        let expected: Vec<u32> = (1..=42).filter(|n| *n != 5).collect();
        assert_eq!(known, expected);
        assert_eq!(Kind::from_number(0x8000_0001), None);
    }

    #[test]
    fn a_kind_is_found_by_its_own_number() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), Some(*kind));
        }
    }

    #[test]
    fn only_news_about_jobs_travel_both_ways() {
        for kind in Kind::ALL {
            let both = kind.travels(Direction::Request) && kind.travels(Direction::Response);
            assert_eq!(both, kind.name().starts_with("WORK_"), "{kind}");
        }
    }

    #[test]
    fn the_reduce_kinds_have_five_parts_on_the_wire() {
        assert_eq!(Kind::SubmitReduceJob.heads().len(), 4);
        assert_eq!(Kind::SubmitReduceJobBackground.heads().len(), 4);
    }
}
