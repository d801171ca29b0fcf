//! Evaluation of conditions.

use super::super::value::{Attr, Item};
use super::ast::{Comparator, Condition, Operand, Path, Step};
use super::names::Values;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What stands at a path.
pub(crate) fn lookup<'i>(item: &'i Item, path: &Path) -> Option<&'i Attr> {
    let mut found = item.get(path.root())?;
    for step in path.0.get(1..)? {
        found = match (found, step) {
            (Attr::M(map), Step::Name(name)) => map.get(name)?,
            (Attr::L(list), Step::Index(index)) => list.get(*index)?,
            _ => return None,
        };
    }
    Some(found)
}

/// Whether a condition holds.
pub(crate) fn holds(condition: &Condition, item: &Item, values: &Values) -> bool {
    let read = Reader { item, values };
    match condition {
        Condition::Or(members) => members.iter().any(|c| holds(c, item, values)),
        Condition::And(members) => members.iter().all(|c| holds(c, item, values)),
        Condition::Not(inner) => !holds(inner, item, values),
        Condition::Compare(a, comparator, b) => match comparator {
            Comparator::Eq => read.equal(a, b),
            // Something missing is unlike everything: AWS lets `<>` hold then.
            Comparator::Ne => !read.equal(a, b),
            Comparator::Lt => read.order(a, b).is_some_and(Ordering::is_lt),
            Comparator::Le => read.order(a, b).is_some_and(Ordering::is_le),
            Comparator::Gt => read.order(a, b).is_some_and(Ordering::is_gt),
            Comparator::Ge => read.order(a, b).is_some_and(Ordering::is_ge),
        },
        Condition::Between(a, low, high) => {
            read.order(low, a).is_some_and(Ordering::is_le)
                && read.order(a, high).is_some_and(Ordering::is_le)
        }
        Condition::In(a, members) => members.iter().any(|m| read.equal(a, m)),
        Condition::Exists(path) => lookup(item, path).is_some(),
        Condition::NotExists(path) => lookup(item, path).is_none(),
        Condition::HasType(path, wanted) => match (lookup(item, path), values.get(wanted)) {
            (Some(found), Some(Attr::S(wanted))) => found.kind() == wanted,
            _ => false,
        },
        Condition::BeginsWith(a, b) => match (read.value(a).as_deref(), read.value(b).as_deref()) {
            (Some(Attr::S(a)), Some(Attr::S(b))) => a.starts_with(b.as_str()),
            (Some(Attr::B(a)), Some(Attr::B(b))) => a.starts_with(b),
            _ => false,
        },
        Condition::Contains(a, b) => match (read.value(a), read.value(b)) {
            (Some(a), Some(b)) => contains(&a, &b),
            _ => false,
        },
    }
}

/// Where operands get their values from.
struct Reader<'v> {
    item: &'v Item,
    values: &'v Values,
}

impl<'v> Reader<'v> {
    fn value(&self, operand: &Operand) -> Option<Cow<'v, Attr>> {
        match operand {
            Operand::Path(path) => lookup(self.item, path).map(Cow::Borrowed),
            Operand::Value(name) => self.values.get(name).map(Cow::Borrowed),
            Operand::Size(path) => size(lookup(self.item, path)?).map(|n| Cow::Owned(Attr::N(n))),
        }
    }

    fn equal(&self, a: &Operand, b: &Operand) -> bool {
        let a = self.value(a);
        a.is_some() && a == self.value(b)
    }

    fn order(&self, a: &Operand, b: &Operand) -> Option<Ordering> {
        self.value(a)?.order(&*self.value(b)?)
    }
}

/// What `size` tells; nothing for types that have none.
fn size(value: &Attr) -> Option<Decimal> {
    let size = match value {
        Attr::S(s) => s.chars().count(),
        Attr::B(b) => b.len(),
        Attr::L(l) => l.len(),
        Attr::M(m) => m.len(),
        Attr::Ss(s) => s.len(),
        Attr::Ns(s) => s.len(),
        Attr::Bs(s) => s.len(),
        Attr::N(_) | Attr::Bool(_) | Attr::Null => return None,
    };
    Some(size.into())
}

fn contains(whole: &Attr, part: &Attr) -> bool {
    match (whole, part) {
        (Attr::S(a), Attr::S(b)) => a.contains(b.as_str()),
        (Attr::B(a), Attr::B(b)) => b.is_empty() || a.windows(b.len()).any(|w| w == b),
        (Attr::L(a), b) => a.contains(b),
        (Attr::Ss(a), Attr::S(b)) => a.contains(b),
        (Attr::Ns(a), Attr::N(b)) => a.contains(b),
        (Attr::Bs(a), Attr::B(b)) => a.contains(b),
        _ => false,
    }
}
