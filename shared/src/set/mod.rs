//! Restore sets: several clusters as of one moment, verified together and swapped together or not at
//! all. A set is a file of its own; each member is an ordinary job that knows its set. What they
//! agree on is in `tally.rs`, a two-phase commit whose coordinator is one item of the table
//! (decision 0016).

mod read;
mod tally;
mod tell;

pub use tally::{Decision, SETTLE_WITHIN, Tally, Vote, Voted};
pub use tell::change;

use crate::clock::{EpochMs, as_ms};
use crate::fault::Faults;
use crate::ids::{JobId, SetId};
use crate::request::{self, Request, Source, Span};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The version of the set format that this release speaks.
pub const SET_VERSION: u32 = 1;

/// The moment that is not named: the latest that every member can be restored to.
pub const LATEST: &str = "latest";

/// The fewest members of a set, and the most: their votes are in one item.
pub const MEMBERS: std::ops::RangeInclusive<usize> = 2..=50;

/// Several clusters to be restored as of one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreSet {
    /// Version of this format: 1.
    pub version: u32,
    /// The same key from the same caller always means the same set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Who asks: a team, a service, a pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// `latest`, or a timestamp such as `2026-11-22T09:41:30Z`.
    #[serde(default = "latest")]
    pub as_of: String,
    /// All members must be verified within this time from the submission, or nothing is swapped.
    #[serde(default = "complete_within")]
    pub complete_within: Span,
    /// A request for each cluster, from a point in time without `to`.
    pub members: Vec<Request>,
}

fn latest() -> String {
    LATEST.to_owned()
}

fn complete_within() -> Span {
    "12h".parse().unwrap_or_else(|_| unreachable!("it is a length of time"))
}

impl RestoreSet {
    /// Reads a set as a person wrote it.
    ///
    /// # Errors
    /// [`Faults`]: every fault it has, those of its members included.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let value = serde_json::from_str(text).map_err(|e| request::not_json(&e))?;
        crate::fault::read_all(&value, read::set)
    }

    /// The caller, or `anonymous`.
    #[must_use]
    pub fn caller_name(&self) -> &str {
        self.caller.as_deref().unwrap_or(request::ANONYMOUS)
    }

    /// The id that the idempotency key gives the set, when there is a key.
    #[must_use]
    pub fn keyed_id(&self) -> Option<SetId> {
        Some(SetId::keyed(self.caller_name(), self.idempotency_key.as_deref()?))
    }

    /// The set in its canonical form: members in a fixed order, defaults written out.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// SHA-256 of the canonical form, in hexadecimal: tells two sets under one key apart.
    #[must_use]
    pub fn hash(&self) -> String {
        request::sha256(&self.canonical())
    }

    /// The moment that the set names; none: the latest.
    #[must_use]
    pub fn moment(&self) -> Option<Timestamp> {
        self.as_of.parse().ok()
    }

    /// The members' requests, to one moment.
    #[must_use]
    pub fn members_at(&self, moment: Timestamp) -> Vec<Request> {
        let mut members = self.members.clone();
        for member in &mut members {
            if let Source::PointInTime(point) = &mut member.source {
                point.to = moment.to_string();
            }
        }
        members
    }
}

/// A set as it was accepted: never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct SetSpec {
    /// The set.
    pub id: SetId,
    /// As it was submitted.
    pub set: RestoreSet,
    /// The moment that all members are restored to.
    pub moment: Timestamp,
    /// Who submitted it: the AWS identity of the submitting process, where known.
    pub submitted_by: String,
    /// When it was accepted.
    pub created_at_ms: EpochMs,
}

impl SetSpec {
    /// The tally as the set is accepted: nobody has voted.
    #[must_use]
    pub fn first_tally(&self) -> Tally {
        let within = as_ms(self.set.complete_within.length());
        Tally::open(self.set.members.len(), self.created_at_ms.saturating_add(within))
    }

    /// What the members know of their set.
    pub fn memberships(&self) -> impl Iterator<Item = Membership> + use<'_> {
        let of = self.set.members.len();
        (0..of).map(move |member| Membership { set: self.id, member, of })
    }
}

/// What a job knows of its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The set.
    pub set: SetId,
    /// Which of its members this is, from 0.
    pub member: usize,
    /// How many there are.
    pub of: usize,
}

impl Membership {
    /// All of it as text, members in a fixed order.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The id of its job.
    #[must_use]
    pub fn job(&self) -> JobId {
        self.set.member(self.member)
    }
}

/// The JSON Schema of a set.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(RestoreSet);
    schema.insert("title".into(), "aurora-restore restore set, version 1".into());
    let mut schema = schema.to_value();
    let definitions = &mut schema["$defs"];
    // What the set says is not repeated in a member.
    for (name, gone) in [("Request", &read::OF_THE_SET[..]), ("PointInTime", &["to"])] {
        let definition = &mut definitions[name];
        for field in gone {
            definition["properties"].as_object_mut().map(|fields| fields.remove(*field));
        }
        if let Some(required) = definition["required"].as_array_mut() {
            required.retain(|field| !gone.iter().any(|gone| field == gone));
        }
    }
    definitions["Source"] = json!({
        "description": "The moment of the set in the life of a cluster.",
        "type": "object",
        "properties": { "point_in_time": { "$ref": "#/$defs/PointInTime" } },
        "required": ["point_in_time"],
        "additionalProperties": false,
    });
    schema
}

#[cfg(test)]
mod tests;
