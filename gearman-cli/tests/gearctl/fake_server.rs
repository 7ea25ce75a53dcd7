//! A server that says what it is told to say, for what no server of ours ever says.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

/// Answers each line with these bytes. Lives as long as the test's process. Returns its address.
pub(crate) fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while let Some(Ok(_)) = lines.next() {
                    if (&stream).write_all(answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// An address where nobody listens.
pub(crate) fn absent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
