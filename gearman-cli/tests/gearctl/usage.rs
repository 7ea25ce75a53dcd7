//! What is wrong is said before anything is sent.

use crate::fake_server::absent;
use crate::stage::{Running, Server, gearctl};

#[test]
fn a_command_line_that_makes_no_sense_is_code_2() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["submit"],
        &["work"],
        &["work", "f", "-c", "0"],
        &["terminate"],
        &["terminate", "a b"],
        &["terminate", "--match", "x"],
        &["terminate", "--all", "x"],
        &["status", "-t", "5"],
        &["status", "-o", "xml"],
        &["status", "-s", "host:port"],
        &["submit", "f", "a", "--lines"],
        &["submit", "f", "-b", "--stream"],
        &["work", "f", "--stream"],
    ] {
        let ended = Running::start(gearctl().args(arguments)).wait();
        ended.with(2);
        assert!(ended.stdout.is_empty(), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn a_name_that_can_not_be_is_code_2_and_nothing_is_sent() {
    let (long, long_unique) = ("f".repeat(513), "u".repeat(64));
    // Nobody listens there: had anything been sent, it would be code 3.
    let server = absent();
    for (arguments, reason) in [
        (&["submit", "", "x"][..], "function name is empty"),
        (
            &["submit", &long, "x"],
            "function name of 513 bytes is too long; at most 512",
        ),
        (
            &["submit", "f", "x", "-u", &long_unique],
            "unique id of 64 bytes is too long",
        ),
        (&["submit", "f", "x", "-u", ""], "unique id is empty"),
        (&["submit", "f", "x", "y", "-u", "id"], "one unique id"),
        (&["work", ""], "function name is empty"),
        (&["work", "f", "f"], "two handlers"),
        (&["work", "f", "--id", "a:b"], "colon"),
        (
            &["work", "f", "--", "no-such-command-here"],
            "no such command",
        ),
    ] {
        let ended = Running::start(gearctl().args(["-s", &server]).args(arguments)).wait();
        let said = ended.with(2);
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
}

#[test]
fn servers_of_the_environment_that_are_none_are_code_2() {
    let mut command = gearctl();
    command.env("GEARMAN_SERVERS", "a,,b").arg("status");
    let ended = Running::start(&mut command).wait();
    assert!(ended.with(2).contains("GEARMAN_SERVERS"));
}

#[test]
fn no_server_is_code_3_and_each_address_is_named_with_its_reason() {
    let (one, other) = (absent(), absent());
    let both = format!("{one},{other}");
    for arguments in [
        &["submit", "f", "x"][..],
        &["status"],
        &["workers"],
        &["version"],
        &["ping"],
        &["terminate", "--all"],
        &["work", "f", "-t", "200ms"],
    ] {
        let ended = Running::start(gearctl().args(["-s", &both]).args(arguments)).wait();
        let said = ended.with(3);
        for address in [&one, &other] {
            let reason = format!("{address}: Connection refused");
            assert!(said.contains(&reason), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn flags_win_over_the_environment_and_the_plural_over_the_singular() {
    let (server, nobody) = (Server::start(), absent());
    let version = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = gearctl();
        command
            .envs(variables.iter().copied())
            .args(flags)
            .arg("version");
        Running::start(&mut command).wait()
    };
    let there = server.address.as_str();
    version(&[("GEARMAN_SERVERS", &nobody)], &["-s", there]).with(0);
    version(
        &[("GEARMAN_SERVERS", there), ("GEARMAN_SERVER", &nobody)],
        &[],
    )
    .with(0);
    version(&[("GEARMAN_SERVER", there)], &[]).with(0);
}

#[test]
fn the_time_limit_is_code_4() {
    let server = Server::start();
    let ended = server.run(&["submit", "nobody-works-on-this", "x", "-t", "300ms"]);
    assert!(ended.with(4).contains("time limit of 300ms"));
}

#[test]
fn completions_are_a_script() {
    let ended = Running::start(gearctl().args(["completions", "bash"])).wait();
    ended.with(0);
    assert!(ended.text().contains("terminate"));
}

#[test]
fn serve_says_where_it_listens_and_ends_well_on_both_signals() {
    use rustix::process::Signal;
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start();
        server.process.signal(signal);
        server.process.wait().with(0);
    }
}
