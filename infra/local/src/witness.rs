//! Who looks on: told of every call right after it was handled, with the world as it is then.
//!
//! An auditor judges by this, and never by what the callers say of themselves.

use crate::call::Call;
use crate::meter::CallRecord;
use crate::wire::{WireRequest, WireResponse};
use crate::world::World;

/// A call that has just been handled.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The world right after it.
    pub world: &'a World,
    /// The call.
    pub call: &'a Call,
    /// Who called.
    pub component: &'a str,
    /// What was sent.
    pub request: &'a WireRequest,
    /// What is answered, whether or not the answer arrives.
    pub response: &'a WireResponse,
    /// What the call was about, and what came of it.
    pub record: &'a CallRecord,
}

/// Looks on. It is told in the order in which the calls had their effects.
pub trait Witness: Send {
    /// A call was handled.
    fn saw(&mut self, seen: &Seen<'_>);
}
