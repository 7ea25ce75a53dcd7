use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What is known of a server; its driver writes it, the choice between servers reads it.
#[derive(Clone, Debug)]
pub(crate) struct Health(Arc<AtomicU8>);

/// In the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Condition {
    /// There is a connection.
    Up = 0,
    /// There is none: not yet, or not any longer.
    Down = 1,
    /// It took our last connection and then said nothing: a stopped process whose kernel goes on
    /// accepting. Being tried again before the others it would cost each caller the request limit.
    Mute = 2,
}

impl Health {
    pub(crate) fn new(condition: Condition) -> Self {
        Self(Arc::new(AtomicU8::new(condition as u8)))
    }

    pub(crate) fn set(&self, condition: Condition) {
        // No other memory is published by it: an old value costs a detour, nothing else.
        self.0.store(condition as u8, Ordering::Relaxed);
    }

    pub(crate) fn condition(&self) -> Condition {
        match self.0.load(Ordering::Relaxed) {
            0 => Condition::Up,
            1 => Condition::Down,
            _ => Condition::Mute,
        }
    }
}
