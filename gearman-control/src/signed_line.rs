//! The line of a signed command, and what its MAC is about.
//!
//! ```text
//! line = "v1 " seconds " " nonce " " mac " " command
//! mac  = HMAC-SHA256(secret, "v1\n" id "\n" incarnation "\n" seconds "\n" nonce "\n" command)
//! ```
//!
//! Seconds are those of the Unix clock, nonce and mac are 32 and 64 hexadecimal digits in lower case. The
//! incarnation is that of the process that is meant, or `*`, which does for `ping` only.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::nonce::read_hex;
use crate::{Incarnation, Nonce, Secret, WorkerId};

/// What a signed line begins with.
pub(crate) const VERSION: &[u8] = b"v1 ";

/// A line that looks signed.
#[derive(Debug)]
pub(crate) struct SignedLine<'a> {
    pub(crate) seconds: u64,
    pub(crate) nonce: Nonce,
    pub(crate) command: &'a [u8],
    /// Seconds and nonce, as they were written.
    written: [&'a [u8]; 2],
    mac: [u8; 32],
}

impl Secret {
    /// Signs a command for that worker: returns the line that is the workload of a control job.
    ///
    /// `incarnation` is what [`Pong`](crate::Pong) tells; `ping` itself needs none. `now` are the seconds of
    /// the Unix clock ([`unix_seconds`]): the worker's must not differ by more than a minute.
    pub fn sign(
        &self,
        command: &str,
        id: &WorkerId,
        incarnation: Option<Incarnation>,
        now: u64,
        nonce: Nonce,
    ) -> String {
        let (seconds, nonce) = (now.to_string(), nonce.to_string());
        let written = [seconds.as_bytes(), nonce.as_bytes()];
        let mac = mac(self, id, incarnation, written, command.as_bytes());
        let mac = mac.finalize().into_bytes();
        format!(
            "v1 {seconds} {nonce} {:032x}{:032x} {command}",
            half(&mac[..16]),
            half(&mac[16..])
        )
    }
}

impl<'a> SignedLine<'a> {
    /// `None` where it can't be read.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut parts = line.strip_prefix(VERSION)?.splitn(4, |byte| *byte == b' ');
        let (seconds, nonce) = (parts.next()?, parts.next()?);
        let mut mac = [0; 32];
        read_hex(parts.next()?, &mut mac)?;
        if !seconds.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(Self {
            seconds: str::from_utf8(seconds).ok()?.parse().ok()?,
            nonce: Nonce::parse(nonce)?,
            command: parts.next()?,
            written: [seconds, nonce],
            mac,
        })
    }

    /// Whether whoever signed it knows the secret and means this worker; `None` stands for `*`. The
    /// comparison takes the same time wherever the difference is.
    pub(crate) fn is_signed(
        &self,
        secret: &Secret,
        id: &WorkerId,
        incarnation: Option<Incarnation>,
    ) -> bool {
        mac(secret, id, incarnation, self.written, self.command)
            .verify_slice(&self.mac)
            .is_ok()
    }
}

/// The seconds of the Unix clock; 0 before 1970.
pub fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn mac(
    secret: &Secret,
    id: &WorkerId,
    incarnation: Option<Incarnation>,
    [seconds, nonce]: [&[u8]; 2],
    command: &[u8],
) -> Hmac<Sha256> {
    let incarnation = incarnation.map_or_else(|| "*".to_owned(), String::from);
    let mut mac = secret.mac();
    mac.update(b"v1");
    // None of the parts before the last can hold a line end, so no two texts run together to the same.
    let parts = [
        id.as_str().as_bytes(),
        incarnation.as_bytes(),
        seconds,
        nonce,
        command,
    ];
    for part in parts {
        mac.update(b"\n");
        mac.update(part);
    }
    mac
}

fn half(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by Python's `hmac`:
    /// `hmac.new(b"correct horse battery staple", b"v1\nweb-1\n*\n1700000000\n0001...\nping", "sha256")`.
    const KNOWN: [(&str, Option<&str>, u64, u128, &str); 3] = [
        (
            "ping",
            None,
            1_700_000_000,
            0x000102030405060708090a0b0c0d0e0f,
            "v1 1700000000 000102030405060708090a0b0c0d0e0f \
             c326fdd81ae4e08b07ff53e779feee74394d00382b474013451747ab160b4df1 ping",
        ),
        (
            "terminate incarnation=00c0ffee00c0ffee",
            Some("00c0ffee00c0ffee"),
            1_700_000_001,
            0xffeeddccbbaa99887766554433221100,
            "v1 1700000001 ffeeddccbbaa99887766554433221100 \
             76f87e196f0737d97bf17701d8192b7ec6df87991242c1423d1dd1b5d6b5850e terminate incarnation=00c0ffee00c0ffee",
        ),
        (
            "concurrency 8",
            Some("00c0ffee00c0ffee"),
            1_700_000_002,
            0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f,
            "v1 1700000002 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f \
             9b12892aa6f41e7496abf32530c36e79cac7e802d9dcb40301fbe001cb840a57 concurrency 8",
        ),
    ];

    #[test]
    fn lines_are_signed_as_by_others() {
        let secret = Secret::new("correct horse battery staple").unwrap();
        let id = WorkerId::new("web-1").unwrap();
        for (command, incarnation, now, nonce, expected) in KNOWN {
            let incarnation = incarnation.map(|text| Incarnation::parse(text).unwrap());
            let nonce = Nonce::from_number(nonce);
            let line = secret.sign(command, &id, incarnation, now, nonce);
            assert_eq!(line, expected);
            let read = SignedLine::parse(line.as_bytes()).unwrap();
            assert!(read.is_signed(&secret, &id, incarnation));
            assert_eq!((read.seconds, read.nonce), (now, nonce));
            assert_eq!(read.command, command.as_bytes());
        }
    }
}
