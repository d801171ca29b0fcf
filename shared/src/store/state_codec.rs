//! `job#<id>` / `state`: how a [`JobState`] is written as an item and read back.
//!
//! Attributes of the sparse indexes are there only while they mean something.

use super::item::{Item, ItemReader, Unreadable, job_pk, number, text, texts};
use crate::ids::{JobId, RegionName};
use crate::job::{FailedAt, JobState, Lease, Status, StepState};
use crate::plan::StepName;
use crate::request::Priority;
use crate::watch::{Watch, WatchRef};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::BTreeMap;

/// Partitions of the `due` index per Region. Each has a leader of its own; one partition takes
/// about 300 changes of `due_at` a second (1,000 write units, three each).
pub const DUE_SHARDS: u8 = 2;

/// The version of the records that this release reads and writes. One of another version is left to
/// a worker of a newer release.
pub const RECORD_VERSION: u32 = 1;

/// The attribute of a job that was given up: there from then on, so that no retry goes through.
pub const GIVEN_UP_AT: &str = "given_up_at";

/// The partition of the `due` index that a job is in.
pub fn due_shard(region: &RegionName, id: &JobId) -> String {
    shard_name(region, id.0.as_bytes()[15] % DUE_SHARDS)
}

/// The name of one partition.
pub fn shard_name(region: &RegionName, n: u8) -> String {
    format!("{region}#{n}")
}

/// Every attribute that a transition may change, with its value or none. What is not listed (the
/// key, the version, attributes of a newer release) is never touched by an update.
pub fn changing(state: &JobState) -> Vec<(&'static str, Option<AttributeValue>)> {
    let lease = state.lease.as_ref();
    let watch = state.watch.as_ref();
    let due = state.due_at_ms;
    let yes = |flag: bool| flag.then_some(AttributeValue::Bool(true));
    let json = |f| text(serde_json::to_string(f).unwrap_or_default());
    vec![
        ("status", Some(text(state.status.as_str()))),
        ("seq", Some(number(state.seq))),
        ("epoch", Some(number(state.epoch))),
        ("dispatches", Some(number(state.dispatches))),
        ("owner", lease.map(|l| text(&l.owner))),
        ("lease_until", lease.map(|l| number(l.until_ms))),
        ("token", state.token.as_ref().map(text)),
        ("due_shard", due.map(|_| text(due_shard(&state.region, &state.id)))),
        ("due_at", due.map(number)),
        ("watch_scope", watch.map(|w| text(w.scope()))),
        ("watch_ref", watch.map(|w| text(w.reference()))),
        ("watch_want", watch.map(|w| text(&w.want))),
        ("watch_at", watch.map(|w| number(w.expected_at_ms))),
        ("plan_epoch", state.plan_epoch.map(number)),
        ("steps", Some(texts(&state.steps))),
        ("outputs", Some(texts(&state.outputs))),
        ("holds_target", yes(state.holds_target)),
        ("claims", Some(number(state.claims))),
        ("failed_at", state.failed_at.as_ref().map(json)),
        ("parked", state.parked.as_ref().map(json)),
        ("letter_pending", yes(state.letter_pending)),
        ("chain", state.chain.as_ref().map(text)),
        ("ended_at", state.ended_at_ms.map(number)),
        (GIVEN_UP_AT, state.given_up_at_ms.map(number)),
    ]
}

/// The whole item of a job's state.
pub fn encode(state: &JobState) -> Item {
    let fixed = [
        ("pk", text(job_pk(state.id))),
        ("sk", text("state")),
        ("v", number(RECORD_VERSION)),
        ("region", text(&state.region)),
        ("priority", text(state.priority.as_str())),
        ("created_at", number(state.created_at_ms)),
    ];
    let changing = changing(state).into_iter().filter_map(|(name, v)| Some((name, v?)));
    fixed.into_iter().chain(changing).map(|(name, v)| (name.to_owned(), v)).collect()
}

