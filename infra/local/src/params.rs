//! Parameters of the query protocol: `Filters.Filter.1.Name=...` read as lists and structures.

use std::collections::BTreeMap;

/// The form-encoded parameters of one query-protocol request.
#[derive(Debug, Clone, Default)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads a form-encoded body.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A plain parameter, when given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All parameters with their full names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A boolean parameter, when given (`true` in any case is true).
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|v| v.eq_ignore_ascii_case("true"))
    }

    /// The members of a list: `<prefix>.1`, `<prefix>.2`, ... (`prefix` with its member name, e.g.
    /// `VpcSecurityGroupIds.VpcSecurityGroupId`).
    #[must_use]
    pub fn list(&self, prefix: &str) -> Vec<String> {
        (1..).map_while(|n| self.0.get(&format!("{prefix}.{n}")).cloned()).collect()
    }

    /// The members of a list of structures: each with its own parameters, the prefix taken off.
    #[must_use]
    pub fn structs(&self, prefix: &str) -> Vec<Params> {
        (1..)
            .map(|n| self.under(&format!("{prefix}.{n}.")))
            .take_while(|p| !p.0.is_empty())
            .collect()
    }

    /// The parameters whose names start with `prefix`, the prefix taken off.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Params {
        let within = self.0.range(prefix.to_owned()..).take_while(|(k, _)| k.starts_with(prefix));
        Params(within.map(|(k, v)| (k[prefix.len()..].to_owned(), v.clone())).collect())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Params {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}
