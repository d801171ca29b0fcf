//! Facts about the parts of a worker, each against the local cloud in process and in virtual time.

mod dispatcher;
mod fleet;
pub(crate) mod lab;
mod leader;
mod target_slot;
mod wire_codes;
