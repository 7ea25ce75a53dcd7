//! The functions that a worker offers, in its row.

use std::fmt;

use bytes::{BufMut as _, Bytes, BytesMut};

/// Names of functions, each with a blank before it.
///
/// They are split when you [walk](Self::iter) over them, so that a long row costs no more memory
/// than its bytes. A name that holds a blank looks like two names here, and nothing can be done
/// about it.
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Functions(Bytes);

impl Functions {
    /// The names, in the order of the row: gearmand puts the newest first. A function that was
    /// registered twice is there twice, and the function without a name is an empty name. Servers
    /// in Perl and Python put a blank after every colon, so where they have no function there is an
    /// empty name too.
    pub fn iter(&self) -> impl Iterator<Item = Bytes> {
        let names = self
            .0
            .strip_prefix(b" ")
            .map(|names| names.split(|&byte| byte == b' '));
        names
            .into_iter()
            .flatten()
            .map(|name| self.0.slice_ref(name))
    }

    /// Is there no function at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The part of a row behind the colon, which is empty or begins with a blank.
    pub(super) fn of(raw: Bytes) -> Self {
        debug_assert!(matches!(raw.as_ref(), [] | [b' ', ..]));
        Self(raw)
    }

    pub(super) fn encode(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }
}

impl<N: AsRef<[u8]>> FromIterator<N> for Functions {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        let mut raw = BytesMut::new();
        for name in names {
            raw.put_u8(b' ');
            raw.put_slice(name.as_ref());
        }
        Self(raw.freeze())
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_name_is_a_name_and_nothing_is_none() {
        let names = |raw: &'static str| Functions::of(Bytes::from(raw)).iter().collect::<Vec<_>>();
        assert!(names("").is_empty());
        assert_eq!(names(" "), [""]);
        assert_eq!(names(" a  b"), ["a", "", "b"]);
    }

    #[test]
    fn collected_names_come_back() {
        for names in [&[][..], &[""], &["a"], &["", ""], &["b", "a", "a"]] {
            assert_eq!(
                Functions::from_iter(names).iter().collect::<Vec<_>>(),
                names
            );
        }
    }
}
