//! The grammar of updates.

use super::ast::{Assignment, Path, Term, Update};
use super::token::{
    Parsed, function, keyword, list, no_function, path, symbol, value, whole, word,
};
use winnow::combinator::{opt, peek};
use winnow::prelude::*;

/// Reads an update.
pub(crate) fn update(text: &str) -> Result<Update, String> {
    let sections = whole(text, sections)?;
    let mut update = Update::default();
    for section in sections {
        let (name, free) = match &section {
            Section::Set(_) => ("SET", update.set.is_empty()),
            Section::Remove(_) => ("REMOVE", update.remove.is_empty()),
            Section::Add(_) => ("ADD", update.add.is_empty()),
            Section::Delete(_) => ("DELETE", update.delete.is_empty()),
        };
        if !free {
            let text = "section can only be used once in an update expression;";
            return Err(format!("The \"{name}\" {text}"));
        }
        match section {
            Section::Set(set) => update.set = set,
            Section::Remove(remove) => update.remove = remove,
            Section::Add(add) => update.add = add,
            Section::Delete(delete) => update.delete = delete,
        }
    }
    Ok(update)
}

enum Section {
    Set(Vec<(Path, Assignment)>),
    Remove(Vec<Path>),
    Add(Vec<(Path, String)>),
    Delete(Vec<(Path, String)>),
}

fn sections(i: &mut &str) -> Parsed<Vec<Section>> {
    let mut sections = vec![section(i)?];
    while peek(opt(word)).parse_next(i)?.is_some() {
        sections.push(section(i)?);
    }
    Ok(sections)
}

fn section(i: &mut &str) -> Parsed<Section> {
    if opt(keyword("SET")).parse_next(i)?.is_some() {
        return list(assignment, i).map(Section::Set);
    }
    if opt(keyword("REMOVE")).parse_next(i)?.is_some() {
        return list(path, i).map(Section::Remove);
    }
    if opt(keyword("ADD")).parse_next(i)?.is_some() {
        return list(path_and_value, i).map(Section::Add);
    }
    keyword("DELETE").parse_next(i)?;
    list(path_and_value, i).map(Section::Delete)
}

fn path_and_value(i: &mut &str) -> Parsed<(Path, String)> {
    Ok((path(i)?, value(i)?))
}

fn assignment(i: &mut &str) -> Parsed<(Path, Assignment)> {
    let target = path(i)?;
    symbol("=").parse_next(i)?;
    let first = term(i)?;
    if opt(symbol("+")).parse_next(i)?.is_some() {
        return Ok((target, Assignment::Plus(first, term(i)?)));
    }
    if opt(symbol("-")).parse_next(i)?.is_some() {
        return Ok((target, Assignment::Minus(first, term(i)?)));
    }
    Ok((target, Assignment::Term(first)))
}

fn term(i: &mut &str) -> Parsed<Term> {
    if opt(symbol("(")).parse_next(i)?.is_some() {
        let inner = term(i)?;
        symbol(")").parse_next(i)?;
        return Ok(inner);
    }
    match function(&["if_not_exists", "list_append"], i)? {
        Some("if_not_exists") => {
            let at = path(i)?;
            symbol(",").parse_next(i)?;
            let default = term(i)?;
            symbol(")").parse_next(i)?;
            return Ok(Term::IfNotExists(at, Box::new(default)));
        }
        Some(_) => {
            let first = term(i)?;
            symbol(",").parse_next(i)?;
            let second = term(i)?;
            symbol(")").parse_next(i)?;
            return Ok(Term::ListAppend(Box::new(first), Box::new(second)));
        }
        None => {}
    }
    no_function(i)?;
    if let Some(value) = opt(value).parse_next(i)? {
        return Ok(Term::Value(value));
    }
    path(i).map(Term::Path)
}
