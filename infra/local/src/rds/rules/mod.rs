//! What AWS allows, as pure functions: facts in, a plan or a refusal out.

pub(super) mod copy;
pub(super) mod encryption;
pub(super) mod share;
