//! `job#<id>` / `state`: its conditional writes. Each is one `UpdateItem` on one item.

use super::indexes::DueJob;
use super::item::{Item, job_pk, key, number, ordered, text};
use super::state_codec::{GIVEN_UP_AT, RECORD_VERSION, changing, decode, encode, is_readable};
use super::{Store, StoreError, StoreResult, store_error};
use crate::clock::EpochMs;
use crate::failure::wire_code;
use crate::ids::{Epoch, JobId, Seq, WorkerId};
use crate::job::{ClaimRefused, JobState, Lease, Status};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use std::fmt::Write;

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimOutcome {
    /// The job is ours, in this state.
    Claimed(Box<JobState>),
    /// It is not, and the wake-up can be deleted.
    Refused(ClaimRefused),
    /// There is no such job.
    Unknown,
    /// Its record is of a newer release: untouched, and left to a worker of that release.
    Newer,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is stored.
    Stored,
    /// A newer epoch has begun: drop everything.
    Fenced,
}

/// How an update ended: with the new item (where asked for), or with the one that stood in its way.
enum Updated {
    Done(Item),
    Refused(Option<Item>),
}

impl Store {
    /// Puts the state of a new job if there is none; says whether it was put.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn put_state(&self, state: &JobState) -> StoreResult<bool> {
        let item = encode(state).into_iter().collect();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(true),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => Ok(false),
            Err(e) => Err(store_error!(self, "storing the job")(e)),
        }
    }

    /// The state of a job, when there is one.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn state(&self, id: JobId) -> StoreResult<Option<JobState>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = key(&job_pk(id), "state").into_iter().fold(get, |get, (k, v)| get.key(k, v));
        let answer = get.send().await.map_err(store_error!(self, "reading the job"))?;
        let item = answer.item.map(ordered);
        item.map(|item| decode(&item).map_err(StoreError::from)).transpose()
    }

    /// Claims a job for a tick: one conditional update.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn claim(
        &self,
        id: JobId,
        seq: Seq,
        lease: &Lease,
        token: &str,
        now_ms: EpochMs,
    ) -> StoreResult<ClaimOutcome> {
        let update = self.update(id).update_expression(
            "SET #status = :running, #owner = :owner, #token = :token, lease_until = :until, \
             due_at = :until, epoch = epoch + :one, claims = claims + :one, \
             dispatches = dispatches + :one \
             REMOVE watch_scope, watch_ref, watch_want, watch_at",
        );
        let update = update
            .condition_expression(
                "v = :v AND seq = :seq AND attribute_exists(due_at) AND \
                 (attribute_not_exists(#owner) OR lease_until < :now)",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":v", number(RECORD_VERSION))
            .expression_attribute_values(":running", text("running"))
            .expression_attribute_values(":owner", text(&lease.owner))
            .expression_attribute_values(":token", text(token))
            .expression_attribute_values(":until", number(lease.until_ms))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":seq", number(seq))
            .expression_attribute_values(":now", number(now_ms))
            .return_values(ReturnValue::AllNew);
        match self.run(update, "claiming the job").await? {
            Updated::Done(item) => Ok(ClaimOutcome::Claimed(Box::new(decode(&item)?))),
            Updated::Refused(None) => Ok(ClaimOutcome::Unknown),
            Updated::Refused(Some(item)) if !is_readable(&item) => Ok(ClaimOutcome::Newer),
            Updated::Refused(Some(item)) => {
                Ok(refused_claim(decode(&item)?, seq, &lease.owner, token))
            }
        }
    }

    /// Makes a lease longer while its tick runs. `false`: the job was taken over.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn renew(&self, id: JobId, epoch: Epoch, until_ms: EpochMs) -> StoreResult<bool> {
        let update = self
            .update(id)
            .update_expression("SET lease_until = :until, due_at = :until")
            .condition_expression("epoch = :epoch AND attribute_exists(#owner)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":until", number(until_ms))
            .expression_attribute_values(":epoch", number(epoch));
        Ok(matches!(self.run(update, "renewing the lease").await?, Updated::Done(_)))
    }

    /// Writes the end of a tick: `next` is what [`JobState::commit`] (or `letter_sent`) made of
    /// `claimed`. Conditional on the epoch and the wake-up number of the claim.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn commit(&self, claimed: &JobState, next: &JobState) -> StoreResult<CommitOutcome> {
        let update = set_all(self.update(next.id), next)
            .condition_expression("epoch = :mine AND seq = :seq")
            .expression_attribute_values(":mine", number(claimed.epoch))
            .expression_attribute_values(":seq", number(claimed.seq));
        match self.run(update, "committing the tick").await? {
            Updated::Done(_) => Ok(CommitOutcome::Stored),
            Updated::Refused(Some(item)) if decode(&item)?.is_committed_by(claimed) => {
                Ok(CommitOutcome::Stored)
            }
            Updated::Refused(_) => Ok(CommitOutcome::Fenced),
        }
    }

    /// Writes what an operator's verb made of an ended job (see [`JobState::retry`]). `false`:
    /// somebody else has changed it since it was read, or given it up.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn replace_ended(&self, read: &JobState, next: &JobState) -> StoreResult<bool> {
        let update = set_all(self.update(next.id), next)
            .condition_expression(
                "v = :v AND epoch = :mine AND seq = :seq AND attribute_not_exists(due_at) AND \
                 attribute_not_exists(#given_up)",
            )
            .expression_attribute_names("#given_up", GIVEN_UP_AT)
            .expression_attribute_values(":v", number(RECORD_VERSION))
            .expression_attribute_values(":mine", number(read.epoch))
            .expression_attribute_values(":seq", number(read.seq));
        match self.run(update, "changing the job").await? {
            Updated::Done(_) => Ok(true),
            Updated::Refused(Some(item)) => Ok(decode(&item)? == *next),
            Updated::Refused(None) => Ok(false),
        }
    }

    /// Gives a failed job up as it was read: from now on no retry goes through. `false`: somebody has
    /// set it going since. A repeat changes nothing.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn give_up(&self, read: &JobState, now_ms: EpochMs) -> StoreResult<bool> {
        let update = self
            .update(read.id)
            .update_expression("SET #given_up = if_not_exists(#given_up, :now)")
            .condition_expression(
                "v = :v AND epoch = :mine AND seq = :seq AND attribute_not_exists(due_at) AND \
                 #status = :failed",
            )
            .expression_attribute_names("#given_up", GIVEN_UP_AT)
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":v", number(RECORD_VERSION))
            .expression_attribute_values(":failed", text(Status::Failed.as_str()))
            .expression_attribute_values(":mine", number(read.epoch))
            .expression_attribute_values(":seq", number(read.seq))
            .expression_attribute_values(":now", number(now_ms));
        Ok(matches!(self.run(update, "giving the job up").await?, Updated::Done(_)))
    }

    /// Moves a due job on, after its wake-up was sent: conditional on the wake-up number and on the
    /// due time that was read, so that a claim made in between keeps its own. `false`: it was.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn move_due(&self, job: &DueJob, next_due_ms: EpochMs) -> StoreResult<bool> {
        let update = self
            .update(job.id)
            .update_expression("SET due_at = :next, dispatches = :dispatches")
            .condition_expression("seq = :seq AND due_at = :due")
            .expression_attribute_values(":next", number(next_due_ms))
            .expression_attribute_values(":dispatches", number(job.dispatches + 1))
            .expression_attribute_values(":seq", number(job.seq))
            .expression_attribute_values(":due", number(job.due_at_ms));
        Ok(matches!(self.run(update, "moving the due time").await?, Updated::Done(_)))
    }

    /// Wakes a waiting job: the caller sends the wake-up that comes back, at once. `due_at` covers
    /// the case that it dies before. `None`: the job does not wait for this wake-up (any more).
    /// Without a wake-up number, whatever the job waits for.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn wake(
        &self,
        id: JobId,
        seq: Option<Seq>,
        due_at_ms: EpochMs,
    ) -> StoreResult<Option<JobState>> {
        let update = self
            .update(id)
            .update_expression(
                "SET due_at = :due, dispatches = dispatches + :one \
                 REMOVE watch_scope, watch_ref, watch_want, watch_at",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":due", number(due_at_ms))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew);
        let update = update.expression_attribute_values(":v", number(RECORD_VERSION));
        let idle = "v = :v AND attribute_exists(due_at) AND attribute_not_exists(#owner)";
        let update = match seq {
            None => update.condition_expression(idle),
            Some(seq) => update
                .condition_expression(format!("{idle} AND seq = :seq"))
                .expression_attribute_values(":seq", number(seq)),
        };
        match self.run(update, "waking the job").await? {
            Updated::Done(item) => Ok(Some(decode(&item)?)),
            Updated::Refused(_) => Ok(None),
        }
    }

    fn update(&self, id: JobId) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table);
        key(&job_pk(id), "state").into_iter().fold(update, |update, (k, v)| update.key(k, v))
    }

    async fn run(&self, update: UpdateItemFluentBuilder, doing: &str) -> StoreResult<Updated> {
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        match update.return_values_on_condition_check_failure(all_old).send().await {
            Ok(answer) => Ok(Updated::Done(ordered(answer.attributes.unwrap_or_default()))),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => {
                let UpdateItemError::ConditionalCheckFailedException(e) = e.into_service_error()
                else {
                    return Ok(Updated::Refused(None));
                };
                Ok(Updated::Refused(e.item.map(ordered)))
            }
            Err(e) => Err(store_error!(self, doing)(e)),
        }
    }
}

