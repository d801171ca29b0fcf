//! The grammar of conditions and projections.

use super::ast::{Comparator, Condition, Operand, Path};
use super::token::{Parsed, function, keyword, list, no_function, path, symbol, value, whole};
use winnow::combinator::{alt, opt};
use winnow::prelude::*;

/// The functions that are conditions.
const PREDICATES: [&str; 5] =
    ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"];

/// Reads a condition, filter or key condition.
pub(crate) fn condition(text: &str) -> Result<Condition, String> {
    whole(text, any_of)
}

/// Reads a projection: paths separated by commas.
pub(crate) fn projection(text: &str) -> Result<Vec<Path>, String> {
    whole(text, |i: &mut &str| list(path, i))
}

// From the weakest binding to the strongest.

fn any_of(i: &mut &str) -> Parsed<Condition> {
    let mut members = vec![all_of(i)?];
    while opt(keyword("OR")).parse_next(i)?.is_some() {
        members.push(all_of(i)?);
    }
    Ok(alone(members, Condition::Or))
}

fn all_of(i: &mut &str) -> Parsed<Condition> {
    let mut members = vec![negation(i)?];
    while opt(keyword("AND")).parse_next(i)?.is_some() {
        members.push(negation(i)?);
    }
    Ok(alone(members, Condition::And))
}

fn alone(mut members: Vec<Condition>, join: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    match (members.len(), members.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            members.extend(last);
            join(members)
        }
    }
}

fn negation(i: &mut &str) -> Parsed<Condition> {
    // Two NOTs cancel each other: counting instead of recursing keeps the stack flat.
    let mut negate = false;
    while opt(keyword("NOT")).parse_next(i)?.is_some() {
        negate = !negate;
    }
    let inner = predicate(i)?;
    Ok(if negate { Condition::Not(Box::new(inner)) } else { inner })
}

fn predicate(i: &mut &str) -> Parsed<Condition> {
    if opt(symbol("(")).parse_next(i)?.is_some() {
        let inner = any_of(i)?;
        symbol(")").parse_next(i)?;
        return Ok(inner);
    }
    let called = function(&PREDICATES, i)?;
    match called {
        Some(name) => {
            let condition = call(name, i)?;
            symbol(")").parse_next(i)?;
            Ok(condition)
        }
        None => comparison(i),
    }
}

fn call(name: &str, i: &mut &str) -> Parsed<Condition> {
    match name {
        "attribute_exists" => path(i).map(Condition::Exists),
        "attribute_not_exists" => path(i).map(Condition::NotExists),
        "attribute_type" => {
            let at = path(i)?;
            symbol(",").parse_next(i)?;
            Ok(Condition::HasType(at, value(i)?))
        }
        _ => {
            let first = operand(i)?;
            symbol(",").parse_next(i)?;
            let second = operand(i)?;
            Ok(match name {
                "contains" => Condition::Contains(first, second),
                _ => Condition::BeginsWith(first, second),
            })
        }
    }
}

fn comparison(i: &mut &str) -> Parsed<Condition> {
    let left = operand(i)?;
    if opt(keyword("BETWEEN")).parse_next(i)?.is_some() {
        let low = operand(i)?;
        keyword("AND").parse_next(i)?;
        return Ok(Condition::Between(left, low, operand(i)?));
    }
    if opt(keyword("IN")).parse_next(i)?.is_some() {
        symbol("(").parse_next(i)?;
        let members = list(operand, i)?;
        symbol(")").parse_next(i)?;
        return Ok(Condition::In(left, members));
    }
    let comparator = comparator(i)?;
    Ok(Condition::Compare(left, comparator, operand(i)?))
}

fn comparator(i: &mut &str) -> Parsed<Comparator> {
    alt((
        symbol("<>").value(Comparator::Ne),
        symbol("<=").value(Comparator::Le),
        symbol(">=").value(Comparator::Ge),
        symbol("=").value(Comparator::Eq),
        symbol("<").value(Comparator::Lt),
        symbol(">").value(Comparator::Gt),
    ))
    .parse_next(i)
}

fn operand(i: &mut &str) -> Parsed<Operand> {
    if function(&["size"], i)?.is_some() {
        let of = path(i)?;
        symbol(")").parse_next(i)?;
        return Ok(Operand::Size(of));
    }
    no_function(i)?;
    if let Some(value) = opt(value).parse_next(i)? {
        return Ok(Operand::Value(value));
    }
    path(i).map(Operand::Path)
}
