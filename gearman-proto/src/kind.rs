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

/// Whether a packet is answered.
#[derive(Clone, Copy)]
enum Certainty {
    Never,
    /// Where it goes wrong, or where there is something to tell.
    Perhaps,
    /// Exactly once.
    Always,
}

macro_rules! kinds {
    ($($number:literal $variant:ident $name:literal $route:ident [$($head:literal),*] $tail:ident $tail_name:literal $certainty:ident [$($answer:ident)*]: $doc:literal;)*) => {
        /// The kinds of packet, one for each number of the protocol that is in use.
        ///
        /// Numbers run from 1 to 42; 5 was never given to anything, and 0 stands for the text protocol.
        ///
        /// | number | name | [route](Self::route) | arguments | [answered](Self::answers) |
        /// |---|---|---|---|---|
        $(#[doc = concat!(
            "| ", $number, " | [`", $name, "`](Self::", stringify!($variant), ") | ", stringify!($route),
            " | ", $($head, " ␀ ",)* $tail_name,
            " | ", stringify!($certainty), $(" [`", stringify!($answer), "`](Self::", stringify!($answer), ")",)* " |"
        )])*
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

            /// The kinds with which the server answers it; empty where it never does.
            ///
            /// What gearmand does, where the protocol's document has it otherwise: GRAB_JOB_ALL is answered
            /// by JOB_ASSIGN_UNIQ for a job without a reducer, and PRE_SLEEP, when there is work already,
            /// by NOOP. An ERROR after `WORK_*` says that the job is not the worker's, or no longer.
            ///
            /// Replies carry no number: the first answer is that of the first request which
            /// [is always answered](Self::is_always_answered), and so on in order.
            pub const fn answers(self) -> &'static [Self] {
                match self { $(Self::$variant => &[$(Self::$answer),*],)* }
            }

            const fn certainty(self) -> Certainty {
                match self { $(Self::$variant => Certainty::$certainty,)* }
            }
        }
    };
}

kinds! {
    1 CanDo "CAN_DO" WorkerToServer [] Text "function" Never []: "The worker takes jobs of this function.";
    2 CantDo "CANT_DO" WorkerToServer [] Text "function" Never []: "The worker no longer takes jobs of this function.";
    3 ResetAbilities "RESET_ABILITIES" WorkerToServer [] Nothing "" Never []: "The worker takes no jobs any longer.";
    4 PreSleep "PRE_SLEEP" WorkerToServer [] Nothing "" Perhaps [Noop]: "The worker goes to sleep and asks for a NOOP when there is work.";
    6 Noop "NOOP" ServerToWorker [] Nothing "" Never []: "Wakes a sleeping worker.";
    7 SubmitJob "SUBMIT_JOB" ClientToServer ["function", "unique"] Payload "workload" Always [JobCreated Error]: "A foreground job of normal priority.";
    8 JobCreated "JOB_CREATED" ServerToClient [] Text "handle" Never []: "Answers a submission.";
    9 GrabJob "GRAB_JOB" WorkerToServer [] Nothing "" Always [JobAssign NoJob]: "Asks for a job.";
    10 NoJob "NO_JOB" ServerToWorker [] Nothing "" Never []: "Answers a grab: nothing to do.";
    11 JobAssign "JOB_ASSIGN" ServerToWorker ["handle", "function"] Payload "workload" Never []: "Answers GRAB_JOB: a job to run.";
    12 WorkStatus "WORK_STATUS" WorkerToClient ["handle", "numerator"] Text "denominator" Perhaps [Error]: "How far a job is.";
    13 WorkComplete "WORK_COMPLETE" WorkerToClient ["handle"] Payload "result" Perhaps [Error]: "A job has ended well.";
    14 WorkFail "WORK_FAIL" WorkerToClient [] Text "handle" Perhaps [Error]: "A job has failed.";
    15 GetStatus "GET_STATUS" ClientToServer [] Text "handle" Always [StatusRes]: "Asks how a job is.";
    16 EchoReq "ECHO_REQ" AnyToServer [] Payload "data" Always [EchoRes]: "Asks for the same bytes back.";
    17 EchoRes "ECHO_RES" ServerToAny [] Payload "data" Never []: "Answers ECHO_REQ.";
    18 SubmitJobBg "SUBMIT_JOB_BG" ClientToServer ["function", "unique"] Payload "workload" Always [JobCreated Error]: "A background job of normal priority.";
    19 Error "ERROR" ServerToAny ["code"] Text "text" Never []: "The server refuses a request.";
    20 StatusRes "STATUS_RES" ServerToClient ["handle", "known", "running", "numerator"] Text "denominator" Never []: "Answers GET_STATUS.";
    21 SubmitJobHigh "SUBMIT_JOB_HIGH" ClientToServer ["function", "unique"] Payload "workload" Always [JobCreated Error]: "A foreground job of high priority.";
    22 SetClientId "SET_CLIENT_ID" WorkerToServer [] Text "id" Never []: "The name under which `workers` lists this connection.";
    23 CanDoTimeout "CAN_DO_TIMEOUT" WorkerToServer ["function"] Text "milliseconds" Never []: "CAN_DO with a time limit kept by the server.";
    24 AllYours "ALL_YOURS" WorkerToServer [] Nothing "" Always [Error]: "Never implemented by gearmand, which answers ERROR.";
    25 WorkException "WORK_EXCEPTION" WorkerToClient ["handle"] Payload "exception" Perhaps [Error]: "A job has failed, with the reason.";
    26 OptionReq "OPTION_REQ" AnyToServer [] Text "option" Always [OptionRes Error]: "Turns an option of this connection on.";
    27 OptionRes "OPTION_RES" ServerToAny [] Text "option" Never []: "Answers OPTION_REQ.";
    28 WorkData "WORK_DATA" WorkerToClient ["handle"] Payload "data" Perhaps [Error]: "A part of a running job's result.";
    29 WorkWarning "WORK_WARNING" WorkerToClient ["handle"] Payload "warning" Perhaps [Error]: "Something that a running job's client should know.";
    30 GrabJobUniq "GRAB_JOB_UNIQ" WorkerToServer [] Nothing "" Always [JobAssignUniq NoJob]: "Asks for a job and its unique id.";
    31 JobAssignUniq "JOB_ASSIGN_UNIQ" ServerToWorker ["handle", "function", "unique"] Payload "workload" Never []: "Answers GRAB_JOB_UNIQ, and GRAB_JOB_ALL for a job without a reducer.";
    32 SubmitJobHighBg "SUBMIT_JOB_HIGH_BG" ClientToServer ["function", "unique"] Payload "workload" Always [JobCreated Error]: "A background job of high priority.";
    33 SubmitJobLow "SUBMIT_JOB_LOW" ClientToServer ["function", "unique"] Payload "workload" Always [JobCreated Error]: "A foreground job of low priority.";
    34 SubmitJobLowBg "SUBMIT_JOB_LOW_BG" ClientToServer ["function", "unique"] Payload "workload" Always [JobCreated Error]: "A background job of low priority.";
    35 SubmitJobSched "SUBMIT_JOB_SCHED" ClientToServer ["function", "unique", "minute", "hour", "day of month", "month", "day of week"] Payload "workload" Always [JobCreated Error]: "Never implemented by gearmand, which answers ERROR.";
    36 SubmitJobEpoch "SUBMIT_JOB_EPOCH" ClientToServer ["function", "unique", "epoch seconds"] Payload "workload" Always [JobCreated Error]: "A background job that is not to start before a time.";
    37 SubmitReduceJob "SUBMIT_REDUCE_JOB" ClientToServer ["function", "unique", "reducer", "unused"] Payload "workload" Always [JobCreated Error]: "A foreground job whose parts are put together by a second function.";
    38 SubmitReduceJobBackground "SUBMIT_REDUCE_JOB_BACKGROUND" ClientToServer ["function", "unique", "reducer", "unused"] Payload "workload" Always [JobCreated Error]: "The same in the background.";
    39 GrabJobAll "GRAB_JOB_ALL" WorkerToServer [] Nothing "" Always [JobAssign JobAssignUniq JobAssignAll NoJob]: "Asks for a job, its unique id and its reducer.";
    40 JobAssignAll "JOB_ASSIGN_ALL" ServerToWorker ["handle", "function", "unique", "reducer"] Payload "workload" Never []: "Answers GRAB_JOB_ALL for a job with a reducer.";
    41 GetStatusUnique "GET_STATUS_UNIQUE" ClientToServer [] Text "unique" Always [StatusResUnique]: "Asks how a job is, by its unique id.";
    42 StatusResUnique "STATUS_RES_UNIQUE" ServerToClient ["unique", "known", "running", "numerator", "denominator"] Text "client count" Never []: "Answers GET_STATUS_UNIQUE.";
}

