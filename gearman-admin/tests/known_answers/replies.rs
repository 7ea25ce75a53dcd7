//! What each captured reply means.

use bytes::Bytes;
use gearman_admin::{
    Command, Functions, JobRow, LogLevel, MalformedRow, PriorityStatusRow, Reply, ReplyError, Row,
    Rows, ServerError, StatusRow, UniqueJobRow, WorkerRow,
};

/// A reply with its rows taken apart.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    Refused(ServerError),
    Single(Reply),
    Status(List<StatusRow>),
    PriorityStatus(List<PriorityStatusRow>),
    Workers(List<WorkerRow>),
    Jobs(List<JobRow>),
    UniqueJobs(List<UniqueJobRow>),
}

/// Rows, and lines that are none.
type List<R> = Vec<Result<R, Bytes>>;

/// What the reply to a command means.
pub(crate) fn meaning(command: &Command, reply: &Bytes) -> Meaning {
    match Reply::parse(command, reply) {
        Ok(Reply::Status(rows)) => Meaning::Status(list(&rows)),
        Ok(Reply::PriorityStatus(rows)) => Meaning::PriorityStatus(list(&rows)),
        Ok(Reply::Workers(rows)) => Meaning::Workers(list(&rows)),
        Ok(Reply::Jobs(rows)) => Meaning::Jobs(list(&rows)),
        Ok(Reply::UniqueJobs(rows)) => Meaning::UniqueJobs(list(&rows)),
        Ok(single) => Meaning::Single(single),
        Err(ReplyError::Server(error)) => Meaning::Refused(error),
        Err(error @ ReplyError::Malformed { .. }) => panic!("{error}"),
    }
}

fn list<R: Row>(rows: &Rows<R>) -> List<R> {
    let line = |malformed: MalformedRow| malformed.line;
    rows.iter().map(|row| row.map_err(line)).collect()
}

