//! A report as Markdown with pipe tables. Everything that came from outside is escaped.

use super::page::{Block, Page};

pub(super) fn render(page: &Page) -> String {
    let mut parts = vec![format!("# {}", escaped(&page.title)), escaped(&page.summary)];
    for section in &page.sections {
        parts.push(format!("## {}", section.title));
        parts.extend(section.blocks.iter().filter_map(block));
    }
    parts.join("\n\n") + "\n"
}

fn block(block: &Block) -> Option<String> {
    match block {
        Block::Text(text) => Some(escaped(text)),
        Block::Facts(facts) => {
            let line = |(name, text): &(&str, String)| format!("- **{name}:** {}", escaped(text));
            Some(facts.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Block::Table { head, rows, .. } => Some(table(head, rows)),
        Block::Code(text) => Some(code(text)),
        Block::Timeline => None,
    }
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![line(head.iter().map(|name| (*name).to_owned()).collect())];
    lines.push(line(head.iter().map(|_| "---".to_owned()).collect()));
    lines.extend(rows.iter().map(|row| line(row.iter().map(|cell| escaped(cell)).collect())));
    lines.join("\n")
}

/// A fence longer than any in the text.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}json\n{text}\n{fence}")
}

/// What Markdown or a table could take for its own is escaped; lines become one. A name or a hash
/// stands as code, so that it can be copied from the text as it is.
fn escaped(text: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.contains('_') && text.chars().all(is_name) {
        return format!("`{text}`");
    }
    let mut out = String::with_capacity(text.len());
    if text.starts_with(['-', '+', '=']) {
        out.push('\\');
    }
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' => {
                out.extend(['\\', c]);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_taken_for_markdown() {
        let text = escaped("<script>alert(1)</script> | **bold** [a](b) `c`\nnext \\");
        assert_eq!(
            text,
            "&lt;script&gt;alert(1)&lt;/script&gt; \\| \\*\\*bold\\*\\* \\[a\\](b) \\`c\\` next \\\\"
        );
    }

    #[test]
    fn a_name_stands_as_code_and_can_be_copied() {
        assert_eq!(escaped("restore_cluster"), "`restore_cluster`");
        assert_eq!(escaped("_x-Y"), "`_x-Y`");
        assert_eq!(escaped("orders-drill"), "orders-drill");
        assert_eq!(escaped("a_b c"), "a\\_b c");
        assert_eq!(escaped("- no list"), "\\- no list");
    }

    #[test]
    fn a_fence_in_a_text_does_not_end_the_fence_around_it() {
        assert_eq!(code("a ```` b"), "`````json\na ```` b\n`````");
        assert_eq!(code("a"), "```json\na\n```");
    }
}
