//! `set#<id>` / `set`: a restore set as it was accepted, put once; `set#<id>` / `tally`: what its
//! members have voted. Two items, so that a vote is one small write.

use super::item::{Item, ItemReader, Unreadable, key, number, ordered, text, texts};
use super::versioned::Versioned;
use super::{Store, StoreResult, store_error};
use crate::failure::wire_code;
use crate::ids::SetId;
use crate::set::{SetSpec, Tally, Vote, Voted};

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

impl Versioned for Tally {
    const SK: &'static str = "tally";

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn attributes(&self) -> Item {
        let vote = |vote: &Vote| format!("{} {}", vote.voted.as_str(), vote.at_ms);
        let votes = self.votes.iter().map(|(job, v)| (job, vote(v))).collect();
        let decision = serde_json::to_string(&self.decision).unwrap_or_default();
        let all = [
            ("members", number(self.members)),
            ("deadline", number(self.deadline_ms)),
            ("votes", texts(&votes)),
            ("decision", text(decision)),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn read(item: &Item) -> Result<Self, Unreadable> {
        let read = ItemReader::new(item);
        let vote = |(job, vote): (&str, &str)| Some((job.parse().ok()?, parse_vote(vote)?));
        let votes = read.texts("votes")?.into_iter().map(vote).collect::<Option<_>>();
        Ok(Self {
            version: read.number("version")?,
            members: read.number("members")?,
            deadline_ms: read.number("deadline")?,
            decision: read.json("decision")?,
            votes: votes.ok_or_else(|| read.wrong("votes", "holds an entry that is no vote"))?,
        })
    }
}

fn parse_vote(text: &str) -> Option<Vote> {
    let (voted, at_ms) = text.split_once(' ')?;
    let known = [Voted::Verified, Voted::Swapped];
    let voted = known.into_iter().find(|known| known.as_str() == voted)?;
    Some(Vote { voted, at_ms: at_ms.parse().ok()? })
}

impl Store {
    /// Puts a set if there is none under its id; answers the one that stands, which keeps its moment.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item that is there cannot be read.
    pub async fn put_set(&self, spec: SetSpec) -> StoreResult<SetSpec> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .set_item(Some(encode_set(&spec).into_iter().collect()))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(spec),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => {
                Ok(self.set(spec.id).await?.unwrap_or(spec))
            }
            Err(e) => Err(store_error!(self, "storing the set")(e)),
        }
    }

    /// A set, when there is one.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn set(&self, id: SetId) -> StoreResult<Option<SetSpec>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = key(&set_pk(id), "set").into_iter().fold(get, |get, (k, v)| get.key(k, v));
        let answer = get.send().await.map_err(store_error!(self, "reading the set"))?;
        Ok(answer.item.map(ordered).map(|item| decode_set(id, &item)).transpose()?)
    }

    /// Puts the tally of a new set if there is none.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn put_tally(&self, id: SetId, tally: &Tally) -> StoreResult<()> {
        self.put_versioned(&set_pk(id), 0, tally).await.map(drop)
    }

    /// The tally of a set, when there is one.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn tally(&self, id: SetId) -> StoreResult<Option<Tally>> {
        self.read_versioned(&set_pk(id)).await
    }

    /// Applies a pure change to a tally: conditional on its version, again on what stood in the way.
    /// Returns it as it was and as it is; `None` when there is none.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn change_tally(
        &self,
        id: SetId,
        change: impl Fn(&Tally) -> Tally,
    ) -> StoreResult<Option<(Tally, Tally)>> {
        let is_there = |tally: &Tally| tally.version > 0;
        let change = |tally: &Tally| is_there(tally).then(|| change(tally));
        let (before, after) = self.change(&set_pk(id), change).await?;
        Ok(is_there(&after).then_some((before, after)))
    }
}
