//! Tokens of expressions, and the wording of syntax errors.

use super::ast::{Path, Step};
use winnow::ascii::{digit1, multispace0};
use winnow::combinator::{alt, delimited, eof, not, opt, peek, preceded, terminated};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::{one_of, take_while};

/// The longest expression, bytes.
const MAX_BYTES: usize = 4096;
/// How deep parentheses may be nested: checked before parsing, so that no input can exhaust the
/// stack.
const MAX_DEPTH: usize = 64;
/// Words that may stand before a parenthesis.
const KNOWN: [&str; 13] = [
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "size",
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "if_not_exists",
    "list_append",
];

/// What every parser here returns. Choices are made by looking at the next token and not by
/// backtracking, so that a syntax error is found where it is.
pub(super) type Parsed<T> = winnow::Result<T, EmptyError>;

/// Reads the whole of an expression, or tells what is wrong with it.
pub(super) fn whole<'i, T>(
    text: &'i str,
    parser: impl Parser<&'i str, T, EmptyError>,
) -> Result<T, String> {
    if text.trim().is_empty() {
        return Err("The expression can not be empty;".into());
    }
    if text.len() > MAX_BYTES {
        let size = text.len();
        return Err(format!(
            "Expression size has exceeded the maximum allowed size; expression size: {size}"
        ));
    }
    if depth(text) > MAX_DEPTH {
        return Err("The expression nests its parentheses too deeply".into());
    }
    terminated(parser, (multispace0, eof))
        .parse(text)
        .map_err(|e| syntax_error(text.get(e.offset()..).unwrap_or_default()))
}

fn depth(text: &str) -> usize {
    let step = |(now, most): (usize, usize), byte| match byte {
        b'(' => (now + 1, most.max(now + 1)),
        b')' => (now.saturating_sub(1), most),
        _ => (now, most),
    };
    text.bytes().fold((0, 0), step).1
}

/// The text of a syntax error before `rest`.
fn syntax_error(rest: &str) -> String {
    let rest = rest.trim_start();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_#:".contains(c);
    let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let (token, after) = rest.split_at(length.max(first));
    let starts_word = token.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts_word && after.trim_start().starts_with('(') && !KNOWN.contains(&token) {
        return format!("Invalid function name; function: {token}");
    }
    let token = if token.is_empty() { "<EOF>" } else { token };
    let near: String = rest.chars().take(24).collect();
    format!("Syntax error; token: \"{token}\", near: \"{near}\"")
}

/// A bare word.
pub(super) fn word<'i>(i: &mut &'i str) -> Parsed<&'i str> {
    let first = one_of(|c: char| c.is_ascii_alphabetic() || c == '_');
    preceded(multispace0, (first, rest_of_word).take()).parse_next(i)
}

fn rest_of_word<'i>(i: &mut &'i str) -> Parsed<&'i str> {
    take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_').parse_next(i)
}

/// A keyword, in any case.
pub(super) fn keyword<'i>(name: &'static str) -> impl Parser<&'i str, (), EmptyError> {
    word.verify(move |w: &str| w.eq_ignore_ascii_case(name)).void()
}

/// A punctuation mark.
pub(super) fn symbol<'i>(text: &'static str) -> impl Parser<&'i str, (), EmptyError> {
    preceded(multispace0, text).void()
}

/// `#name` or `:name`, with its sign.
pub(super) fn placeholder<'i>(sign: char) -> impl Parser<&'i str, String, EmptyError> {
    let name = take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_');
    preceded(multispace0, (sign, name).take()).map(str::to_owned)
}

/// An expression attribute value.
pub(super) fn value(i: &mut &str) -> Parsed<String> {
    placeholder(':').parse_next(i)
}

fn name(i: &mut &str) -> Parsed<Step> {
    alt((placeholder('#'), word.map(str::to_owned))).map(Step::Name).parse_next(i)
}

fn index(i: &mut &str) -> Parsed<Step> {
    let digits = preceded(multispace0, digit1);
    delimited(symbol("["), digits.parse_to(), symbol("]")).map(Step::Index).parse_next(i)
}

/// A document path.
pub(super) fn path(i: &mut &str) -> Parsed<Path> {
    let mut steps = vec![name(i)?];
    loop {
        if opt(symbol(".")).parse_next(i)?.is_some() {
            steps.push(name(i)?);
        } else if peek(opt(symbol("["))).parse_next(i)?.is_some() {
            steps.push(index(i)?);
        } else {
            return Ok(Path(steps));
        }
    }
}

/// One or more members, separated by commas.
pub(super) fn list<'i, T>(
    mut member: impl FnMut(&mut &'i str) -> Parsed<T>,
    i: &mut &'i str,
) -> Parsed<Vec<T>> {
    let mut members = vec![member(i)?];
    while opt(symbol(",")).parse_next(i)?.is_some() {
        members.push(member(i)?);
    }
    Ok(members)
}

/// The name of the function that is called next, when it is one of `known`.
pub(super) fn function<'i>(known: &[&str], i: &mut &'i str) -> Parsed<Option<&'i str>> {
    let called = peek(opt(terminated(word, symbol("(")))).parse_next(i)?;
    match called.filter(|name| known.contains(name)) {
        Some(name) => {
            terminated(word, symbol("(")).parse_next(i)?;
            Ok(Some(name))
        }
        None => Ok(None),
    }
}

/// Fails when a function is called here: the caller has tried those it knows.
pub(super) fn no_function(i: &mut &str) -> Parsed<()> {
    not(terminated(word, symbol("("))).parse_next(i)
}
