//! Strikes at counted points of the protocol, instead of chance: for the exhaustive runs.

use super::classes::FaultClass;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What happens to a process at one of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// It dies before the request leaves it.
    CrashBeforeSend,
    /// It dies after the effect, before the answer.
    CrashAfterEffect,
    /// It dies right after the answer.
    CrashAfterAnswer,
    /// The effect takes place, the answer is lost.
    LostResponse,
    /// It is frozen before the request leaves it.
    FreezeBefore(Duration),
    /// It is frozen before the answer reaches it.
    FreezeAfter(Duration),
    /// It is told that the connection broke; the request arrives so much later.
    Late(Duration),
}

impl Strike {
    /// Its class.
    #[must_use]
    pub fn class(self) -> FaultClass {
        match self {
            Self::CrashBeforeSend => FaultClass::CrashBeforeSend,
            Self::CrashAfterEffect => FaultClass::CrashAfterEffect,
            Self::CrashAfterAnswer => FaultClass::CrashAfterAnswer,
            Self::LostResponse => FaultClass::LostResponse,
            Self::FreezeBefore(_) | Self::FreezeAfter(_) => FaultClass::Zombie,
            Self::Late(_) => FaultClass::LateRequest,
        }
    }
}

/// A point that was passed: who called what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The component.
    pub component: String,
    /// The operation.
    pub operation: String,
}

/// Counts the points of a run and strikes at some. All clones are the same script.
#[derive(Debug, Clone, Default)]
pub struct Script(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    strikes: Vec<(usize, Strike)>,
    passed: Vec<Passed>,
    struck: usize,
    is_open: bool,
}

impl Script {
    /// Strikes at these points, counted from 0 from the moment at which it is opened.
    #[must_use]
    pub fn striking(strikes: &[(usize, Strike)]) -> Self {
        let inner = Inner { strikes: strikes.to_vec(), ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Counts from now on.
    pub fn open(&self) {
        self.inner().is_open = true;
    }

    /// Counts no longer.
    pub fn close(&self) {
        self.inner().is_open = false;
    }

    /// All points passed while it was open.
    #[must_use]
    pub fn passed(&self) -> Vec<Passed> {
        self.inner().passed.clone()
    }

    /// How many of its strikes came true.
    #[must_use]
    pub fn struck(&self) -> usize {
        self.inner().struck
    }

    /// What happens at the point that a component passes now.
    pub(super) fn strike(&self, component: &str, operation: &str) -> Option<Strike> {
        let mut inner = self.inner();
        if !inner.is_open {
            return None;
        }
        let n = inner.passed.len();
        let (component, operation) = (component.to_owned(), operation.to_owned());
        inner.passed.push(Passed { component, operation });
        let strike = inner.strikes.iter().find(|(at, _)| *at == n).map(|(_, strike)| *strike);
        inner.struck += usize::from(strike.is_some());
        strike
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
