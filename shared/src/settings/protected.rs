//! Protected targets: clusters that a `swap` replaces only with another caller's approval.

use crate::fault::Reader;

/// Which targets are protected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protected {
    /// Patterns of cluster names; `*` stands for any text.
    pub clusters: Vec<String>,
    /// Tags, key and value.
    pub tags: Vec<(String, String)>,
}

impl Protected {
    /// Why a cluster of this name and with these tags is protected: the pattern or tag that it
    /// meets, as the settings say it.
    pub fn matches<'t>(
        &self,
        cluster: &str,
        tags: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Option<String> {
        if let Some(pattern) = self.clusters.iter().find(|pattern| fits(pattern, cluster)) {
            return Some(pattern.clone());
        }
        let mut tags = tags;
        let is_meant = |(key, value)| self.tags.iter().any(|(k, v)| k == key && v == value);
        tags.find(|tag| is_meant(*tag)).map(|(key, value)| format!("{key}={value}"))
    }

    /// Reads them.
    pub(super) fn read(r: &Reader<'_>) -> Self {
        if !r.is_given() || r.object(&["clusters", "tags"]).is_none() {
            return Self::default();
        }
        Self { clusters: r.field("clusters").list(pattern), tags: r.field("tags").list(tag) }
    }
}

fn pattern(r: &Reader<'_>) -> Option<String> {
    let text = r.short_text(63)?;
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'*';
    let good = text.bytes().all(known);
    if !good {
        r.fault(
            format!("is {text:?}"),
            "must be a name or a pattern in lower case, such as \"*-prod\"",
        );
    }
    good.then_some(text)
}

fn tag(r: &Reader<'_>) -> Option<(String, String)> {
    let text = r.short_text(385)?;
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    if pair.is_none() {
        r.fault(format!("is {text:?}"), "must be key=value, such as \"env=production\"");
    }
    pair.map(|(key, value)| (key.to_owned(), value.to_owned()))
}

/// Whether a name fits a pattern in which `*` stands for any text.
pub(super) fn fits<'n>(pattern: &str, name: &'n str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == name };
    let Some(rest) = name.strip_prefix(first) else { return false };
    let Some(rest) = rest.strip_suffix(last) else { return false };
    // The earliest place of each part leaves the most for those after it.
    let after = |rest: &'n str, part: &&str| rest.split_once(*part).map(|(_, after)| after);
    middle.iter().try_fold(rest, after).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::read_all;
    use proptest::prelude::*;
    use serde_json::json;
    use std::iter::once;

    fn settings() -> Protected {
        let value =
            json!({ "clusters": ["*-prod", "prod-*", "ledger"], "tags": ["env=production"] });
        read_all(&value, |r| Some(Protected::read(r))).unwrap()
    }

    #[test]
    fn a_target_is_protected_by_its_name_or_by_a_tag() {
        let by = |name: &str, tags: &[(&str, &str)]| settings().matches(name, tags.iter().copied());
        assert_eq!(by("orders-prod", &[]).as_deref(), Some("*-prod"));
        assert_eq!(by("prod-orders", &[]).as_deref(), Some("prod-*"));
        assert_eq!(by("ledger", &[]).as_deref(), Some("ledger"));
        assert_eq!(by("orders", &[]), None);
        assert_eq!(by("ledger-2", &[]), None);
        let tags = [("team", "orders"), ("env", "production")];
        assert_eq!(by("orders", &tags).as_deref(), Some("env=production"));
        assert_eq!(by("orders", &[("env", "staging")]), None);
        assert_eq!(Protected::default().matches("orders-prod", once(("env", "production"))), None);
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, is) in [
            ("*", "orders", true),
            ("orders", "orders", true),
            ("orders", "orders-2", false),
            ("*prod*", "a-prod-b", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("**", "x", true),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_with_any_parts_of_it_replaced_by_stars_is_meant(
            a in "[a-z-]{0,8}", b in "[a-z-]{0,8}", c in "[a-z-]{0,8}", d in "[a-z-]{0,8}",
        ) {
            let fits_it = fits(&format!("{a}*{c}*"), &format!("{a}{b}{c}{d}"));
            prop_assert!(fits_it);
        }
    }

    #[test]
    fn a_wrong_pattern_and_a_wrong_tag_are_named() {
        let value = json!({ "clusters": ["Prod", ""], "tags": ["production", "=x"], "names": [] });
        let faults = read_all(&value, |r| Some(Protected::read(r))).unwrap_err();
        let paths: Vec<String> = faults.0.into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["names", "clusters[0]", "clusters[1]", "tags[0]", "tags[1]"]);
    }
}
