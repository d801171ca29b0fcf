//! The state of a job as it lies in the table, and what a write of it has changed.

use super::typed::{flag, number, text, texts};
use serde_json::Value;
use std::collections::BTreeMap;

/// A job's state, as far as it is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) status: String,
    pub(super) seq: i64,
    pub(super) epoch: i64,
    pub(super) owner: Option<String>,
    pub(super) lease_until: Option<i64>,
    pub(super) token: Option<String>,
    pub(super) due_at: Option<i64>,
    pub(super) is_in_due_index: bool,
    pub(super) watches: bool,
    pub(super) plan_epoch: Option<i64>,
    pub(super) steps: BTreeMap<String, String>,
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) holds_target: bool,
    pub(super) failed_code: Option<String>,
    pub(super) parked_code: Option<String>,
    pub(super) letter_pending: bool,
    pub(super) chain: Option<String>,
    pub(super) ended_at: Option<i64>,
    pub(super) is_given_up: bool,
}

/// The output with the immutable id of a job's cluster.
pub(super) const RESOURCE_ID: &str = "resource_id";

impl State {
    pub(super) fn read(item: &Value) -> Self {
        let owned = |name| text(item, name).map(str::to_owned);
        Self {
            status: owned("status").unwrap_or_default(),
            seq: number(item, "seq").unwrap_or_default(),
            epoch: number(item, "epoch").unwrap_or_default(),
            owner: owned("owner"),
            lease_until: number(item, "lease_until"),
            token: owned("token"),
            due_at: number(item, "due_at"),
            is_in_due_index: item.get("due_shard").is_some(),
            watches: item.get("watch_scope").is_some(),
            plan_epoch: number(item, "plan_epoch"),
            steps: texts(item, "steps"),
            outputs: texts(item, "outputs"),
            holds_target: flag(item, "holds_target"),
            failed_code: text(item, "failed_at").and_then(failure_code),
            parked_code: text(item, "parked").and_then(failure_code),
            letter_pending: flag(item, "letter_pending"),
            chain: owned("chain"),
            ended_at: number(item, "ended_at"),
            is_given_up: item.get("given_up_at").is_some(),
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "failed")
    }

    /// Whether a worker has anything to do with it.
    pub(super) fn is_live(&self) -> bool {
        !self.is_ended() || self.letter_pending
    }

    pub(super) fn resource_id(&self) -> Option<&str> {
        self.outputs.get(RESOURCE_ID).map(String::as_str)
    }

    /// The steps that are done.
    pub(super) fn done(&self) -> impl Iterator<Item = &str> {
        let is_done = |state: &str| state.split(' ').next() == Some("done");
        self.steps.iter().filter(move |(_, s)| is_done(s)).map(|(name, _)| name.as_str())
    }

    /// What only a claim, a commit or a replay may change.
    fn fenced_part(&self) -> Self {
        Self {
            lease_until: None,
            due_at: None,
            is_in_due_index: false,
            watches: false,
            is_given_up: false,
            ..self.clone()
        }
    }
}

fn failure_code(failed_at: &str) -> Option<String> {
    let failed_at: Value = serde_json::from_str(failed_at).ok()?;
    failed_at.get("failure")?.get("code")?.as_str().map(str::to_owned)
}

/// What a write has done to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It is new.
    Created,
    /// It is gone.
    Removed,
    /// A worker has taken it.
    Claim,
    /// A tick has ended.
    Commit,
    /// A failed job goes on.
    Replay,
    /// Its lease is longer.
    Renewal,
    /// Its due time has moved, or its watch is over.
    Moved,
    /// Nothing that the protocol knows.
    Odd,
}

impl Change {
    pub(super) fn of(before: Option<&State>, after: Option<&State>) -> Self {
        let (before, after) = match (before, after) {
            (None, Some(_)) => return Self::Created,
            (_, None) => return Self::Removed,
            (Some(before), Some(after)) => (before, after),
        };
        let grown = (after.epoch - before.epoch, after.seq - before.seq);
        match grown {
            (1, 0) => Self::Claim,
            (0, 1) if is_replay(before, after) => Self::Replay,
            (0, 1) => Self::Commit,
            (0, 0) if before.fenced_part() != after.fenced_part() => Self::Odd,
            (0, 0) if before.lease_until != after.lease_until => Self::Renewal,
            (0, 0) => Self::Moved,
            _ => Self::Odd,
        }
    }
}

fn is_replay(before: &State, after: &State) -> bool {
    before.status == "failed" && !before.letter_pending && after.status == "queued"
}
