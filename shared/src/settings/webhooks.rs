//! Webhooks: which hosts may be told, how what they are told is signed, and what is never called.

use super::protected::fits;
use crate::fault::Reader;
use std::path::PathBuf;

/// What may be told by webhook; by default nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Hosts that may be told; `*` stands for any text.
    pub hosts: Vec<String>,
    /// The secret, in the home account and Region, that messages are signed with.
    pub secret: Option<String>,
    /// Whether hosts may have private and loopback addresses. Link-local ones, where clouds keep their
    /// credentials, are never called.
    pub private_addresses: bool,
    /// A CA that is trusted beside those of the system (PEM).
    pub ca_file: Option<PathBuf>,
}

impl WebhookSettings {
    /// Whether a host, as a request names it, may be told.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        self.hosts.iter().any(|pattern| fits(pattern, host))
    }

    /// Reads them.
    pub(super) fn read(r: &Reader<'_>) -> Self {
        if !r.is_given() || r.object(&["hosts", "secret", "private_addresses", "ca_file"]).is_none()
        {
            return Self::default();
        }
        let secret = r.field("secret").optional(|r| r.short_text(512));
        if secret.is_none() {
            let fix = "name a secret in Secrets Manager that receivers know, too";
            r.field("secret").fault("is missing: receivers could not tell who calls", fix);
        }
        Self {
            hosts: r.field("hosts").list(host),
            secret,
            private_addresses: r.field("private_addresses").optional(Reader::flag).unwrap_or(false),
            ca_file: r.field("ca_file").optional(Reader::text).map(PathBuf::from),
        }
    }
}

fn host(r: &Reader<'_>) -> Option<String> {
    let text = r.short_text(253)?;
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.*".contains(&b);
    let good = text.bytes().all(known);
    if !good {
        let fix = "must be a host or a pattern in lower case, such as \"*.example.com\"";
        r.fault(format!("is {text:?}"), fix);
    }
    good.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::read_all;
    use serde_json::json;

    #[test]
    fn only_hosts_that_are_named_may_be_told() {
        let value = json!({ "hosts": ["hooks.example.com", "*.corp.example"], "secret": "s" });
        let settings = read_all(&value, |r| Some(WebhookSettings::read(r))).unwrap();
        for (host, is) in [
            ("hooks.example.com", true),
            ("a.corp.example", true),
            ("corp.example", false),
            ("hooks.example.com.evil.example", false),
            ("evil.example", false),
        ] {
            assert_eq!(settings.allows(host), is, "{host}");
        }
        assert!(!WebhookSettings::default().allows("hooks.example.com"));
    }

    #[test]
    fn without_a_secret_or_with_what_is_no_host_they_are_refused() {
        let value = json!({ "hosts": ["https://hooks.example.com", "Hooks.example.com"] });
        let faults = read_all(&value, |r| Some(WebhookSettings::read(r))).unwrap_err();
        let paths: Vec<String> = faults.0.into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["secret", "hosts[0]", "hosts[1]"]);
    }
}
