//! The chain of a job's events, by a reckoning of its own.

use super::Invariant;
use super::job::Job;
use super::state::State;
use super::state_rules::Findings;
use super::typed::{number, text};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// An event as a link of the chain.
#[derive(Debug)]
pub(super) struct Link {
    hash: String,
    prev: String,
}

impl Link {
    /// Reads an event as it lies in the table.
    pub(super) fn read(job: &str, sk: &str, item: &Value) -> Self {
        let mut key = sk.split('#').skip(1);
        let epoch = key.next().unwrap_or_default().trim_start_matches('0');
        let epoch = if epoch.is_empty() { "0" } else { epoch };
        let part = |name| text(item, name).unwrap_or_default();
        let at = number(item, "at").unwrap_or_default().to_string();
        let prev = part("prev").to_owned();
        let number = key.next().unwrap_or_default();
        let parts = ["event 1", job, epoch, number, part("worker"), &at, &prev, part("entries")];
        Self { hash: digest(&parts), prev }
    }
}

/// What the first event of a job that restores follows.
pub(super) fn genesis(job: &str, spec: &Value) -> String {
    let part = |name| text(spec, name).unwrap_or_default();
    let at = number(spec, "created_at").unwrap_or_default().to_string();
    let parts = ["request 1", job, part("hash"), part("submitted_by"), &at];
    let set = text(spec, "set");
    digest(&parts.into_iter().chain(set).collect::<Vec<_>>())
}

fn digest(parts: &[&str]) -> String {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

impl Job {
    /// From the last commit back to the request, every event is there, and there are as many as
    /// there were commits and replays.
    pub(super) fn is_chained(&self, id: &str, found: &mut Findings) {
        let Some(state) = self.state.as_ref().filter(|state| !State::is_live(state)) else {
            return;
        };
        let links: BTreeMap<&str, &str> =
            self.events.values().map(|link| (link.hash.as_str(), link.prev.as_str())).collect();
        let mut at = state.chain.as_deref().unwrap_or_default();
        let mut events = 0;
        while let Some(prev) = links.get(at) {
            (at, events) = (prev, events + 1);
        }
        if at != self.genesis || events != self.told {
            let text = format!(
                "job {id}: {events} events are on its chain, {} were committed, it begins at {at:?}",
                self.told
            );
            found.push((Invariant::EventsAreChained, text));
        }
    }
}
