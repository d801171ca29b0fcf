//! Expressions: read, checked, then evaluated against items.

mod ast;
mod check;
mod eval;
mod key_condition;
mod names;
mod parse;
mod parse_update;
mod project;
mod token;
mod update;
mod walk;

#[cfg(test)]
mod tests;

pub(super) use ast::Condition;
pub(super) use key_condition::Span;
pub(super) use names::{Scope, Values};
pub(super) use project::Projector;

use super::value::Item;

/// Whether a condition holds for an item; no condition always does.
pub(super) fn holds(condition: Option<&Condition>, item: &Item, values: &Values) -> bool {
    condition.is_none_or(|c| eval::holds(c, item, values))
}
