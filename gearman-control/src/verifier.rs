use std::collections::{HashSet, VecDeque};

use crate::signed_line::{SignedLine, VERSION};
use crate::{Command, Incarnation, InvalidCommand, Nonce, Secret, WorkerId};

/// Seconds by which a line may be older or newer than the worker's clock.
const TOLERANCE: u64 = 60;

/// Seconds for which a nonce is kept: a line from a clock that is a minute ahead would be accepted for so
/// long.
const KEPT: u64 = 2 * TOLERANCE;

/// Nonces that are kept. Only who knows the secret can fill them, and nobody has so much to say.
const MOST_NONCES: usize = 4096;

/// Decides which lines a worker obeys: those that were signed with its secret, for it, not long ago, and
/// that it has not seen before.
///
/// It has no clock: the time comes in as seconds of the Unix clock.
///
/// ```
/// use gearman_control::{Command, Incarnation, Nonce, Secret, SignatureError, Verifier, WorkerId};
///
/// let (secret, id) = (Secret::new("correct horse battery staple")?, WorkerId::new("web-1")?);
/// let incarnation = Incarnation::random();
/// let mut verifier = Verifier::new(secret.clone(), id.clone(), incarnation, 1_700_000_000);
///
/// let line = secret.sign("quiet", &id, Some(incarnation), 1_700_000_010, Nonce::random());
/// assert_eq!(verifier.verify(line.as_bytes(), 1_700_000_012)?, Command::Quiet);
/// let again = verifier.verify(line.as_bytes(), 1_700_000_013);
/// assert_eq!(again, Err(SignatureError::Replayed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    secret: Secret,
    id: WorkerId,
    incarnation: Incarnation,
    started: u64,
    seen: HashSet<Nonce>,
    /// The same, oldest first: when each came, and the time that its line bore.
    kept: VecDeque<(u64, u64, Nonce)>,
    /// Lines from before this time may have been seen and forgotten. Where the clock is right they are too
    /// old anyhow; this is for one that is put back.
    horizon: u64,
}

/// Why a line is not obeyed. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It bears no signature.
    #[error("the command is not signed, and this worker obeys signed commands only")]
    Unsigned,
    /// It begins like a signed line and does not go on so.
    #[error("the signature can't be read: v1 SECONDS NONCE MAC COMMAND is expected")]
    Unreadable,
    /// Another secret, another worker or incarnation was meant, or a byte was changed.
    #[error("the signature is not valid for this command to this worker and incarnation")]
    Wrong,
    /// It was signed too long ago.
    #[error("the command was signed {seconds} s ago; {TOLERANCE} s are allowed")]
    TooOld {
        /// Seconds since then.
        seconds: u64,
    },
    /// The signer's clock and the worker's differ.
    #[error(
        "the command was signed {seconds} s from now; compare the clocks, {TOLERANCE} s are allowed"
    )]
    TooNew {
        /// Seconds until then.
        seconds: u64,
    },
    /// It was meant for a process that is gone.
    #[error("the command was signed before this worker started")]
    BeforeStart,
    /// It has been obeyed already.
    #[error("the command has been seen already")]
    Replayed,
    /// So many have come that no more can be told from replays.
    #[error("more than {MOST_NONCES} commands within {KEPT} s")]
    TooMany,
    /// The signature is right, the command is none.
    #[error(transparent)]
    Command(#[from] InvalidCommand),
}

impl Verifier {
    /// For a worker that started at that time (seconds of the Unix clock).
    pub fn new(secret: Secret, id: WorkerId, incarnation: Incarnation, started: u64) -> Self {
        Self {
            secret,
            id,
            incarnation,
            started,
            seen: HashSet::new(),
            kept: VecDeque::new(),
            horizon: 0,
        }
    }

    /// The command of a line that is to be obeyed.
    ///
    /// One signed `terminate incarnation=...` comes through that means another process; it is for the
    /// caller to answer that it is another.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]: it is not to be obeyed.
    pub fn verify(&mut self, line: &[u8], now: u64) -> Result<Command, SignatureError> {
        if !line.starts_with(VERSION) {
            return Err(SignatureError::Unsigned);
        }
        let line = SignedLine::parse(line).ok_or(SignatureError::Unreadable)?;
        let command = Command::parse(line.command);
        // Before anything is kept: who does not know the secret can't fill the memory.
        if !self.is_signed(&line, &command) {
            return Err(SignatureError::Wrong);
        }
        self.check_time(line.seconds, now)?;
        self.check_nonce(&line, now)?;
        Ok(command?)
    }

    fn is_signed(&self, line: &SignedLine<'_>, command: &Result<Command, InvalidCommand>) -> bool {
        let signed = |incarnation| line.is_signed(&self.secret, &self.id, incarnation);
        match command {
            Ok(Command::Ping) => signed(None) || signed(Some(self.incarnation)),
            // It says itself which process it means.
            Ok(Command::Terminate {
                incarnation: meant @ Some(_),
            }) => signed(*meant),
            _ => signed(Some(self.incarnation)),
        }
    }

    const fn check_time(&self, seconds: u64, now: u64) -> Result<(), SignatureError> {
        let (age, lead) = (now.saturating_sub(seconds), seconds.saturating_sub(now));
        if age > TOLERANCE {
            Err(SignatureError::TooOld { seconds: age })
        } else if lead > TOLERANCE {
            Err(SignatureError::TooNew { seconds: lead })
        } else if seconds < self.started {
            Err(SignatureError::BeforeStart)
        } else {
            Ok(())
        }
    }

    fn check_nonce(&mut self, line: &SignedLine<'_>, now: u64) -> Result<(), SignatureError> {
        while let Some((came, seconds, nonce)) = self.kept.front()
            && now.saturating_sub(*came) > KEPT
        {
            self.horizon = self.horizon.max(seconds.saturating_add(1));
            self.seen.remove(nonce);
            self.kept.pop_front();
        }
        if self.seen.contains(&line.nonce) || line.seconds < self.horizon {
            return Err(SignatureError::Replayed);
        }
        if self.kept.len() >= MOST_NONCES {
            return Err(SignatureError::TooMany);
        }
        self.seen.insert(line.nonce);
        self.kept.push_back((now, line.seconds, line.nonce));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
