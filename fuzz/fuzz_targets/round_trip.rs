//! What can be sent comes back from its bytes as it was, in both protocols.
#![no_main]

mod typed;

use std::fmt::Debug;

use bytes::BytesMut;
use gearman_admin::{Command, LineSplitter, ReplyFramer, Row, Rows};
use gearman_proto::{FrameDecoder, Packet, Request, Response};
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

use crate::typed::{admin, list, proto};

// The input is a byte for what is sent, and the makings of it.
fuzz_target!(|input: &[u8]| {
    let Some((sort, makings)) = input.split_first() else {
        return;
    };
    let makings = &mut Unstructured::new(makings);
    match sort {
        0 => commands(&list(makings, admin::command)),
        1 => rows(&Command::Status, list(makings, admin::status_row)),
        2 => rows(
            &Command::PriorityStatus,
            list(makings, admin::priority_status_row),
        ),
        3 => rows(&Command::Workers, list(makings, admin::worker_row)),
        4 => rows(&Command::ShowJobs, list(makings, admin::job_row)),
        5 => rows(
            &Command::ShowUniqueJobs,
            list(makings, admin::unique_job_row),
        ),
        6 => requests(&list(makings, proto::request)),
        7 => responses(&list(makings, proto::response)),
        _ => {}
    }
});

fn commands(sent: &[Command]) {
    let mut wire = BytesMut::new();
    sent.iter().for_each(|command| command.encode(&mut wire));
    let mut splitter = LineSplitter::new();
    for command in sent {
        let line = splitter.next_line(&mut wire).expect("short enough");
        assert_eq!(Command::parse(&line.expect("whole")).as_ref(), Ok(command));
    }
    assert!(wire.is_empty());
}

fn rows<R: Row + Clone + PartialEq + Debug>(command: &Command, sent: Vec<R>) {
    let mut wire = BytesMut::new();
    Rows::from_iter(sent.iter().cloned()).encode(&mut wire);
    let mut framer = ReplyFramer::new();
    framer.expect(command);
    let reply = framer.next_reply(&mut wire).expect("within the limit");
    assert!(wire.is_empty());
    let rows = Rows::<R>::parse(&reply.expect("whole")).expect("a list");
    let received: Result<Vec<R>, _> = rows.into_iter().collect();
    assert_eq!(received, Ok(sent));
}

fn requests(sent: &[Request]) {
    let mut wire = BytesMut::new();
    for request in sent {
        request.encode(&mut wire).expect("short enough");
    }
    let received: Result<Vec<Request>, _> =
        packets(wire).into_iter().map(Request::decode).collect();
    assert_eq!(received.as_deref(), Ok(sent));
}

fn responses(sent: &[Response]) {
    let mut wire = BytesMut::new();
    for response in sent {
        response.encode(&mut wire).expect("short enough");
    }
    let received: Result<Vec<Response>, _> =
        packets(wire).into_iter().map(Response::decode).collect();
    assert_eq!(received.as_deref(), Ok(sent));
}

fn packets(mut wire: BytesMut) -> Vec<Packet> {
    let mut decoder = FrameDecoder::default();
    let mut packets = Vec::new();
    while let Some(packet) = decoder.decode(&mut wire).expect("in step") {
        packets.push(packet.expect("known"));
    }
    assert!(wire.is_empty());
    packets
}
