use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use bytes::Bytes;

use crate::Escaped;
use crate::arguments::Argument;
use crate::short_text::ShortText;

/// A name was refused: what it was to be, what was found, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {flaw}")]
#[non_exhaustive]
pub struct InvalidName {
    /// What the bytes were to be, as `function name`.
    pub what: &'static str,
    /// What is wrong with them.
    pub flaw: Flaw,
}

/// What makes bytes unfit for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// There is nothing.
    #[error("is empty; at least one byte is needed")]
    Empty,
    /// More bytes than the server handles without cutting or garbling.
    #[error("of {length} bytes is too long; at most {limit} are allowed")]
    TooLong {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// NUL separates arguments on the wire: what follows it would become the next argument.
    #[error("has a NUL at byte {position}; no NUL is allowed")]
    Nul {
        /// Index of the first NUL.
        position: usize,
    },
    /// A byte that would break the lists of the text protocol.
    #[error("has byte {byte:#04x} at {position}; only printable ASCII without blanks is allowed")]
    Unprintable {
        /// Index of the first such byte.
        position: usize,
        /// The byte.
        byte: u8,
    },
    /// The bytes are no decimal number of the range that the argument has.
    #[error("is no number in its range")]
    NotANumber,
    /// The argument is not the last one, yet no NUL ends it.
    #[error("is not ended by NUL")]
    Unterminated,
}

/// Limit and spelling rule of one sort of name.
struct Rule {
    limit: usize,
    printable: bool,
}

impl Rule {
    fn check(&self, raw: &[u8]) -> Result<(), Flaw> {
        self.check_length(raw.len())?;
        if let Some(position) = memchr::memchr(0, raw) {
            return Err(Flaw::Nul { position });
        }
        self.check_printable(raw)
    }

    const fn check_length(&self, length: usize) -> Result<(), Flaw> {
        let limit = self.limit;
        match length {
            0 => Err(Flaw::Empty),
            length if length > limit => Err(Flaw::TooLong { length, limit }),
            _ => Ok(()),
        }
    }

    fn check_printable(&self, raw: &[u8]) -> Result<(), Flaw> {
        if !self.printable {
            return Ok(());
        }
        let mut bytes = raw.iter().copied().enumerate();
        match bytes.find(|(_, byte)| !byte.is_ascii_graphic()) {
            Some((position, byte)) => Err(Flaw::Unprintable { position, byte }),
            None => Ok(()),
        }
    }
}

/// Function names are usually short; the few that are not are shared instead of copied.
#[derive(Clone, PartialEq, Eq)]
enum LongText {
    Short(ShortText<64>),
    Long(Bytes),
}

impl LongText {
    fn new(raw: &[u8]) -> Option<Self> {
        let short = ShortText::new(raw).map(Self::Short);
        Some(short.unwrap_or_else(|| Self::Long(Bytes::copy_from_slice(raw))))
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(text) => text.as_bytes(),
            Self::Long(text) => text,
        }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident($storage:ty), $what:literal, limit $limit:literal, printable $printable:literal, as last argument $tail:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name($storage);

        impl $name {
            /// The most bytes that such a name may have.
            pub const LIMIT: usize = $limit;

            const RULE: Rule = Rule { limit: $limit, printable: $printable };

            /// Takes the bytes as a name.
            ///
            /// # Errors
            ///
            /// [`InvalidName`] where they break the rule above; it says how.
            pub fn new(raw: impl AsRef<[u8]>) -> Result<Self, InvalidName> {
                let raw = raw.as_ref();
                let name = Self::RULE.check(raw).and_then(|()| Self::keep(raw));
                name.map_err(|flaw| InvalidName { what: $what, flaw })
            }

            /// Keeps bytes that follow the rule.
            #[inline]
            fn keep(raw: &[u8]) -> Result<Self, Flaw> {
                let too_long = Flaw::TooLong { length: raw.len(), limit: $limit };
                <$storage>::new(raw).map(Self).ok_or(too_long)
            }

            /// The name as it goes over the wire.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl Argument for $name {
            fn from_text(raw: &[u8]) -> Result<Self, Flaw> {
                let raw = $tail(raw);
                Self::RULE.check(raw)?;
                Self::keep(raw)
            }

            #[inline]
            fn from_head(raw: &[u8]) -> Result<Self, Flaw> {
                Self::check_head(raw)?;
                Self::keep(raw)
            }

