//! What is wrong with an expression whatever the item: operand types, bounds, overlapping paths.

use super::super::value::Attr;
use super::ast::{Comparator, Condition, Operand, Path, Step, Update};
use super::names::Values;

/// The most members an IN may have.
const MAX_IN: usize = 100;
/// The names of all types, as `attribute_type` takes them.
const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"];

type Checked = Result<(), String>;

/// Checks a condition, filter or key condition.
pub(crate) fn condition(condition: &Condition, values: &Values) -> Checked {
    match condition {
        Condition::Or(members) | Condition::And(members) => {
            members.iter().try_for_each(|c| self::condition(c, values))
        }
        Condition::Not(inner) => self::condition(inner, values),
        Condition::Compare(_, Comparator::Eq | Comparator::Ne, _)
        | Condition::Exists(_)
        | Condition::NotExists(_)
        | Condition::Contains(..) => Ok(()),
        Condition::Compare(a, comparator, b) => {
            ordered(comparator.as_str(), a, values)?;
            ordered(comparator.as_str(), b, values)
        }
        Condition::Between(_, low, high) => between(low, high, values),
        Condition::In(_, members) if members.len() > MAX_IN => Err(format!(
            "The IN operator is provided with too many operands; number of operands: {}",
            members.len()
        )),
        Condition::In(..) => Ok(()),
        Condition::HasType(_, wanted) => match values.get(wanted) {
            Some(Attr::S(name)) if TYPES.contains(&name.as_str()) => Ok(()),
            Some(Attr::S(name)) => Err(format!("Invalid attribute type name found; type: {name}")),
            other => Err(wrong_operand("attribute_type", other)),
        },
        Condition::BeginsWith(a, b) => {
            [a, b].into_iter().try_for_each(|operand| match value(operand, values) {
                None | Some(Attr::S(_) | Attr::B(_)) => Ok(()),
                other => Err(wrong_operand("begins_with", other)),
            })
        }
    }
}

fn value<'v>(operand: &Operand, values: &'v Values) -> Option<&'v Attr> {
    match operand {
        Operand::Value(name) => values.get(name),
        _ => None,
    }
}

fn wrong_operand(operator: &str, value: Option<&Attr>) -> String {
    let kind = value.map_or("none", Attr::kind);
    format!(
        "Incorrect operand type for operator or function; operator or function: {operator}, \
         operand type: {kind}"
    )
}

fn ordered(operator: &str, operand: &Operand, values: &Values) -> Checked {
    match value(operand, values) {
        None | Some(Attr::S(_) | Attr::N(_) | Attr::B(_)) => Ok(()),
        other => Err(wrong_operand(operator, other)),
    }
}

fn between(low: &Operand, high: &Operand, values: &Values) -> Checked {
    ordered("BETWEEN", low, values)?;
    ordered("BETWEEN", high, values)?;
    let (Some(low), Some(high)) = (value(low, values), value(high, values)) else { return Ok(()) };
    let (from, to) = (low.to_json(), high.to_json());
    let bounds = || format!("lower bound operand: {from}, upper bound operand: {to}");
    match low.order(high) {
        None => Err(format!(
            "The BETWEEN operator requires same data type for lower and upper bounds; {}",
            bounds()
        )),
        Some(std::cmp::Ordering::Greater) => Err(format!(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower \
             bound; {}",
            bounds()
        )),
        Some(_) => Ok(()),
    }
}

/// Checks an update.
pub(crate) fn update(update: &Update, values: &Values) -> Checked {
    for (_, name) in &update.add {
        let allowed = |v: &Attr| matches!(v, Attr::N(_) | Attr::Ss(_) | Attr::Ns(_) | Attr::Bs(_));
        wants("ADD", values.get(name), allowed)?;
    }
    for (_, name) in &update.delete {
        let allowed = |v: &Attr| matches!(v, Attr::Ss(_) | Attr::Ns(_) | Attr::Bs(_));
        wants("DELETE", values.get(name), allowed)?;
    }
    overlaps(&update.targets().collect::<Vec<_>>())
}

fn wants(operator: &str, value: Option<&Attr>, allowed: impl Fn(&Attr) -> bool) -> Checked {
    if value.is_some_and(allowed) {
        return Ok(());
    }
    let kind = value.map_or("none", Attr::kind);
    Err(format!(
        "Incorrect operand type for operator or function; operator: {operator}, operand type: \
         {kind}, typeSet: ALLOWED_FOR_{operator}_OPERAND"
    ))
}

/// Refuses two paths of which one contains the other, or that want one place to be a map and a
/// list at once.
pub(crate) fn overlaps(paths: &[&Path]) -> Checked {
    for (n, one) in paths.iter().enumerate() {
        for two in &paths[n + 1..] {
            if let Some(how) = clash(one, two) {
                return Err(format!(
                    "Two document paths {how} with each other; must remove or rewrite one of these \
                     paths; path one: {one}, path two: {two}"
                ));
            }
        }
    }
    Ok(())
}

fn clash(one: &Path, two: &Path) -> Option<&'static str> {
    match one.0.iter().zip(&two.0).find(|(a, b)| a != b) {
        None => Some("overlap"),
        Some((Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_))) => Some("conflict"),
        Some(_) => None,
    }
}
