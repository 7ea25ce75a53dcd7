//! A row of `workers`.

use bytes::{BufMut as _, Bytes, BytesMut};
use memchr::memmem;
use nom::Parser as _;
use nom::bytes::complete::{tag, take, take_till1};
use nom::character::complete::{char, i32};
use nom::combinator::rest;
use nom::sequence::terminated;

use super::functions::Functions;
use super::{Parsed, Read, Row, whole};

/// A connection: a worker, a client, or the one that asks.
///
/// A client id may be empty and may hold blanks and colons. It goes up to the first blank and colon
/// that have a blank or nothing behind them, which is wrong only for an id that holds ` : ` itself.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct WorkerRow {
    /// The file descriptor in the server: unique among the connections that are open now.
    pub fd: i32,
    /// Where it comes from, or `-`. Text, and not always an address: for a peer with IPv6, gearmand
    /// prints garbage.
    pub address: Bytes,
    /// What it calls itself; `-` until it does.
    pub id: Bytes,
    /// The functions that it offers to work on.
    pub functions: Functions,
}

impl Read for WorkerRow {
    fn read(line: &[u8], reply: &Bytes) -> Option<Self> {
        let (fd, address, id, functions) = whole(line, worker_row)?;
        Some(Self {
            fd,
            address: reply.slice_ref(address),
            id: reply.slice_ref(id),
            functions: Functions::of(reply.slice_ref(functions)),
        })
    }
}

impl Row for WorkerRow {
    const GRAMMAR: &'static str = "fd SP address SP id SP \":\" *( SP name )";

    fn encode(&self, out: &mut BytesMut) {
        out.put_slice(format!("{} ", self.fd).as_bytes());
        out.put_slice(&self.address);
        out.put_u8(b' ');
        out.put_slice(&self.id);
        out.put_slice(b" :");
        self.functions.encode(out);
        out.put_u8(b'\n');
    }
}

/// Descriptor, address, id and functions.
type Parts<'a> = (i32, &'a [u8], &'a [u8], &'a [u8]);

/// `fd SP address SP id SP ":" *( SP name )`; [`client_id`] has seen that a blank or nothing comes
/// behind the colon.
fn worker_row(input: &[u8]) -> Parsed<'_, Parts<'_>> {
    (
        terminated(i32, char(' ')),
        terminated(take_till1(|byte| byte == b' '), char(' ')),
        terminated(client_id, tag(" :")),
        rest,
    )
        .parse(input)
}

/// `id`, which is everything before the first ` :` with a blank or nothing behind it.
fn client_id(input: &[u8]) -> Parsed<'_, &[u8]> {
    let ends_id = |at: &usize| matches!(input.get(at.saturating_add(2)), None | Some(b' '));
    match memmem::find_iter(input, b" :").find(ends_id) {
        Some(length) => take(length).parse(input),
        None => Err(nom::Err::Error(())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::MalformedRow;
    use super::*;

    /// fd, address, id and functions, joined by `|` for easy reading.
    fn parse(line: &'static [u8]) -> Result<String, MalformedRow> {
        let row = WorkerRow::parse(&Bytes::from_static(line))?;
        let mut parts = vec![row.fd.to_string().into(), row.address, row.id];
        parts.extend(row.functions.iter());
        Ok(parts.join(&b'|').escape_ascii().to_string())
    }

    #[test]
    fn a_connection_may_offer_nothing() {
        assert_eq!(parse(b"36 127.0.0.1 - :").unwrap(), "36|127.0.0.1|-");
        assert_eq!(parse(b"36 127.0.0.1 - : ").unwrap(), "36|127.0.0.1|-|");
        assert_eq!(
            parse(b"36 127.0.0.1 - : b a a").unwrap(),
            "36|127.0.0.1|-|b|a|a"
        );
    }

    #[test]
    fn an_id_may_be_odd() {
        assert_eq!(parse(b"36 127.0.0.1  : f").unwrap(), "36|127.0.0.1||f");
        assert_eq!(
            parse(b"36 127.0.0.1 with space : f").unwrap(),
            "36|127.0.0.1|with space|f"
        );
        assert_eq!(
            parse(b"36 127.0.0.1 a :b : f").unwrap(),
            "36|127.0.0.1|a :b|f"
        );
        assert_eq!(parse(b"36 127.0.0.1 : : f").unwrap(), "36|127.0.0.1|:|f");
    }

    #[test]
    fn an_id_with_a_colon_between_blanks_is_cut_there() {
        assert_eq!(
            parse(b"38 127.0.0.1 a : b c :").unwrap(),
            "38|127.0.0.1|a|b|c|:"
        );
    }

    #[test]
    fn an_address_is_not_looked_into() {
        assert_eq!(
            parse(b"36 ::6c69:7374:656e:5f63%1806337984 - :").unwrap(),
            "36|::6c69:7374:656e:5f63%1806337984|-"
        );
        assert_eq!(parse(b"-1 - - :").unwrap(), "-1|-|-");
    }

    #[test]
    fn half_a_row_is_malformed() {
        // "nl\nx" among the functions breaks the row in two; the second half begins with no
        // descriptor.
        for line in [
            &b"x ta\tb sp ace"[..],
            b"x 127.0.0.1 - : f",
            b"36",
            b"36 127.0.0.1",
            b"36 127.0.0.1 id",
            b"",
            b"36  - :",
            b"36 127.0.0.1 :",
        ] {
            assert!(parse(line).is_err(), "{}", line.escape_ascii());
        }
    }
}
