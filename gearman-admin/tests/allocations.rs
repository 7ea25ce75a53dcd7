//! How much memory it takes to cut a reply out of a stream, and to parse it.

use std::alloc::System;
use std::sync::Mutex;

use bytes::{Bytes, BytesMut};
use gearman_admin::{
    Command, FramingError, JobRow, PriorityStatusRow, Reply, ReplyFramer, Row, Rows, StatusRow,
    UniqueJobRow, WorkerRow,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocator counts for the whole process, so one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What the operation allocates. The test harness allocates now and then, so the best of some runs.
fn least<T>(mut operation: impl FnMut() -> T) -> Stats {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let runs = (0..10).map(|_| {
        let region = Region::new(ALLOCATOR);
        let result = operation();
        let stats = region.change();
        drop(result);
        stats
    });
    runs.min_by_key(|stats| {
        (
            stats.allocations + stats.reallocations,
            stats.bytes_allocated,
        )
    })
    .expect("there were runs")
}

fn allocations(stats: &Stats) -> usize {
    stats.allocations + stats.reallocations
}

/// A reply to `status` with so many rows, as it comes out of a framer.
fn status(rows: usize) -> Bytes {
    framed(&Command::Status, b"function\t12\t3\t4\n", rows)
}

fn framed(command: &Command, row: &[u8], rows: usize) -> Bytes {
    let mut framer = ReplyFramer::new();
    framer.expect(command);
    let mut buffer = BytesMut::from([&row.repeat(rows), &b".\n"[..]].concat().as_slice());
    let reply = framer.next_reply(&mut buffer).expect("within the limit");
    reply.expect("whole")
}

/// Walks over all rows, good or not.
fn walk<R: Row>(reply: &Bytes) -> usize {
    Rows::<R>::parse(reply).expect("a list").iter().count()
}

#[test]
fn waiting_for_a_reply_allocates_nothing() {
    let mut framer = ReplyFramer::new();
    framer.expect(&Command::Status);
    let mut buffer = BytesMut::from(b"function\t12\t3\t4\n".repeat(1000).as_slice());
    let stats = least(|| framer.next_reply(&mut buffer).unwrap());
    assert_eq!(allocations(&stats), 0);
}

#[test]
fn a_reply_shares_the_memory_of_the_buffer() {
    let bytes = [b"function\t12\t3\t4\n".repeat(100_000), b".\n".to_vec()].concat();
    let copying = least(|| BytesMut::from(bytes.as_slice()));
    let framing = least(|| {
        let mut buffer = BytesMut::from(bytes.as_slice());
        let mut framer = ReplyFramer::new();
        framer.expect(&Command::Status);
        framer.next_reply(&mut buffer).unwrap().expect("whole")
    });
    // A reference count for the buffer, and the queue of expected replies.
    assert_eq!(allocations(&framing) - allocations(&copying), 2);
    assert!(framing.bytes_allocated - copying.bytes_allocated < 100);
}

#[test]
fn a_reply_without_end_never_fills_more_than_its_limit() {
    const LIMIT: usize = 1 << 20;
    const READ: usize = 4096;
    for endless in [&[b'x'; READ], &[b'\n'; READ]] {
        let (mut framer, mut buffer) = (ReplyFramer::with_limit(LIMIT), BytesMut::new());
        framer.expect(&Command::ShowUniqueJobs);
        while framer.next_reply(&mut buffer) == Ok(None) {
            assert!(buffer.len() < LIMIT);
            buffer.extend_from_slice(endless);
        }
        let too_long = Err(FramingError::TooLong { limit: LIMIT });
        assert_eq!(framer.next_reply(&mut buffer), too_long);
        // What was read before the limit was seen; buffers grow by doubling.
        assert!(buffer.len() < LIMIT + READ);
        assert!(buffer.capacity() <= 2 * LIMIT);

        let mut framer = ReplyFramer::with_limit(LIMIT);
        framer.expect(&Command::ShowUniqueJobs);
        let stats = least(|| framer.next_reply(&mut buffer));
        assert_eq!(allocations(&stats), 0, "to say that it is too long");
    }
}

#[test]
fn a_row_allocates_nothing() {
    let reply = status(1_000);
    assert_eq!(allocations(&least(|| walk::<StatusRow>(&reply))), 0);

    let reply = framed(&Command::PriorityStatus, b"f\t1\t2\t3\t4\n", 1_000);
    assert_eq!(allocations(&least(|| walk::<PriorityStatusRow>(&reply))), 0);

    let reply = framed(&Command::Workers, b"36 127.0.0.1 - : a b c\n", 1_000);
    assert_eq!(allocations(&least(|| walk::<WorkerRow>(&reply))), 0);

    let reply = framed(&Command::ShowJobs, b"H:vm:1\t0\t0\t1\n", 1_000);
    assert_eq!(allocations(&least(|| walk::<JobRow>(&reply))), 0);

    let reply = framed(&Command::ShowUniqueJobs, b"H:vm:1\tu\n", 1_000);
    assert_eq!(allocations(&least(|| walk::<UniqueJobRow>(&reply))), 0);
}

#[test]
fn a_malformed_row_allocates_nothing() {
    let reply = framed(&Command::Status, b"nonsense\n", 1_000);
    assert_eq!(allocations(&least(|| walk::<StatusRow>(&reply))), 0);
}

#[test]
fn the_functions_of_a_worker_allocate_nothing() {
    let reply = framed(
        &Command::Workers,
        &[b"36 127.0.0.1 - :".as_slice(), &b" f".repeat(5000), b"\n"].concat(),
        1,
    );
    let row = Rows::<WorkerRow>::parse(&reply)
        .unwrap()
        .good()
        .next()
        .unwrap();
    assert_eq!(allocations(&least(|| row.functions.iter().count())), 0);
}

#[test]
fn parsing_a_list_does_not_parse_ahead() {
    let reply = status(1_000);
    let stats = least(|| Reply::parse(&Command::Status, &reply).unwrap());
    assert_eq!(allocations(&stats), 0);
}
