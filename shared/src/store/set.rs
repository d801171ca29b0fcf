//! `set#<id>` / `set`: a restore set as it was accepted, put once; `set#<id>` / `tally`: what its
//! members have voted. Two items, so that a vote is one small write.

use super::item::{Item, ItemReader, Unreadable, key, number, ordered, text, texts};
use super::spec::Accepted;
use super::{Store, StoreResult, store_error};
use crate::failure::{Failure, FailureCode, wire_code};
use crate::ids::SetId;
use crate::set::{SetSpec, Tally, Vote, Voted};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

/// How often a vote is tried against rivals before the caller is told to come back.
const RIVALS: usize = 16;

fn set_pk(id: SetId) -> String {
    format!("set#{id}")
}

fn encode_set(spec: &SetSpec) -> Item {
    let mut item: Item = key(&set_pk(spec.id), "set").map(|(k, v)| (k.to_owned(), v)).into();
    item.insert("set".into(), text(spec.set.canonical()));
    item.insert("moment".into(), text(spec.moment));
    item.insert("submitted_by".into(), text(&spec.submitted_by));
    item.insert("created_at".into(), number(spec.created_at_ms));
    item
}

fn decode_set(id: SetId, item: &Item) -> Result<SetSpec, Unreadable> {
    let read = ItemReader::new(item);
    Ok(SetSpec {
        id,
        set: read.json("set")?,
        moment: read.parsed("moment")?,
        submitted_by: read.text("submitted_by")?.to_owned(),
        created_at_ms: read.number("created_at")?,
    })
}

fn encode_tally(id: SetId, tally: &Tally) -> Item {
    let mut item: Item = key(&set_pk(id), "tally").map(|(k, v)| (k.to_owned(), v)).into();
    let vote = |vote: &Vote| format!("{} {}", vote.voted.as_str(), vote.at_ms);
    let votes = tally.votes.iter().map(|(job, v)| (job, vote(v))).collect();
    item.insert("version".into(), number(tally.version));
    item.insert("members".into(), number(tally.members));
    item.insert("deadline".into(), number(tally.deadline_ms));
    item.insert("votes".into(), texts(&votes));
    let decision = serde_json::to_string(&tally.decision).unwrap_or_default();
    item.insert("decision".into(), text(decision));
    item
}

fn decode_tally(item: &Item) -> Result<Tally, Unreadable> {
    let read = ItemReader::new(item);
    let vote = |(job, vote): (&str, &str)| Some((job.parse().ok()?, parse_vote(vote)?));
    let votes = read.texts("votes")?.into_iter().map(vote).collect::<Option<_>>();
    Ok(Tally {
        version: read.number("version")?,
        members: read.number("members")?,
        deadline_ms: read.number("deadline")?,
        decision: read.json("decision")?,
        votes: votes.ok_or_else(|| read.wrong("votes", "holds an entry that is no vote"))?,
    })
}

fn parse_vote(text: &str) -> Option<Vote> {
    let (voted, at_ms) = text.split_once(' ')?;
    let known = [Voted::Verified, Voted::Swapped];
    let voted = known.into_iter().find(|known| known.as_str() == voted)?;
    Some(Vote { voted, at_ms: at_ms.parse().ok()? })
}

impl Store {
    /// Puts a set if there is none under its id. One that is there keeps its moment.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item that is there cannot be read.
    pub async fn put_set(&self, spec: &SetSpec) -> StoreResult<Accepted> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .set_item(Some(encode_set(spec).into_iter().collect()))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => return Ok(Accepted::New),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => {}
            Err(e) => return Err(store_error!(self, "storing the set")(e)),
        }
        match self.set(spec.id).await? {
            Some(there) if there.set.hash() == spec.set.hash() => {
                let SetSpec { created_at_ms, submitted_by, .. } = there;
                Ok(Accepted::Same { created_at_ms, submitted_by })
            }
            _ => Ok(Accepted::Conflict),
        }
    }

    /// A set, when there is one.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn set(&self, id: SetId) -> StoreResult<Option<SetSpec>> {
        let item = self.set_item(id, "set", "reading the set").await?;
        Ok(item.map(|item| decode_set(id, &item)).transpose()?)
    }

    /// Puts the tally of a new set if there is none.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn put_tally(&self, id: SetId, tally: &Tally) -> StoreResult<()> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(encode_tally(id, tally).into_iter().collect()));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(()),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => Ok(()),
            Err(e) => Err(store_error!(self, "storing the votes of the set")(e)),
        }
    }

    /// The tally of a set, when there is one.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn tally(&self, id: SetId) -> StoreResult<Option<Tally>> {
        let item = self.set_item(id, "tally", "reading the votes of the set").await?;
        Ok(item.map(|item| decode_tally(&item)).transpose()?)
    }

    async fn set_item(&self, id: SetId, sk: &str, doing: &str) -> StoreResult<Option<Item>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = key(&set_pk(id), sk).into_iter().fold(get, |get, (k, v)| get.key(k, v));
        let answer = get.send().await.map_err(store_error!(self, doing))?;
        Ok(answer.item.map(ordered))
    }

    /// Applies a pure change to a tally: conditional on its version, again on what stood in the way.
    /// Returns it as it was and as it is; `None` when there is none, or the change is not taken.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn change_tally(
        &self,
        id: SetId,
        change: impl Fn(&Tally) -> Option<Tally>,
    ) -> StoreResult<Option<(Tally, Tally)>> {
        let Some(mut there) = self.tally(id).await? else { return Ok(None) };
        for _ in 0..RIVALS {
            let Some(mut next) = change(&there) else { return Ok(None) };
            if next == there {
                return Ok(Some((there, next)));
            }
            next.version = there.version + 1;
            match self.replace_tally(id, there.version, &next).await? {
                None => return Ok(Some((there, next))),
                // The very write, found done: its answer had been lost.
                Some(found) if found == next => return Ok(Some((there, next))),
                Some(rival) => there = rival,
            }
        }
        let doing = format!("voting in set {id}: too many rivals at once");
        Err(Failure::transient(FailureCode::ResourceBusy, doing).into())
    }

    /// Replaces a tally that is still at a version; `Some` is what stood in the way.
    async fn replace_tally(
        &self,
        id: SetId,
        version: u64,
        next: &Tally,
    ) -> StoreResult<Option<Tally>> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .set_item(Some(encode_tally(id, next).into_iter().collect()))
            .condition_expression("#version = :read")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":read", number(version))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let refused = match put.send().await {
            Ok(_) => return Ok(None),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => e,
            Err(e) => return Err(store_error!(self, "voting in the set")(e)),
        };
        let there = match refused.into_service_error() {
            PutItemError::ConditionalCheckFailedException(e) => e.item.map(ordered),
            _ => None,
        };
        Ok(Some(decode_tally(&there.unwrap_or_default())?))
    }
}
