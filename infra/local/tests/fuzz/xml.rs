//! Whether a text is well-formed XML, as far as the answers use it.

/// Counts the elements.
pub(crate) fn check(text: &str) -> Result<usize, String> {
    let (mut open, mut count, mut rest) = (Vec::new(), 0, text);
    while let Some(at) = rest.find('<') {
        is_text(&rest[..at])?;
        let end = rest[at..].find('>').ok_or("a tag without an end")? + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        match tag.strip_prefix('/') {
            Some(name) if open.pop() == Some(name) => {}
            Some(name) => return Err(format!("</{name}> closes another element")),
            None => {
                let name = tag.split(' ').next().unwrap_or_default();
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
                    return Err(format!("<{tag}> is no tag"));
                }
                open.push(name);
                count += 1;
            }
        }
        if open.is_empty() && !rest.is_empty() {
            return Err("more than one root".into());
        }
    }
    if open.is_empty() && count > 0 { Ok(count) } else { Err("an element without an end".into()) }
}

fn is_text(text: &str) -> Result<(), String> {
    let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        return Err(format!("{c:?} is not allowed in XML"));
    }
    let mut entities = text.split('&').skip(1);
    let known = ["amp;", "lt;", "gt;", "quot;", "#xD;"];
    if entities.all(|entity| known.iter().any(|k| entity.starts_with(k))) {
        return Ok(());
    }
    Err(format!("a bare & in {text:?}"))
}
