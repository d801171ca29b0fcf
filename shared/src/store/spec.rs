//! `job#<id>` / `spec`: the request. Put once, if absent: this is the idempotency gate.

use super::item::{Item, ItemReader, Unreadable, job_pk, number, ordered, text};
use super::{Store, StoreResult, store_error};
use crate::aftercare::Aftercare;
use crate::chain;
use crate::clock::{EpochMs, timestamp};
use crate::failure::wire_code;
use crate::ids::JobId;
use crate::job::JobState;
use crate::plan::{Plan, StepName, step_names};
use crate::request::Request;
use crate::set::Membership;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

/// A request as it was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The job.
    pub id: JobId,
    /// The request.
    pub request: Request,
    /// SHA-256 of its canonical form.
    pub hash: String,
    /// Who submitted it: the AWS identity of the submitting process, where known.
    pub submitted_by: String,
    /// When it was accepted.
    pub created_at_ms: EpochMs,
    /// What it does where it follows another job; none: it restores.
    pub aftercare: Option<Aftercare>,
    /// The restore set that it is a member of.
    pub set: Option<Membership>,
}

impl Spec {
    /// The job that everything it deals with carries the tag of: itself, or the one that it follows.
    #[must_use]
    pub fn owner(&self) -> JobId {
        self.aftercare.as_ref().map_or(self.id, |care| care.of)
    }

    /// The steps that it is likely to have, in order: a guess, before there is a plan.
    #[must_use]
    pub fn step_names(&self) -> Vec<StepName> {
        match &self.aftercare {
            Some(care) => care.steps().into_iter().map(|step| step.name).collect(),
            None => step_names(&self.request, self.set.is_some()),
        }
    }

    /// The steps of its plan, or where there is none yet, those that it is likely to have.
    #[must_use]
    pub fn steps_of(&self, plan: Option<&Plan>) -> Vec<StepName> {
        let planned = plan.map(|plan| plan.steps.iter().map(|step| step.name).collect());
        planned.unwrap_or_else(|| self.step_names())
    }

    /// The state of its job as it is accepted, the same for every repeat: due after an interval.
    #[must_use]
    pub fn first_state(&self, first_interval_ms: EpochMs) -> JobState {
        let (region, priority) = (self.request.target.region.clone(), self.request.priority);
        let at_ms = self.created_at_ms;
        let state = JobState::accepted(self.id, region, priority, at_ms, first_interval_ms);
        JobState { chain: Some(chain::genesis(self)), ..state }
    }

    /// When the owner was accepted.
    #[must_use]
    pub fn owner_accepted_ms(&self) -> EpochMs {
        self.aftercare.as_ref().map_or(self.created_at_ms, |care| care.of_created_at_ms)
    }
}

/// What became of an attempt to put a spec.
#[derive(Debug, Clone, PartialEq)]
pub enum Accepted {
    /// It is stored now.
    New,
    /// The same request was stored under this id before; accepted at that moment.
    Same {
        /// When that was.
        created_at_ms: EpochMs,
        /// Who submitted it then.
        submitted_by: String,
    },
    /// Another request was stored under this id before: the idempotency key is used twice.
    Conflict,
}

impl Spec {
    pub(super) fn encode(&self) -> Item {
        let created = timestamp(self.created_at_ms);
        let day = created.to_string()[..10].to_owned();
        let aftercare = self.aftercare.as_ref().map(|care| text(care.canonical()));
        let always = [
            ("pk", text(job_pk(self.id))),
            ("sk", text("spec")),
            ("v", number(1)),
            ("request", text(self.request.canonical())),
            ("hash", text(&self.hash)),
            ("submitted_by", text(&self.submitted_by)),
            ("created_at", number(self.created_at_ms)),
            ("created_day", text(day)),
            ("created_key", text(format!("{:014}#{}", self.created_at_ms, self.id))),
        ];
        let set = self.set.map(|set| text(set.canonical()));
        let all = always.into_iter().chain(aftercare.map(|care| ("aftercare", care)));
        let all = all.chain(set.map(|set| ("set", set)));
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub(super) fn decode(item: &Item) -> Result<Self, Unreadable> {
        let read = ItemReader::new(item);
        let pk = read.text("pk")?;
        let id = pk.strip_prefix("job#").and_then(|id| id.parse().ok());
        Ok(Self {
            id: id.ok_or_else(|| read.wrong("pk", "is not a job"))?,
            request: read.json("request")?,
            hash: read.text("hash")?.to_owned(),
            submitted_by: read.text("submitted_by")?.to_owned(),
            created_at_ms: read.number("created_at")?,
            aftercare: read.has("aftercare").then(|| read.json("aftercare")).transpose()?,
            set: read.has("set").then(|| read.json("set")).transpose()?,
        })
    }
}

impl Store {
    /// Puts a spec if there is none under its id.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn put_spec(&self, spec: &Spec) -> StoreResult<Accepted> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .set_item(Some(spec.encode().into_iter().collect()))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let refused = match put.send().await {
            Ok(_) => return Ok(Accepted::New),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => e,
            Err(e) => return Err(store_error!(self, "storing the request")(e)),
        };
        let old = refused.into_service_error();
        let there = match old {
            aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(e) => e.item,
            _ => None,
        };
        let there = Spec::decode(&ordered(there.unwrap_or_default()))?;
        if there.hash != spec.hash {
            return Ok(Accepted::Conflict);
        }
        let Spec { created_at_ms, submitted_by, .. } = there;
        Ok(Accepted::Same { created_at_ms, submitted_by })
    }
}
