use std::mem;

use bytes::{Buf, Bytes};

use crate::number::parse;
use crate::{Flaw, StatusNumber};

/// Takes a body apart, argument by argument. Never looks beyond the body, as gearmand's parser does.
///
/// The body stays whole until all is found good: the error of a bad argument carries it.
pub(crate) struct Arguments<'a> {
    body: &'a mut Bytes,
    /// Where the next one begins.
    at: usize,
    /// How many were good.
    good: usize,
}

/// What the text of an argument can be read as.
pub(crate) trait Argument: Sized {
    /// Reads the last argument, which may hold NULs that it should not hold.
    fn from_text(raw: &[u8]) -> Result<Self, Flaw>;

    /// Reads an argument before the last. It was cut at a NUL and thus holds none.
    fn from_head(raw: &[u8]) -> Result<Self, Flaw> {
        Self::from_text(raw)
    }

    /// Whether [`from_head`](Self::from_head) would take it.
    fn check_head(raw: &[u8]) -> Result<(), Flaw> {
        Self::from_head(raw).map(drop)
    }
}

impl<'a> Arguments<'a> {
    #[inline]
    pub(crate) const fn of(body: &'a mut Bytes) -> Self {
        Self {
            body,
            at: 0,
            good: 0,
        }
    }

    /// How many arguments were good: the index of the bad one, after an error.
    pub(crate) const fn good(&self) -> usize {
        self.good
    }

    /// The next argument before the last.
    #[inline]
    pub(crate) fn head<T: Argument>(&mut self) -> Result<T, Flaw> {
        self.next_head(T::from_head)
    }

    /// Checks the next argument before the last and leaves it where it lies. Returns where it ends.
    #[inline]
    pub(crate) fn skip<T: Argument>(&mut self) -> Result<usize, Flaw> {
        self.next_head(T::check_head)?;
        Ok(self.at.saturating_sub(1))
    }

    #[inline]
    fn next_head<T>(&mut self, read: impl FnOnce(&[u8]) -> Result<T, Flaw>) -> Result<T, Flaw> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let head = memchr::memchr(0, rest).and_then(|end| rest.get(..end));
        let head = head.ok_or(Flaw::Unterminated)?;
        let value = read(head)?;
        self.at = self.at.saturating_add(head.len()).saturating_add(1);
        self.good = self.good.saturating_add(1);
        Ok(value)
    }

    /// The last argument, as text that means something.
    #[inline]
    pub(crate) fn text<T: Argument>(&self) -> Result<T, Flaw> {
        T::from_text(self.body.get(self.at..).unwrap_or_default())
    }

    /// The last argument, as it is. The body is gone then.
    #[inline]
    pub(crate) fn payload(&mut self) -> Bytes {
        let mut body = mem::take(self.body);
        body.advance(self.at.min(body.len()));
        body
    }

    /// All arguments so far, NULs included, and the last one, both as they are. The body is gone then.
    #[inline]
    pub(crate) fn parts(&mut self) -> (Bytes, Bytes) {
        let mut body = mem::take(self.body);
        let heads = body.split_to(self.at.min(body.len()));
        (heads, body)
    }
}

/// "0" is false; gearmand writes "1" for true.
impl Argument for bool {
    fn from_text(raw: &[u8]) -> Result<Self, Flaw> {
        Ok(raw != b"0")
    }
}

/// A number that we must understand ourselves.
impl Argument for u32 {
    fn from_text(raw: &[u8]) -> Result<Self, Flaw> {
        parse(raw)
    }
}

/// A number that we must understand ourselves.
impl Argument for u64 {
    fn from_text(raw: &[u8]) -> Result<Self, Flaw> {
        parse(raw)
    }
}

/// A number that is passed on rather than understood.
impl Argument for StatusNumber {
    fn from_text(raw: &[u8]) -> Result<Self, Flaw> {
        match memchr::memchr(0, raw) {
            Some(position) => Err(Flaw::Nul { position }),
            None => Self::from_head(raw),
        }
    }

    fn from_head(raw: &[u8]) -> Result<Self, Flaw> {
        Ok(Self::from_wire(Bytes::copy_from_slice(raw)))
    }
}

/// Whatever is there, copied: it is small and may outlive its packet.
impl Argument for Bytes {
    fn from_text(raw: &[u8]) -> Result<Self, Flaw> {
        Ok(Self::copy_from_slice(raw))
    }
}

/// Whatever is there, and it means nothing.
impl Argument for () {
    fn from_text(_unused: &[u8]) -> Result<Self, Flaw> {
        Ok(())
    }
}