/// Commands and replies, and what each reply means. The words of a command that say no more about its
/// reply are left out.
pub(crate) fn table() -> Vec<(&'static str, &'static [u8], Meaning)> {
    use Meaning::{Jobs, PriorityStatus, Refused, Single, Status, UniqueJobs, Workers};
    vec![
        (
            "version",
            b"OK 1.1.20+ds\n",
            Single(Reply::Version(Bytes::from("1.1.20+ds"))),
        ),
        ("verbose", b"OK DEBUG\n", Single(Reply::LogLevel(LogLevel::Debug))),
        ("getpid", b"OK 1881\n", Single(Reply::Pid(1881))),
        ("getpid", b"OK 23080\n", Single(Reply::Pid(23080))),
        ("maxqueue", b"OK\r\n", Single(Reply::Done)),
        ("create function", b"OK\r\n", Single(Reply::Done)),
        ("drop function", b"OK\r\n", Single(Reply::Done)),
        (
            "drop function",
            b"ERR function not found\r\n",
            Refused(ServerError::FunctionNotFound),
        ),
        (
            "drop function",
            b"ERR there are still connected workers or executing clients\r\n",
            Refused(ServerError::FunctionInUse),
        ),
        ("cancel job", b"OK\r\n", Single(Reply::Done)),
        ("cancel job", b"ERR UNKNOWN_JOB\r\n", Refused(ServerError::UnknownJob)),
        ("status", b".\n", Status(vec![])),
        ("status", b"f\t0\t0\t0\n.\n", Status(vec![status("f", 0, 0, 0)])),
        ("status", b"f\t0\t0\t1\n.\n", Status(vec![status("f", 0, 0, 1)])),
        ("status", b"f\t1\t0\t0\n.\n", Status(vec![status("f", 1, 0, 0)])),
        ("status", b"f\t1\t0\t1\n.\n", Status(vec![status("f", 1, 0, 1)])),
        ("status", b"f\t2\t0\t0\n.\n", Status(vec![status("f", 2, 0, 0)])),
        ("status", b"\t1\t1\t1\n.\n", Status(vec![status("", 1, 1, 1)])),
        ("status", b"xyz\t0\t0\t0\n.\n", Status(vec![status("xyz", 0, 0, 0)])),
        ("status", b"alpha\t0\t0\t0\n.\n", Status(vec![status("alpha", 0, 0, 0)])),
        (
            "status",
            b"alpha\t0\t0\t0\ngamm\t0\t0\t0\n.\n",
            Status(vec![status("alpha", 0, 0, 0), status("gamm", 0, 0, 0)]),
        ),
        // gearmand has counted a job with a time limit out twice.
        (
            "status",
            b"f\t0\t4294967295\t1\n.\n",
            Status(vec![status("f", 0, 4_294_967_295, 1)]),
        ),
        (
            "status",
            b"\t0\t0\t1\nta\tb\t0\t0\t1\nco:lon\t0\t0\t1\nsp ace\t0\t0\t1\n\xff\xfe\x80\t0\t0\t1\n\xc3\xa9\t0\t0\t1\n.\t0\t0\t1\nnl\nx\t0\t0\t1\nn\t0\t0\t1\n.\n",
            Status(vec![
                status("", 0, 0, 1),
                status("ta\tb", 0, 0, 1),
                status("co:lon", 0, 0, 1),
                status("sp ace", 0, 0, 1),
                status(b"\xff\xfe\x80", 0, 0, 1),
                status("\u{e9}", 0, 0, 1),
                status(".", 0, 0, 1),
                no_row("nl"),
                status("x", 0, 0, 1),
                status("n", 0, 0, 1),
            ]),
        ),
        ("prioritystatus", b".\n", PriorityStatus(vec![])),
        (
            "prioritystatus",
            b"\t0\t0\t0\t1\nta\tb\t0\t0\t0\t1\nco:lon\t0\t0\t0\t1\nsp ace\t0\t0\t0\t1\n\xff\xfe\x80\t0\t0\t0\t1\n\xc3\xa9\t0\t0\t0\t1\n.\t0\t0\t0\t1\nnl\nx\t0\t0\t0\t1\nn\t0\t0\t0\t1\n.\n",
            PriorityStatus(vec![
                priority_status("", 0, 0, 0, 1),
                priority_status("ta\tb", 0, 0, 0, 1),
                priority_status("co:lon", 0, 0, 0, 1),
                priority_status("sp ace", 0, 0, 0, 1),
                priority_status(b"\xff\xfe\x80", 0, 0, 0, 1),
                priority_status("\u{e9}", 0, 0, 0, 1),
                priority_status(".", 0, 0, 0, 1),
                no_row("nl"),
                priority_status("x", 0, 0, 0, 1),
                priority_status("n", 0, 0, 0, 1),
            ]),
        ),
        (
            "workers",
            b"36 127.0.0.1 - :\n.\n",
            Workers(vec![worker(36, "127.0.0.1", "-", &[])]),
        ),
        (
            "workers",
            b"37 127.0.0.1 - :\n.\n",
            Workers(vec![worker(37, "127.0.0.1", "-", &[])]),
        ),
        (
            "workers",
            b"37 127.0.0.1 - :\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", "-", &[]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        (
            "workers",
            b"36 ::6c69:7374:656e:5f63%1806337984 - :\n.\n",
            Workers(vec![worker(36, "::6c69:7374:656e:5f63%1806337984", "-", &[])]),
        ),
        (
            "workers",
            b"37 127.0.0.1 - : beta alpha alpha\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", "-", &[b"beta", b"alpha", b"alpha"]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        (
            "workers",
            b"39 127.0.0.1 id3 : fn3\n40 127.0.0.1 id4 : fn4\n36 127.0.0.1 id0 : fn0\n41 127.0.0.1 id5 : fn5\n37 127.0.0.1 id1 : fn1\n42 127.0.0.1 - :\n38 127.0.0.1 id2 : fn2\n.\n",
            Workers(vec![
                worker(39, "127.0.0.1", "id3", &[b"fn3"]),
                worker(40, "127.0.0.1", "id4", &[b"fn4"]),
                worker(36, "127.0.0.1", "id0", &[b"fn0"]),
                worker(41, "127.0.0.1", "id5", &[b"fn5"]),
                worker(37, "127.0.0.1", "id1", &[b"fn1"]),
                worker(42, "127.0.0.1", "-", &[]),
                worker(38, "127.0.0.1", "id2", &[b"fn2"]),
            ]),
        ),
        (
            "workers",
            b"37 127.0.0.1 my-id : f\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", "my-id", &[b"f"]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        (
            "workers",
            b"37 127.0.0.1 with space : f\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", "with space", &[b"f"]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        (
            "workers",
            b"37 127.0.0.1  : f\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", "", &[b"f"]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        // It was called "a\0b".
        (
            "workers",
            b"37 127.0.0.1 a : f\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", "a", &[b"f"]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        (
            "workers",
            b"37 127.0.0.1 nl\nx : f\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                no_row("37 127.0.0.1 nl"),
                no_row("x : f"),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        (
            "workers",
            b"37 127.0.0.1 \xff\xfe : f\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", b"\xff\xfe", &[b"f"]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        // It was called 200 times "i", of which gearmand keeps 127.
        (
            "workers",
            b"37 127.0.0.1 iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii : f\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(37, "127.0.0.1", [b'i'; 127], &[b"f"]),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        // The functions "nl\nx" and "sp ace" can't be told from others.
        (
            "workers",
            b"37 127.0.0.1 - : \xc3\xa9 .  n \xff\xfe\x80 co:lon nl\nx ta\tb sp ace\n36 127.0.0.1 - :\n.\n",
            Workers(vec![
                worker(
                    37,
                    "127.0.0.1",
                    "-",
                    &[b"\xc3\xa9", b".", b"", b"n", b"\xff\xfe\x80", b"co:lon", b"nl"],
                ),
                no_row("x ta\tb sp ace"),
                worker(36, "127.0.0.1", "-", &[]),
            ]),
        ),
        ("show jobs", b".\n", Jobs(vec![])),
        (
            "show jobs",
            b"H:vm:1\t0\t0\t1\n.\n",
            Jobs(vec![job("H:vm:1", 0, false, true)]),
        ),
        (
            "show jobs",
            b"H:vm:1\t0\t1\t0\n.\n",
            Jobs(vec![job("H:vm:1", 0, true, false)]),
        ),
        (
            "show jobs",
            b"H:vm:1\t1\t0\t0\n.\n",
            Jobs(vec![job("H:vm:1", 1, false, false)]),
        ),
        (
            "show jobs",
            b"H:vm:1\t1\t0\t1\n.\n",
            Jobs(vec![job("H:vm:1", 1, false, true)]),
        ),
        (
            "show jobs",
            b"H:vm:2\t0\t0\t0\n.\n",
            Jobs(vec![job("H:vm:2", 0, false, false)]),
        ),
        (
            "show jobs",
            b"H:vm:1\t0\t0\t1\nH:vm:2\t0\t0\t1\n.\n",
            Jobs(vec![job("H:vm:1", 0, false, true), job("H:vm:2", 0, false, true)]),
        ),
        (
            "show jobs",
            b"H:vm:1\t1\t0\t0\nH:vm:2\t0\t0\t0\n.\n",
            Jobs(vec![job("H:vm:1", 1, false, false), job("H:vm:2", 0, false, false)]),
        ),
        (
            "show jobs",
            b"H:vm:1\t0\t0\t1\nH:vm:2\t0\t0\t1\nH:vm:4\t0\t0\t0\nH:vm:3\t0\t0\t1\n.\n",
            Jobs(vec![
                job("H:vm:1", 0, false, true),
                job("H:vm:2", 0, false, true),
                job("H:vm:4", 0, false, false),
                job("H:vm:3", 0, false, true),
            ]),
        ),
        ("show unique jobs", b".\n", UniqueJobs(vec![])),
        (
            "show unique jobs",
            b"\nuq1\n.\n",
            UniqueJobs(vec![unique(""), unique("uq1")]),
        ),
        (
            "show unique jobs",
            b"-\n-\n-\n-\n.\n",
            UniqueJobs(vec![unique("-"), unique("-"), unique("-"), unique("-")]),
        ),
        // One job's unique had 63 bytes, the other's 64, of which gearmand shows 63.
        (
            "show unique jobs",
            b"uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu\nvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\n.\n",
            UniqueJobs(vec![unique([b'u'; 63]), unique([b'v'; 63])]),
        ),
    ]
}

fn bytes(raw: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(raw.as_ref())
}

fn no_row<R>(line: &'static str) -> Result<R, Bytes> {
    Err(Bytes::from(line))
}

fn status(
    function: impl AsRef<[u8]>,
    total: u64,
    running: u64,
    workers: u64,
) -> Result<StatusRow, Bytes> {
    Ok(StatusRow {
        function: bytes(function),
        total,
        running,
        workers,
    })
}

fn priority_status(
    function: impl AsRef<[u8]>,
    high: u64,
    normal: u64,
    low: u64,
    workers: u64,
) -> Result<PriorityStatusRow, Bytes> {
    Ok(PriorityStatusRow {
        function: bytes(function),
        high,
        normal,
        low,
        workers,
    })
}

fn worker(
    fd: i32,
    address: &'static str,
    id: impl AsRef<[u8]>,
    functions: &[&[u8]],
) -> Result<WorkerRow, Bytes> {
    Ok(WorkerRow {
        fd,
        address: bytes(address),
        id: bytes(id),
        functions: Functions::from_iter(functions),
    })
}

fn job(handle: &'static str, retries: u64, ignored: bool, queued: bool) -> Result<JobRow, Bytes> {
    Ok(JobRow {
        handle: bytes(handle),
        retries,
        ignored,
        queued,
    })
}

fn unique(unique: impl AsRef<[u8]>) -> Result<UniqueJobRow, Bytes> {
    Ok(UniqueJobRow {
        handle: None,
        unique: bytes(unique),
    })
}
