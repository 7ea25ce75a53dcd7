//! Commands and the replies of gearmand 1.1.20, captured from a fresh server for each scenario.
//!
//! Taken from `vectors.json` of this project (the byte-exact captures behind its protocol
//! reference), and made into byte strings; the names are those of its scenarios. Exchanges that
//! repeat an earlier one are left out. An empty reply stands for a connection that gearmand closed.

/// A command as it was sent, and the reply.
pub(crate) type Exchange = (&'static [u8], &'static [u8]);

pub(crate) const SCENARIOS: &[(&str, &[Exchange])] = &[
    ("maxqueue_before_function", &[
        (b"maxqueue g 1\n", b"OK\r\n"),
    ]),
    ("maxqueue_priorities", &[
        (b"create function f\r\n", b"OK\r\n"),
        (b"maxqueue f 3 2 1\n", b"OK\r\n"),
        (b"maxqueue f\n", b"OK\r\n"),
        (b"maxqueue f 0\n", b"OK\r\n"),
        (b"maxqueue f -1\n", b"OK\r\n"),
        (b"maxqueue f 5 5\n", b"OK\r\n"),
        (b"maxqueue f 1 2 3\n", b"OK\r\n"),
        (b"maxqueue f 1 2 3 4\n", b""),
    ]),
    ("admin_getpid", &[
        (b"getpid\n", b"OK 1881\n"),
    ]),
    ("admin_status_empty", &[
        (b"status\n", b".\n"),
        (b"prioritystatus\n", b".\n"),
        (b"show jobs\n", b".\n"),
        (b"show unique jobs\n", b".\n"),
    ]),
    ("admin_workers_dup", &[
        (b"workers\n", b"37 127.0.0.1 - : beta alpha alpha\n36 127.0.0.1 - :\n.\n"),
    ]),
    ("admin_odd_function_names", &[
        (b"status\n", b"\t0\t0\t1\nta\tb\t0\t0\t1\nco:lon\t0\t0\t1\nsp ace\t0\t0\t1\n\xff\xfe\x80\t0\t0\t1\n\xc3\xa9\t0\t0\t1\n.\t0\t0\t1\nnl\nx\t0\t0\t1\nn\t0\t0\t1\n.\n"),
        (b"workers\n", b"37 127.0.0.1 - : \xc3\xa9 .  n \xff\xfe\x80 co:lon nl\nx ta\tb sp ace\n36 127.0.0.1 - :\n.\n"),
        (b"prioritystatus\n", b"\t0\t0\t0\t1\nta\tb\t0\t0\t0\t1\nco:lon\t0\t0\t0\t1\nsp ace\t0\t0\t0\t1\n\xff\xfe\x80\t0\t0\t0\t1\n\xc3\xa9\t0\t0\t0\t1\n.\t0\t0\t0\t1\nnl\nx\t0\t0\t0\t1\nn\t0\t0\t0\t1\n.\n"),
    ]),
    ("admin_create_function", &[
        (b"create function alpha\r\n", b"OK\r\n"),
        (b"status\n", b"alpha\t0\t0\t0\n.\n"),
        (b"create function gamma\n", b"OK\r\n"),
        (b"status\n", b"alpha\t0\t0\t0\ngamm\t0\t0\t0\n.\n"),
        (b"create function\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n"),
        (b"create\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n"),
        (b"create bogus x\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n"),
        (b"create function a b\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n"),
    ]),
    ("admin_drop_function", &[
        (b"drop function alpha\n", b"OK\r\n"),
        (b"drop function alpha\n", b"ERR function not found\r\n"),
        (b"drop function beta\r\n", b"ERR there are still connected workers or executing clients\r\n"),
        (b"drop function\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+drop\r\n"),
        (b"drop\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+drop\r\n"),
        (b"drop bogus x\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+drop\r\n"),
        (b"drop function BETA\n", b"OK\r\n"),
    ]),
    ("admin_cancel_job", &[
        (b"cancel job H:vm:1\r\n", b"OK\r\n"),
        (b"status\n", b"f\t1\t0\t0\n.\n"),
        (b"show jobs\n", b"H:vm:1\t0\t1\t0\n.\n"),
        (b"cancel job H:vm:1\r\n", b"ERR UNKNOWN_JOB\r\n"),
        (b"cancel job H:nosuch:1\n", b"ERR UNKNOWN_JOB\r\n"),
        (b"cancel job\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandcancel\r\n"),
        (b"cancel\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandcancel\r\n"),
        (b"cancel bogus x\n", b"ERR UNKNOWN_ERROR\r\n"),
        (b"cancel job a b\n", b"ERR UNKNOWN_ERROR\r\n"),
    ]),
    ("admin_cancel_bg_job", &[
        (b"show jobs\n", b"H:vm:1\t0\t0\t1\n.\n"),
        (b"cancel job H:vm:1\n", b"OK\r\n"),
    ]),
    ("admin_unknown", &[
        (b"bogus\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandbogus\r\n"),
        (b"bogus arg\r\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandbogus\r\n"),
        (b"\n", b"ERR UNKNOWN_COMMAND Unknown+server+command\r\n"),
        (b"\r\n", b"ERR UNKNOWN_COMMAND Unknown+server+command\r\n"),
        (b"shutdown\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandshutdown\r\n"),
        (b"shutdown graceful\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandshutdown\r\n"),
        (b"gladiator\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandgladiator\r\n"),
        (b"help\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandhelp\r\n"),
        (b"statuss\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandstatuss\r\n"),
        (b"stat\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandstat\r\n"),
    ]),
    ("admin_leading_space", &[
        (b" status\n", b"ERR UNKNOWN_COMMAND Unknown+server+command\r\n"),
        (b"  \n", b"ERR UNKNOWN_COMMAND Unknown+server+command\r\n"),
        (b"\tstatus\n", b"ERR UNKNOWN_COMMAND Unknown+server+command\tstatus\r\n"),
    ]),
    ("admin_double_space", &[
        (b"show    jobs\n", b".\n"),
        (b"create   function   xyz\r\n", b"OK\r\n"),
        (b"status\n", b"xyz\t0\t0\t0\n.\n"),
    ]),
    ("admin_too_many_args", &[
        (b"a b c d e f\n", b""),
    ]),
    ("admin_five_args", &[
        (b"version b c d e\n", b"OK 1.1.20+ds\n"),
    ]),
    ("admin_worker_conn", &[
        (b"status\n", b"f\t0\t0\t1\n.\n"),
    ]),
    ("admin_maxqueue", &[
        (b"maxqueue\n", b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+maxqueue\r\n"),
        (b"maxqueue f 10\r\n", b"OK\r\n"),
        (b"maxqueue f abc\n", b"OK\r\n"),
        (b"maxqueue f 5 6\n", b"OK\r\n"),
        (b"MAXQUEUE nosuch 1\n", b"OK\r\n"),
    ]),
    ("admin_maxqueue_two_numbers", &[
        (b"maxqueue f 1 2\n", b"OK\r\n"),
    ]),
    ("admin_nul_in_line", &[
        (b"ver\0sion\n", b"ERR UNKNOWN_COMMAND Unknown+server+commandver\r\n"),
        (b"version\0junk\n", b"OK 1.1.20+ds\n"),
    ]),
    ("admin_many_workers", &[
        (b"workers\n", b"39 127.0.0.1 id3 : fn3\n40 127.0.0.1 id4 : fn4\n36 127.0.0.1 id0 : fn0\n41 127.0.0.1 id5 : fn5\n37 127.0.0.1 id1 : fn1\n42 127.0.0.1 - :\n38 127.0.0.1 id2 : fn2\n.\n"),
    ]),
    ("ipv6_workers", &[
        (b"workers\n", b"36 ::6c69:7374:656e:5f63%1806337984 - :\n.\n"),
    ]),
    ("drop_function_with_jobs", &[
        (b"drop function f\r\n", b"OK\r\n"),
    ]),
];
