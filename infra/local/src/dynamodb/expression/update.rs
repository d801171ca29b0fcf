//! Application of updates. Everything is read from the item as it was before.

use super::super::value::{Attr, Item};
use super::super::{invalid, number};
use super::ast::{Assignment, Path, Step, Term, Update};
use super::eval::lookup;
use super::names::Values;
use super::project::Projector;
use crate::error::AwsError;
use std::collections::BTreeSet;

/// A checked update.
#[derive(Debug)]
pub(crate) struct ReadyUpdate(Update);

impl ReadyUpdate {
    /// Wraps an update that has been checked.
    pub(super) fn of(update: Update) -> Self {
        Self(update)
    }

    /// The attributes the update writes (or writes inside of).
    pub(crate) fn roots(&self) -> impl Iterator<Item = &str> {
        self.0.targets().map(Path::root)
    }

    /// The parts of an item at the places the update writes.
    pub(crate) fn touched(&self, item: &Item) -> Item {
        Projector::of(self.0.targets()).cut(item)
    }

    /// Whether the update can only take away: then it does not create an item.
    pub(crate) fn only_removes(&self) -> bool {
        self.0.set.is_empty() && self.0.add.is_empty()
    }

    /// The item after the update.
    pub(crate) fn apply(&self, old: &Item, values: &Values) -> Result<Item, AwsError> {
        let reading = Reading { old, values };
        let mut new = old.clone();
        let set = self.0.set.iter().map(|(path, a)| Ok((path, reading.assignment(a)?)));
        let mut set = set.collect::<Result<Vec<_>, AwsError>>()?;
        // In path order, so that elements beyond the end of a list are appended in their order.
        set.sort_by_key(|(path, _)| *path);
        for (path, value) in set {
            put(&mut new, path, value)?;
        }
        for (path, name) in &self.0.add {
            let sum = add(lookup(old, path), reading.value(name)?)?;
            put(&mut new, path, sum)?;
        }
        for (path, name) in &self.0.delete {
            match subtract(lookup(old, path), reading.value(name)?)? {
                Some(rest) => put(&mut new, path, rest)?,
                None if lookup(old, path).is_some() => remove(&mut new, path)?,
                None => {}
            }
        }
        // From the back, so that the removal of one list element does not shift the others.
        let mut gone: Vec<_> = self.0.remove.iter().collect();
        gone.sort_by(|one, two| two.cmp(one));
        gone.into_iter().try_for_each(|path| remove(&mut new, path))?;
        Ok(new)
    }
}

/// Where the terms of an update are read from.
struct Reading<'a> {
    old: &'a Item,
    values: &'a Values,
}

impl Reading<'_> {
    fn assignment(&self, assignment: &Assignment) -> Result<Attr, AwsError> {
        match assignment {
            Assignment::Term(term) => self.term(term),
            Assignment::Plus(a, b) => match (self.term(a)?, self.term(b)?) {
                (Attr::N(a), Attr::N(b)) => number::add(a, b).map(Attr::N),
                _ => Err(wrong_type()),
            },
            Assignment::Minus(a, b) => match (self.term(a)?, self.term(b)?) {
                (Attr::N(a), Attr::N(b)) => number::add(a, -b).map(Attr::N),
                _ => Err(wrong_type()),
            },
        }
    }

    fn term(&self, term: &Term) -> Result<Attr, AwsError> {
        match term {
            Term::Path(path) => lookup(self.old, path).cloned().ok_or_else(missing),
            Term::Value(name) => self.value(name).cloned(),
            Term::IfNotExists(path, default) => match lookup(self.old, path) {
                Some(found) => Ok(found.clone()),
                None => self.term(default),
            },
            Term::ListAppend(a, b) => match (self.term(a)?, self.term(b)?) {
                (Attr::L(mut a), Attr::L(b)) => {
                    a.extend(b);
                    Ok(Attr::L(a))
                }
                _ => Err(wrong_type()),
            },
        }
    }

    fn value(&self, name: &str) -> Result<&Attr, AwsError> {
        self.values.get(name).ok_or_else(missing)
    }
}

fn wrong_type() -> AwsError {
    invalid("An operand in the update expression has an incorrect data type")
}

fn missing() -> AwsError {
    invalid("The provided expression refers to an attribute that does not exist in the item")
}

fn no_such_place() -> AwsError {
    invalid("The document path provided in the update expression is invalid for update")
}

fn add(old: Option<&Attr>, by: &Attr) -> Result<Attr, AwsError> {
    Ok(match (old, by) {
        (None, by) => by.clone(),
        (Some(Attr::N(a)), Attr::N(b)) => Attr::N(number::add(*a, *b)?),
        (Some(Attr::Ss(a)), Attr::Ss(b)) => Attr::Ss(a | b),
        (Some(Attr::Ns(a)), Attr::Ns(b)) => Attr::Ns(a | b),
        (Some(Attr::Bs(a)), Attr::Bs(b)) => Attr::Bs(a | b),
        _ => return Err(wrong_type()),
    })
}

/// What is left of a set; nothing when it would be empty.
fn subtract(old: Option<&Attr>, by: &Attr) -> Result<Option<Attr>, AwsError> {
    fn rest<T: Ord + Clone>(a: &BTreeSet<T>, b: &BTreeSet<T>) -> Option<BTreeSet<T>> {
        Some(a - b).filter(|rest| !rest.is_empty())
    }
    Ok(match (old, by) {
        (None, _) => None,
        (Some(Attr::Ss(a)), Attr::Ss(b)) => rest(a, b).map(Attr::Ss),
        (Some(Attr::Ns(a)), Attr::Ns(b)) => rest(a, b).map(Attr::Ns),
        (Some(Attr::Bs(a)), Attr::Bs(b)) => rest(a, b).map(Attr::Bs),
        _ => return Err(wrong_type()),
    })
}

/// The value that holds the last step of a path of at least two steps, and that step.
fn parent<'i, 'p>(item: &'i mut Item, path: &'p Path) -> Option<(&'i mut Attr, &'p Step)> {
    let (last, before) = path.0.split_last()?;
    let mut found = item.get_mut(path.root())?;
    for step in before.get(1..)? {
        found = match (found, step) {
            (Attr::M(map), Step::Name(name)) => map.get_mut(name)?,
            (Attr::L(list), Step::Index(index)) => list.get_mut(*index)?,
            _ => return None,
        };
    }
    Some((found, last))
}

fn put(item: &mut Item, path: &Path, value: Attr) -> Result<(), AwsError> {
    if let Some(name) = path.attribute() {
        item.insert(name.to_owned(), value);
        return Ok(());
    }
    match parent(item, path).ok_or_else(no_such_place)? {
        (Attr::M(map), Step::Name(name)) => {
            map.insert(name.clone(), value);
        }
        (Attr::L(list), Step::Index(index)) => match list.get_mut(*index) {
            Some(element) => *element = value,
            None => list.push(value),
        },
        _ => return Err(no_such_place()),
    }
    Ok(())
}

fn remove(item: &mut Item, path: &Path) -> Result<(), AwsError> {
    if let Some(name) = path.attribute() {
        item.remove(name);
        return Ok(());
    }
    match parent(item, path).ok_or_else(no_such_place)? {
        (Attr::M(map), Step::Name(name)) => {
            map.remove(name);
        }
        (Attr::L(list), Step::Index(index)) => {
            if *index < list.len() {
                list.remove(*index);
            }
        }
        _ => return Err(no_such_place()),
    }
    Ok(())
}