            #[inline]
            fn check_head(raw: &[u8]) -> Result<(), Flaw> {
                Self::RULE.check_length(raw.len())?;
                Self::RULE.check_printable(raw)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl Borrow<[u8]> for $name {
            fn borrow(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl Hash for $name {
            // As the bytes hash: `Borrow` promises it.
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_bytes().hash(state);
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_bytes().cmp(other.as_bytes())
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(raw: &str) -> Result<Self, InvalidName> {
                Self::new(raw)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidName;

            fn try_from(raw: &str) -> Result<Self, InvalidName> {
                Self::new(raw)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = InvalidName;

            fn try_from(raw: &[u8]) -> Result<Self, InvalidName> {
                Self::new(raw)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(raw: String) -> Result<Self, InvalidName> {
                Self::new(raw)
            }
        }

        /// For human eyes, as [`Escaped`].
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Escaped(self.as_bytes()).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), Escaped(self.as_bytes()))
            }
        }
    };
}

name! {
    /// What is to be done with a job's workload: 1 to 512 bytes without NUL.
    ///
    /// 512 is libgearman's limit; gearmand itself closes the connection past 8 KiB.
    FunctionName(LongText), "function name", limit 512, printable false, as last argument whole
}

name! {
    /// What makes two submissions of one function the same job: 1 to 63 bytes without NUL.
    ///
    /// gearmand lets 64 bytes through and then corrupts the workload. The unique `-` stands for the
    /// workload itself. No unique at all is `None`, an empty argument on the wire.
    #[derive(Copy)]
    UniqueId(ShortText<64>), "unique id", limit 63, printable false, as last argument whole
}

name! {
    /// The server's name for a job: 1 to 63 bytes without NUL, as `H:host:42`.
    ///
    /// Handles begin again at 1 when a server restarts, and one handle can be handed out twice: it
    /// names a job on one connection and nothing more.
    #[derive(Copy)]
    JobHandle(ShortText<64>), "job handle", limit 63, printable false, as last argument until_nul
}

name! {
    /// The name under which the server lists a connection: 1 to 127 bytes of printable ASCII without
    /// blanks. gearmand keeps the first 127 bytes and passes everything else through into its lists.
    #[derive(Copy)]
    ClientId(ShortText<128>), "client id", limit 127, printable true, as last argument whole
}

name! {
    /// The function that puts the parts of a job together: 1 to 63 bytes without NUL.
    #[derive(Copy)]
    ReducerName(ShortText<64>), "reducer name", limit 63, printable false, as last argument whole
}

name! {
    /// An option of a connection: 1 to 63 bytes without NUL. gearmand knows [`OptionName::exceptions`] only.
    #[derive(Copy)]
    OptionName(ShortText<64>), "option name", limit 63, printable false, as last argument whole
}

impl OptionName {
    /// With it the server passes WORK_EXCEPTION on to this connection; without it that becomes WORK_FAIL.
    #[expect(clippy::missing_panics_doc, reason = "the name is a good one")]
    pub fn exceptions() -> Self {
        Self::new("exceptions").expect("a short word without NUL")
    }
}

/// As the last argument a name runs to the end of the body.
const fn whole(raw: &[u8]) -> &[u8] {
    raw
}

/// *Quirk:* a handle that is the last argument ends at its first NUL. gearmand appends a NUL where it
/// turns an exception into a WORK_FAIL, and passes on whatever a worker appended to its own.
fn until_nul(raw: &[u8]) -> &[u8] {
    raw.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// An empty argument means that there is none.
impl Argument for Option<UniqueId> {
    fn from_text(raw: &[u8]) -> Result<Self, Flaw> {
        match raw {
            [] => Ok(None),
            raw => UniqueId::from_text(raw).map(Some),
        }
    }

    #[inline]
    fn from_head(raw: &[u8]) -> Result<Self, Flaw> {
        match raw {
            [] => Ok(None),
            raw => UniqueId::from_head(raw).map(Some),
        }
    }

    #[inline]
    fn check_head(raw: &[u8]) -> Result<(), Flaw> {
        if raw.is_empty() {
            Ok(())
        } else {
            UniqueId::check_head(raw)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn flaw_of<T: fmt::Debug>(result: Result<T, InvalidName>) -> Flaw {
        result.unwrap_err().flaw
    }

    #[test]
    fn a_function_name_may_have_512_bytes_and_no_more() {
        assert!(FunctionName::new([b'f'; 512]).is_ok());
        let flaw = flaw_of(FunctionName::new([b'f'; 513]));
        assert_eq!(
            flaw,
            Flaw::TooLong {
                length: 513,
                limit: 512
            }
        );
    }

    #[test]
    fn an_empty_name_is_refused() {
        assert_eq!(flaw_of(FunctionName::new("")), Flaw::Empty);
        assert_eq!(flaw_of(UniqueId::new("")), Flaw::Empty);
    }

    #[test]
    fn a_nul_would_forge_the_next_argument_and_is_refused() {
        assert_eq!(
            flaw_of(UniqueId::new("u\0forged")),
            Flaw::Nul { position: 1 }
        );
    }

    #[test]
    fn a_unique_id_of_64_bytes_is_refused_though_gearmand_lets_it_through() {
        assert!(UniqueId::new([b'u'; 63]).is_ok());
        assert_eq!(
            flaw_of(UniqueId::new([b'u'; 64])),
            Flaw::TooLong {
                length: 64,
                limit: 63
            }
        );
    }

    #[test]
    fn a_client_id_may_not_break_the_list_of_workers() {
        let flaw = flaw_of(ClientId::new("two words"));
        assert_eq!(
            flaw,
            Flaw::Unprintable {
                position: 3,
                byte: b' '
            }
        );
    }

    #[test]
    fn the_error_says_what_was_wrong_and_what_is_allowed() {
        let error = FunctionName::new([b'f'; 600]).unwrap_err();
        let text = "function name of 600 bytes is too long; at most 512 are allowed";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn names_need_not_be_text() {
        assert_eq!(FunctionName::new(b"\xff\n").unwrap().to_string(), r"\xff\n");
    }

    #[test]
    fn long_and_short_function_names_are_found_by_their_bytes() {
        for length in [1, 62, 63, 512] {
            let raw = vec![b'f'; length];
            let map = HashMap::from([(FunctionName::new(&raw).unwrap(), length)]);
            assert_eq!(map.get(raw.as_slice()), Some(&length));
        }
    }

    #[test]
    fn a_handle_at_the_end_of_a_body_stops_at_its_first_nul() {
        let handle = JobHandle::new("H:vm:1").unwrap();
        assert_eq!(JobHandle::from_text(b"H:vm:1\0"), Ok(handle));
        assert_eq!(JobHandle::from_text(b"H:vm:1\0some reason"), Ok(handle));
        assert_eq!(JobHandle::from_text(b"\0"), Err(Flaw::Empty));
    }
}
