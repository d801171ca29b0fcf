//! Passwords in what is sent.

use super::Invariant;
use super::book::Book;
use aurora_restore_local::call::Service;
use aurora_restore_local::params::Params;
use aurora_restore_local::witness::Seen;

/// The forms in which secrets would be seen in bodies.
pub(super) fn needles(secrets: &[String]) -> Vec<String> {
    let json = |secret: &String| serde_json::to_string(secret).unwrap_or_default();
    let in_json = |secret: &String| json(secret).trim_matches('"').to_owned();
    let mut needles: Vec<_> = secrets.iter().flat_map(|s| [s.clone(), in_json(s)]).collect();
    needles.retain(|needle| !needle.is_empty());
    needles.sort_unstable();
    needles.dedup();
    needles
}

impl Book {
    pub(super) fn look_for_secrets(&mut self, seen: &Seen<'_>) {
        let operation = seen.call.operation.as_str();
        let found = match seen.call.service {
            _ if is_read(operation) => None,
            Service::Rds => self.secret_in_params(&Params::parse(&seen.request.body)),
            _ => self.secret_in(&String::from_utf8_lossy(&seen.request.body)),
        };
        if let Some(place) = found {
            self.report(
                seen.record,
                Invariant::SecretsStaySecret,
                format!("a password in {place}"),
            );
        }
    }

    fn secret_in(&self, text: &str) -> Option<String> {
        let is_there = self.needles.iter().any(|needle| text.contains(needle.as_str()));
        is_there.then(|| "its body".to_owned())
    }

    /// A password may be where one is set, and nowhere else.
    fn secret_in_params(&self, params: &Params) -> Option<String> {
        let is_told = |(name, value): &(&str, &str)| {
            *name != "MasterUserPassword" && self.secret_in(value).is_some()
        };
        params.iter().find(is_told).map(|(name, _)| name.to_owned())
    }
}

/// Calls that tell nothing that others will read.
fn is_read(operation: &str) -> bool {
    const READS: [&str; 5] = ["Describe", "Receive", "Delete", "ChangeMessage", "Query"];
    operation.starts_with("Get") || READS.iter().any(|read| operation.starts_with(read))
}
