//! Walks through expressions, for everything that concerns names and values wherever they stand.

use super::ast::{Assignment, Condition, Operand, Path, Step, Term, Update};

/// A name or value placeholder met on a walk through an expression.
pub(crate) enum Leaf<'a> {
    /// A name in a path: `#placeholder` or the attribute itself.
    Name(&'a mut String),
    /// A `:placeholder`.
    Value(&'a str),
}

/// An expression whose names and values can be visited, in the order they are written.
pub(crate) trait Walk {
    /// Visits every name and value; stops at the first error.
    fn walk<E>(&mut self, visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>) -> Result<(), E>;
}

impl<T: Walk> Walk for [T] {
    fn walk<E>(&mut self, visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>) -> Result<(), E> {
        self.iter_mut().try_for_each(|member| member.walk(visit))
    }
}

impl Walk for Path {
    fn walk<E>(&mut self, visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>) -> Result<(), E> {
        self.0.iter_mut().try_for_each(|step| match step {
            Step::Name(name) => visit(Leaf::Name(name)),
            Step::Index(_) => Ok(()),
        })
    }
}

impl Walk for Operand {
    fn walk<E>(&mut self, visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Path(path) | Self::Size(path) => path.walk(visit),
            Self::Value(value) => visit(Leaf::Value(value)),
        }
    }
}

impl Walk for Condition {
    fn walk<E>(&mut self, visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Or(members) | Self::And(members) => members.walk(visit),
            Self::Not(inner) => inner.walk(visit),
            Self::Compare(a, _, b) | Self::BeginsWith(a, b) | Self::Contains(a, b) => {
                a.walk(visit)?;
                b.walk(visit)
            }
            Self::Between(a, low, high) => {
                a.walk(visit)?;
                low.walk(visit)?;
                high.walk(visit)
            }
            Self::In(a, members) => {
                a.walk(visit)?;
                members.walk(visit)
            }
            Self::Exists(path) | Self::NotExists(path) => path.walk(visit),
            Self::HasType(path, value) => {
                path.walk(visit)?;
                visit(Leaf::Value(value))
            }
        }
    }
}

impl Walk for Term {
    fn walk<E>(&mut self, visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Path(path) => path.walk(visit),
            Self::Value(value) => visit(Leaf::Value(value)),
            Self::IfNotExists(path, term) => {
                path.walk(visit)?;
                term.walk(visit)
            }
            Self::ListAppend(a, b) => {
                a.walk(visit)?;
                b.walk(visit)
            }
        }
    }
}

impl Walk for Update {
    fn walk<E>(&mut self, visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>) -> Result<(), E> {
        for (path, assignment) in &mut self.set {
            path.walk(visit)?;
            match assignment {
                Assignment::Term(term) => term.walk(visit)?,
                Assignment::Plus(a, b) | Assignment::Minus(a, b) => {
                    a.walk(visit)?;
                    b.walk(visit)?;
                }
            }
        }
        self.remove.walk(visit)?;
        for (path, value) in self.add.iter_mut().chain(&mut self.delete) {
            path.walk(visit)?;
            visit(Leaf::Value(value))?;
        }
        Ok(())
    }
}