/// A refused claim: maybe ours all the same, if the answer to it got lost.
fn refused_claim(there: JobState, seq: Seq, owner: &WorkerId, token: &str) -> ClaimOutcome {
    if there.seq == seq && there.is_claimed_by(owner, token) {
        return ClaimOutcome::Claimed(Box::new(there));
    }
    let why = match (there.seq == seq, there.is_live()) {
        (false, _) => ClaimRefused::Stale,
        (true, false) => ClaimRefused::Ended,
        (true, true) => ClaimRefused::Leased,
    };
    ClaimOutcome::Refused(why)
}

/// Sets every attribute that a transition may change, and removes those that are absent.
fn set_all(update: UpdateItemFluentBuilder, state: &JobState) -> UpdateItemFluentBuilder {
    let (mut set, mut remove) = (String::new(), String::new());
    let mut update = update;
    for (n, (name, value)) in changing(state).into_iter().enumerate() {
        update = update.expression_attribute_names(format!("#n{n}"), name);
        let (list, clause) = match &value {
            Some(_) => (&mut set, format!("#n{n} = :n{n}")),
            None => (&mut remove, format!("#n{n}")),
        };
        // Writing to a String cannot fail.
        let _ = write!(list, "{}{clause}", if list.is_empty() { "" } else { ", " });
        if let Some(value) = value {
            update = update.expression_attribute_values(format!(":n{n}"), value);
        }
    }
    let remove = if remove.is_empty() { remove } else { format!(" REMOVE {remove}") };
    update.update_expression(format!("SET {set}{remove}"))
}
