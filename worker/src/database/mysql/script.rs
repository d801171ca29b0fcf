//! What a MySQL script says about transactions, read from its text: MySQL has no way to forbid a
//! script to end its transaction.

/// The word by which a script would end its transaction, if it has one. Schema changes, which do so
/// too, are not meant: they leave a trace, and are allowed.
pub(super) fn ends_transaction(sql: &str) -> Option<&'static str> {
    const WORDS: [&str; 5] = ["COMMIT", "ROLLBACK", "BEGIN", "START", "XA"];
    statements(sql).into_iter().find_map(|words| {
        let first = words.first()?;
        let ends = WORDS.into_iter().find(|word| word == first);
        let switches = first == "SET" && words.iter().any(|word| word == "AUTOCOMMIT");
        ends.or(switches.then_some("SET AUTOCOMMIT"))
    })
}

/// The words of each statement, in upper case, without what is quoted or commented out.
fn statements(sql: &str) -> Vec<Vec<String>> {
    let mut statements = Vec::new();
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let skipped = skip(rest);
        if skipped.is_none() && (c.is_ascii_alphanumeric() || c == '_') {
            word.push(c.to_ascii_uppercase());
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if skipped.is_none() && c == ';' {
            statements.push(std::mem::take(&mut words));
        }
        rest = &rest[skipped.unwrap_or(c.len_utf8())..];
    }
    words.push(word);
    statements.push(words);
    statements
}

/// How many bytes to skip here: a quoted text, a comment, the head of one that is executed.
fn skip(rest: &str) -> Option<usize> {
    let from = |at: usize, end: &str| {
        rest[at..].find(end).map_or(rest.len(), |found| at + found + end.len())
    };
    let mut chars = rest.chars();
    match chars.next()? {
        quote @ ('\'' | '"' | '`') => Some(quoted(rest, quote)),
        '#' => Some(from(1, "\n")),
        '-' if rest.starts_with("--")
            && rest[2..].chars().next().is_none_or(char::is_whitespace) =>
        {
            Some(from(2, "\n"))
        }
        // MySQL runs what is in these comments.
        '/' if rest.starts_with("/*!") || rest.starts_with("/*M!") => {
            let head = rest.find('!').map_or(0, |at| at + 1);
            let version = rest[head..].find(|c: char| !c.is_ascii_digit());
            Some(head + version.unwrap_or(0))
        }
        '/' if rest.starts_with("/*") => Some(from(2, "*/")),
        _ => None,
    }
}

/// The length of a quoted text with its quotes. A doubled quote is two texts side by side.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_ends_its_transaction_is_known_by_its_words() {
        for (sql, word) in [
            ("COMMIT", "COMMIT"),
            ("UPDATE t SET a = 1;\n  commit;", "COMMIT"),
            ("/* x */ Rollback", "ROLLBACK"),
            ("-- x\nBEGIN", "BEGIN"),
            ("UPDATE t SET a = 'it''s; \\'x';START TRANSACTION", "START"),
            ("XA START 'x'", "XA"),
            ("SET @@session.autocommit = 1", "SET AUTOCOMMIT"),
            ("SET a = 1, autocommit=0", "SET AUTOCOMMIT"),
            ("/*!50001 COMMIT */", "COMMIT"),
            ("/*M! COMMIT */", "COMMIT"),
        ] {
            assert_eq!(ends_transaction(sql), Some(word), "{sql}");
        }
    }

    #[test]
    fn words_that_are_quoted_commented_out_or_names_end_nothing() {
        for sql in [
            "",
            "UPDATE commit SET start = 'BEGIN'",
            "UPDATE t SET a = '; COMMIT'",
            "UPDATE t SET a = \"\\\"; COMMIT\", b = `; COMMIT`",
            "UPDATE t SET a = 1 -- ; COMMIT",
            "UPDATE t SET a = 1 # ; COMMIT\n, b = 2",
            "UPDATE t SET a = 1 /* ; COMMIT */",
            "UPDATE t SET a = 1--1",
            "ALTER TABLE t ADD autocommit INT",
            "UPDATE t SET a = 'ü; COMMIT",
        ] {
            assert_eq!(ends_transaction(sql), None, "{sql}");
        }
    }
}
