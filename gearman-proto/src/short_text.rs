use std::hash::{Hash, Hasher};

/// Up to `SIZE - 1` bytes in place; the last byte says how many. Names this short are cheaper to copy than
/// to count references to, and a copy keeps no read buffer alive.
//
// One aligned array, so that it is moved in whole words. With a byte of length before 63 bytes of text the
// compiler moves odd pieces: measured, decoding a JOB_ASSIGN_UNIQ took a fifth longer.
#[derive(Clone, Copy)]
#[repr(align(8))]
pub(crate) struct ShortText<const SIZE: usize>([u8; SIZE]);

impl<const SIZE: usize> ShortText<SIZE> {
    /// `None` where `text` does not fit.
    #[inline]
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        const { assert!(0 < SIZE && SIZE <= u8::MAX as usize) };
        let mut bytes = [0; SIZE];
        let (last, room) = bytes.split_last_mut()?;
        room.get_mut(..text.len())?.copy_from_slice(text);
        *last = u8::try_from(text.len()).ok()?;
        Some(Self(bytes))
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        let (length, room) = self.0.split_last().unwrap_or((&0, &[]));
        room.get(..usize::from(*length)).unwrap_or_default()
    }
}

impl<const SIZE: usize> PartialEq for ShortText<SIZE> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const SIZE: usize> Eq for ShortText<SIZE> {}

impl<const SIZE: usize> Hash for ShortText<SIZE> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}
