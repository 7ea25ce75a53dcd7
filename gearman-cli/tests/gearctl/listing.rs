//! `status`, `workers`, `version` and `ping`.

use serde_json::json;

use crate::fake_server::{absent, answering};
use crate::stage::{Running, Server, gearctl};

#[test]
fn status_is_tabs_when_piped_a_table_for_people_and_json_for_programs() {
    let server = Server::start();
    server.run(&["submit", "-b", "resize", "cat.png"]).with(0);
    let raw = server.run(&["status"]);
    raw.with(0);
    assert_eq!(raw.text(), "resize\t1\t0\t0\n");
    let table = server.run(&["status", "-o", "table"]);
    assert_eq!(
        table.text(),
        "FUNCTION  TOTAL  RUNNING  WORKERS\nresize        1        0        0\n"
    );
    let expected = json!([
        {"server": server.address, "function": "resize", "total": 1, "running": 0, "workers": 0},
    ]);
    assert_eq!(server.run(&["status", "-o", "json"]).json(), expected);
}

#[test]
fn workers_lists_connections_with_their_functions() {
    let server = Server::start();
    let _worker = server.worker("resize", &["crop", "--id", "web-1"]);
    let list = server.run(&["workers", "-o", "json"]).json();
    let rows = list.as_array().unwrap();
    let mut functions: Vec<_> = rows
        .iter()
        .filter(|row| row["id"] == "web-1")
        .flat_map(|row| row["functions"].as_array().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    functions.sort_unstable();
    assert_eq!(functions, ["_worker_web-1", "crop", "resize"]);
}

#[test]
fn several_servers_are_told_apart_and_one_that_is_down_hides_none() {
    let (one, other, nobody) = (Server::start(), Server::start(), absent());
    one.run(&["submit", "-b", "f", ""]).with(0);
    other.run(&["submit", "-b", "g", ""]).with(0);
    let all = format!("{},{nobody},{}", one.address, other.address);
    let ended = Running::start(gearctl().args(["status", "-s", &all])).wait();
    assert!(ended.with(3).contains(&nobody));
    let expected = format!(
        "{}\tf\t1\t0\t0\n{}\tg\t1\t0\t0\n",
        one.address, other.address
    );
    assert_eq!(ended.text(), expected);
}

#[test]
fn an_odd_row_is_told_and_hides_none_and_an_odd_name_is_not_lost() {
    let server = answering(b"good\t1\t0\t0\nnonsense\nodd\xff\t2\t0\t0\n.\n");
    let ended = Running::start(gearctl().args(["status", "-s", &server, "-o", "json"])).wait();
    let said = ended.with(0);
    assert!(
        said.contains("nonsense") && said.contains(&server),
        "{said}"
    );
    let list = ended.json();
    assert_eq!(list[0]["function"], "good");
    assert_eq!(list[1]["function"], "odd\\xff");
    assert_eq!(list[1]["function_hex"], "6f6464ff");
}

#[test]
fn a_refusal_is_code_5_with_the_servers_words() {
    let server = answering(b"ERR UNKNOWN_COMMAND Unknown+server+command\n");
    let ended = Running::start(gearctl().args(["workers", "-s", &server])).wait();
    let said = ended.with(5);
    assert!(
        said.contains("UNKNOWN_COMMAND Unknown+server+command"),
        "{said}"
    );
}

#[test]
fn version_and_ping_answer_with_one_line() {
    let server = Server::start();
    let version = server.run(&["version"]);
    version.with(0);
    assert_eq!(version.text().lines().count(), 1);
    let ping = server.run(&["ping", "-n", "5", "-o", "json"]);
    ping.with(0);
    let times = &ping.json()[0];
    let time = |field: &str| times[field].as_u64().unwrap();
    assert_eq!(time("count"), 5);
    assert!(time("min_us") <= time("median_us") && time("median_us") <= time("max_us"));
}