/// Whether an item is of the version that this release reads.
pub fn is_readable(item: &Item) -> bool {
    ItemReader::new(item).number::<u32>("v").is_ok_and(|v| v == RECORD_VERSION)
}

/// The id of the job that an item belongs to.
pub fn job_id(read: &ItemReader<'_>) -> Result<JobId, Unreadable> {
    let id = read.text("pk")?.strip_prefix("job#").and_then(|id| id.parse().ok());
    id.ok_or_else(|| read.wrong("pk", "is not a job"))
}

/// One of a closed list of words.
fn word<T: Copy>(
    read: &ItemReader<'_>,
    attribute: &str,
    words: &[(&str, T)],
) -> Result<T, Unreadable> {
    let text = read.text(attribute)?;
    let found = words.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        read.wrong(attribute, format!("is {text:?}, which this release does not know"))
    })
}

/// The priority of an item.
pub fn priority(read: &ItemReader<'_>) -> Result<Priority, Unreadable> {
    word(read, "priority", &Priority::ALL)
}

fn lease(read: &ItemReader<'_>) -> Result<Option<Lease>, Unreadable> {
    if !read.has("owner") {
        return Ok(None);
    }
    Ok(Some(Lease { owner: read.parsed("owner")?, until_ms: read.number("lease_until")? }))
}

fn watch(read: &ItemReader<'_>) -> Result<Option<Watch>, Unreadable> {
    let Some(scope) = read.maybe_text("watch_scope")? else { return Ok(None) };
    let wrong = || read.wrong("watch_scope", format!("is {scope:?}"));
    let (account, region) = scope.split_once('#').ok_or_else(wrong)?;
    let reference: WatchRef = read.parsed("watch_ref")?;
    Ok(Some(Watch {
        account: account.parse().map_err(|_| wrong())?,
        region: region.parse().map_err(|_| wrong())?,
        kind: reference.kind,
        id: reference.id,
        want: read.text("watch_want")?.to_owned(),
        expected_at_ms: read.number("watch_at")?,
    }))
}

fn steps(read: &ItemReader<'_>) -> Result<BTreeMap<StepName, StepState>, Unreadable> {
    let step = |(name, state): (&str, &str)| {
        let name = name.parse().map_err(|e: String| read.wrong("steps", e))?;
        Ok((name, state.parse().map_err(|e: String| read.wrong("steps", e))?))
    };
    read.texts("steps")?.into_iter().map(step).collect()
}

/// Why a job has failed, or is parked.
fn reason(read: &ItemReader<'_>, attribute: &str) -> Result<Option<FailedAt>, Unreadable> {
    if read.has(attribute) { read.json(attribute).map(Some) } else { Ok(None) }
}

/// Reads the item of a job's state.
pub fn decode(item: &Item) -> Result<JobState, Unreadable> {
    let read = ItemReader::new(item);
    let outputs = read.texts("outputs")?;
    Ok(JobState {
        id: job_id(&read)?,
        region: read.parsed("region")?,
        priority: priority(&read)?,
        status: word(&read, "status", &Status::ALL)?,
        seq: crate::ids::Seq(read.number("seq")?),
        epoch: crate::ids::Epoch(read.number("epoch")?),
        dispatches: read.number("dispatches")?,
        lease: lease(&read)?,
        token: read.maybe_text("token")?.map(str::to_owned),
        due_at_ms: read.maybe_number("due_at")?,
        watch: watch(&read)?,
        plan_epoch: read.maybe_number("plan_epoch")?.map(crate::ids::Epoch),
        steps: steps(&read)?,
        outputs: outputs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        holds_target: read.has("holds_target"),
        claims: read.number("claims")?,
        failed_at: reason(&read, "failed_at")?,
        parked: reason(&read, "parked")?,
        letter_pending: read.has("letter_pending"),
        chain: read.maybe_text("chain")?.map(str::to_owned),
        created_at_ms: read.number("created_at")?,
        ended_at_ms: read.maybe_number("ended_at")?,
        given_up_at_ms: read.maybe_number(GIVEN_UP_AT)?,
    })
}
