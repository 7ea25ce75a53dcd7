use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;

/// The environment variable that holds the secret; see [`Secret::from_env`].
pub const SECRET_VARIABLE: &str = "GEARMAN_CONTROL_SECRET";

/// What a worker and those who may command it share: with it commands are [signed](Secret::sign).
///
/// Whoever can read the job server's traffic sees signed lines and can try secrets against them at
/// leisure: take one of 32 random bytes (`openssl rand -hex 32`), not a word. There is no way to give one
/// on a command line, where everybody on the machine could read it.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

/// There is no secret where one was looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// Everybody knows the empty secret.
    #[error("the secret is empty")]
    Empty,
    /// The file can't be read.
    #[error("the secret can't be read from {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Secret {
    /// Takes bytes as the secret; all of them count.
    ///
    /// # Errors
    ///
    /// [`InvalidSecret::Empty`].
    ///
    /// # Panics
    ///
    /// Never: any number of bytes is a key.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, InvalidSecret> {
        let secret = secret.as_ref();
        if secret.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        let keyed = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
        Ok(Self(keyed))
    }

    /// Reads the secret from a file. Line ends at the end of the file do not count.
    ///
    /// # Errors
    ///
    /// [`InvalidSecret`]: the file can't be read, or there is nothing in it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, InvalidSecret> {
        let path = path.as_ref();
        let secret = std::fs::read(path).map_err(|source| InvalidSecret::File {
            path: path.to_owned(),
            source,
        })?;
        Self::new(without_line_ends(&secret))
    }

    /// Takes the secret of `$GEARMAN_CONTROL_SECRET`; `None` where it is not set. Line ends at its end do not
    /// count.
    ///
    /// # Errors
    ///
    /// [`InvalidSecret::Empty`]: it is set to nothing. Somebody wanted a secret there, and to go on without one
    /// would open what was to be closed.
    pub fn from_env() -> Result<Option<Self>, InvalidSecret> {
        std::env::var_os(SECRET_VARIABLE)
            .map(|secret| Self::new(without_line_ends(secret.as_encoded_bytes())))
            .transpose()
    }

    /// The beginning of a MAC.
    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

/// Nothing of it is shown.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn without_line_ends(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r' | b'\n'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Nonce, WorkerId};

    fn signed(secret: &Secret) -> String {
        let id = WorkerId::new("w").unwrap();
        secret.sign("ping", &id, None, 1, Nonce::from_number(2))
    }

    #[test]
    fn an_editor_may_end_the_file_with_a_line_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let expected = signed(&Secret::new(" s e c ").unwrap());
        for text in [" s e c ", " s e c \n", " s e c \r\n"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(signed(&Secret::from_file(&path).unwrap()), expected);
        }
    }

    #[test]
    fn no_secret_is_no_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let missing = Secret::from_file(&path).unwrap_err();
        assert!(missing.to_string().contains("secret: "), "{missing}");
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(
            Secret::from_file(&path),
            Err(InvalidSecret::Empty)
        ));
        assert!(matches!(Secret::new(""), Err(InvalidSecret::Empty)));
    }

    #[test]
    fn it_is_not_shown() {
        let secret = Secret::new("abracadabra").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
