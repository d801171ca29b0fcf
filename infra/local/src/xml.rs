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

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}