impl Kind {
    /// Whether exactly one of its [`answers`](Self::answers) comes. Otherwise none has to come.
    ///
    /// Of the requests that this crate can make, gearmand leaves one without its answer: SUBMIT_JOB_EPOCH for
    /// a second past [`i64::MAX`].
    pub const fn is_always_answered(self) -> bool {
        matches!(self.certainty(), Certainty::Always)
    }

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

impl Kind {
    /// The name of the argument with this index, where the last one comes after all heads.
    pub(crate) fn argument_name(self, index: usize) -> &'static str {
        let head = self.heads().get(index).copied();
        head.unwrap_or_else(|| self.tail_name())
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
    fn requests_are_answered_by_responses() {
        for kind in Kind::ALL {
            let asks = kind.travels(Direction::Request);
            assert!(asks || kind.answers().is_empty(), "{kind} is answered");
            for answer in kind.answers() {
                assert!(answer.travels(Direction::Response), "{kind} by {answer}");
            }
        }
    }

    #[test]
    fn all_that_a_server_says_of_its_own_answers_something() {
        let from_server = |kind: &&Kind| !kind.travels(Direction::Request);
        for response in Kind::ALL.iter().filter(from_server) {
            let asked = |kind: &Kind| kind.answers().contains(response);
            assert!(Kind::ALL.iter().any(asked), "{response}");
        }
    }

    #[test]
    fn what_is_never_answered_has_no_answers_and_the_rest_has_some() {
        for kind in Kind::ALL {
            let never = matches!(kind.certainty(), Certainty::Never);
            assert_eq!(kind.answers().is_empty(), never, "{kind}");
        }
    }

    #[test]
    fn a_worker_that_asks_for_all_takes_any_assignment() {
        let assignments = [Kind::JobAssign, Kind::JobAssignUniq, Kind::JobAssignAll];
        let answers = Kind::GrabJobAll.answers();
        assert!(assignments.iter().all(|kind| answers.contains(kind)));
    }

    #[test]
    fn going_to_sleep_need_not_be_answered() {
        assert_eq!(Kind::PreSleep.answers(), [Kind::Noop]);
        assert!(!Kind::PreSleep.is_always_answered());
    }

    #[test]
    fn the_reduce_kinds_have_five_parts_on_the_wire() {
        assert_eq!(Kind::SubmitReduceJob.heads().len(), 4);
        assert_eq!(Kind::SubmitReduceJobBackground.heads().len(), 4);
    }
}
