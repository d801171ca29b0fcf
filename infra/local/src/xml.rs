//! XML answers of the query protocol, as a small tree that writes itself.

use std::fmt::Write;

/// One element: text or children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml {
    name: String,
    text: Option<String>,
    children: Vec<Xml>,
}

impl Xml {
    /// An element with children (none yet).
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), text: None, children: Vec::new() }
    }

    /// An element that holds text.
    pub fn leaf(name: impl Into<String>, text: impl ToString) -> Self {
        Self { name: name.into(), text: Some(text.to_string()), children: Vec::new() }
    }

    /// The same with one more child.
    #[must_use]
    pub fn with(mut self, child: Xml) -> Self {
        self.children.push(child);
        self
    }

    /// The same with a child that holds text.
    #[must_use]
    pub fn text(self, name: &str, text: impl ToString) -> Self {
        self.with(Xml::leaf(name, text))
    }

    /// The same with a child that holds text, when there is any.
    #[must_use]
    pub fn maybe(self, name: &str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// The same with a list: `<name>` around the members.
    #[must_use]
    pub fn list(self, name: &str, members: impl IntoIterator<Item = Xml>) -> Self {
        let list = members.into_iter().fold(Xml::new(name), Xml::with);
        self.with(list)
    }

    /// Writes the element, escaped.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        let _ = write!(out, "<{}>", self.name);
        if let Some(text) = &self.text {
            escape(text, out);
        }
        for child in &self.children {
            child.write(out);
        }
        let tag = self.name.split(' ').next().unwrap_or_default();
        let _ = write!(out, "</{tag}>");
    }
}

/// Writes a text so that any reader gets it back. What XML cannot hold at all becomes U+FFFD.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A reader takes a bare one for the end of a line.
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' | ' '..='\u{FFFD}' | '\u{10000}'.. => out.push(c),
            _ => out.push('\u{FFFD}'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Xml;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// What a reader makes of the text of `<a>`.
    fn read(xml: &str) -> String {
        let text = xml.strip_prefix("<x><a>").and_then(|x| x.strip_suffix("</a></x>")).unwrap();
        assert!(!text.contains(['<', '>', '"', '\r']), "{text}");
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&#xD;", "\r").replace("&amp;", "&")
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            cases: 1000,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_reader_gets_back_any_text(text in "[\\PC<>&\"\r\n\t;#]{0,40}") {
            prop_assert_eq!(read(&Xml::new("x").text("a", &text).render()), text);
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let held = read(&Xml::new("x").text("a", "\u{0}a\u{1F}\u{FFFF}").render());
        assert_eq!(held, "\u{FFFD}a\u{FFFD}\u{FFFD}");
    }
}
