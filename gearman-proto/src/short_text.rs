use std::hash::{Hash, Hasher};

/// Up to `N` bytes in place. Names this short are cheaper to copy than to count references to, and a
/// copy keeps no read buffer alive.
#[derive(Clone, Copy)]
pub(crate) struct ShortText<const N: usize> {
    length: u8,
    bytes: [u8; N],
}

impl<const N: usize> ShortText<N> {
    /// `None` where `text` does not fit.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        const { assert!(N <= u8::MAX as usize) };
        let mut bytes = [0; N];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self {
            length: u8::try_from(text.len()).ok()?,
            bytes,
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

impl<const N: usize> PartialEq for ShortText<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for ShortText<N> {}

impl<const N: usize> Hash for ShortText<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}
