//! `swap_in`: wants the new cluster under the target's name, and the old one, whole, under a name of
//! its own. Two renames with a gap; when the second cannot be done, the first is taken back.
//!
//! A rename cannot be undone by whoever comes too late, so it acts only on identifiers that an
//! earlier commit has recorded. A late rename of a frozen worker meets a name that is taken: the old
//! cluster outlives every such call.
//!
//! A member of a restore set reads before each rename what is decided, and is done when all members
//! are: until then the way back is open.

use super::restore_cluster::RESOURCE_ID;
use crate::rds::{self, Standing};
use crate::sets::{self, Agreed};
use crate::step::{Outcome, StepContext, StepResult, Waiting, done, pairs, request_ids};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use aurora_restore_shared::ids::ClusterId;
use aurora_restore_shared::job::{How, SWAP_BACK};
use aurora_restore_shared::plan::{StepName, names};
use aurora_restore_shared::watch::{StatusClass, WatchKind, classify_status};
use aws_sdk_rds::Client;
use std::collections::BTreeMap;

/// The three names and the two clusters of a swap.
#[derive(Debug)]
struct Swap {
    target: ClusterId,
    beside: ClusterId,
    replaced: ClusterId,
    new: String,
    old: String,
}

/// One rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rename {
    OldAway,
    NewIn,
    NewAway,
    OldBack,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Rename(Rename),
    /// A rename is on its way: the cluster comes up under this name.
    Wait(ClusterId),
    Done,
}

impl Swap {
    /// From which name to which.
    fn names(&self, rename: Rename) -> (&ClusterId, &ClusterId) {
        match rename {
            Rename::OldAway => (&self.target, &self.replaced),
            Rename::NewIn => (&self.beside, &self.target),
            Rename::NewAway => (&self.target, &self.beside),
            Rename::OldBack => (&self.replaced, &self.target),
        }
    }
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let Some(new) = cx.committed.get(RESOURCE_ID) else { return Ok(Outcome::CommitFirst) };
    let Some(swap) = names_of(&cx, new)? else {
        return Ok(done(How::FoundDone, "nothing is replaced").into());
    };
    // The old cluster is not touched before it is on record that the new one is verified.
    if !cx.is_committed(StepName::VerifyRestore) {
        return Ok(Outcome::CommitFirst);
    }
    let back = match (cx.job.outputs.get(SWAP_BACK), sets::may_swap(&cx).await?) {
        (Some(why), _) => Some(swap_failed(why)),
        (None, Agreed::No(failure)) => Some(failure),
        (None, Agreed::NotYet(at_ms)) => return Ok(Outcome::WaitUntil { at_ms }),
        (None, Agreed::Yes) => None,
    };
    let rds = rds::target(&cx).await?;
    match look(&rds, &swap, back.as_ref()).await? {
        Decision::Done => swapped(&cx, &swap).await,
        Decision::Wait(name) => Ok(Outcome::WaitFor(waiting(&cx, &name))),
        Decision::Rename(which) => {
            let renamed = rename(&cx, &rds, swap.names(which)).await;
            match or_done(&cx, &rds, &swap, (which, back.as_ref()), renamed).await {
                Err(failure)
                    if which == Rename::NewIn && failure.kind == FailureKind::Permanent =>
                {
                    take_back(&cx, &rds, &swap, failure).await
                }
                renamed => renamed,
            }
        }
    }
}

/// The names are swapped: that is all, but for a member of a restore set, which waits for the others.
async fn swapped(cx: &StepContext<'_>, swap: &Swap) -> StepResult {
    match sets::swapped(cx).await? {
        Agreed::Yes => {
            let Swap { target, replaced, .. } = swap;
            let note = format!("{target} is the restored cluster; the old one is {replaced}");
            Ok(done(How::Did, note).into())
        }
        Agreed::NotYet(at_ms) => Ok(Outcome::WaitUntil { at_ms }),
        // The next visit goes the way back.
        Agreed::No(_) => Ok(Outcome::WaitUntil { at_ms: cx.worker.now_ms() }),
    }
}

/// It will not pass by itself: the old cluster gets its name back, and then the job fails.
async fn take_back(cx: &StepContext<'_>, rds: &Client, swap: &Swap, why: Failure) -> StepResult {
    let mut back = rename(cx, rds, swap.names(Rename::OldBack)).await?;
    if let Outcome::WaitFor(waiting) = &mut back {
        waiting.outputs = pairs([(SWAP_BACK, why.text)]);
    }
    Ok(back)
}

async fn look(rds: &Client, swap: &Swap, back: Option<&Failure>) -> Result<Decision, Failure> {
    let names = [&swap.target, &swap.beside, &swap.replaced];
    decide(swap, &rds::standing(rds, &names).await?, back)
}

/// The SDK repeats a call whose answer was lost, and the repeat of a rename is refused: the refusal
/// counts only where another look finds the same still to be done.
async fn or_done(
    cx: &StepContext<'_>,
    rds: &Client,
    swap: &Swap,
    (rename, back): (Rename, Option<&Failure>),
    renamed: StepResult,
) -> StepResult {
    match &renamed {
        Err(failure) if failure.kind == FailureKind::Permanent => {}
        _ => return renamed,
    }
    if look(rds, swap, back).await? == Decision::Rename(rename) {
        return renamed;
    }
    let (_, to) = swap.names(rename);
    Ok(Outcome::WaitFor(Waiting { begun: true, ..waiting(cx, to) }))
}

fn names_of(cx: &StepContext<'_>, new: &str) -> Result<Option<Swap>, Failure> {
    let plan = cx.plan()?;
    let (target, job) = (&cx.spec.request.target.cluster, cx.spec.id);
    Ok(plan.replaces.as_ref().map(|old| Swap {
        target: target.clone(),
        beside: names::beside(target, job),
        replaced: names::replaced(target, job),
        new: new.to_owned(),
        old: old.resource_id.clone(),
    }))
}

async fn rename(
    cx: &StepContext<'_>,
    rds: &Client,
    (from, to): (&ClusterId, &ClusterId),
) -> StepResult {
    let details = request_ids(rds::rename(rds, from.as_str(), to.as_str()).await?);
    Ok(Outcome::WaitFor(Waiting { begun: true, details, ..waiting(cx, to) }))
}

fn waiting(cx: &StepContext<'_>, name: &ClusterId) -> Waiting {
    let note = format!("a cluster is being renamed to {name}");
    cx.wait_at_target(WatchKind::Arrival, name.as_str(), Operation::Modify, &note)
}

fn decide(
    swap: &Swap,
    there: &BTreeMap<String, Standing>,
    back: Option<&Failure>,
) -> Result<Decision, Failure> {
    let at = |name: &ClusterId| there.get(name.as_str());
    let is = |name: &ClusterId, id: &str| at(name).is_some_and(|c| c.resource_id == id);
    let name_of = |id: &str| {
        let names = [&swap.target, &swap.beside, &swap.replaced];
        names.into_iter().find(|name| is(name, id))
    };
    let ready = |name: &ClusterId| is_ready(at(name), name);
    if let Some(why) = back {
        return way_back(swap, there, why);
    }
    match (at(&swap.target), name_of(&swap.new), name_of(&swap.old)) {
        (Some(_), Some(name), _) if *name == swap.target => match ready(name)? {
            true => Ok(Decision::Done),
            false => Ok(Decision::Wait(swap.target.clone())),
        },
        (Some(_), Some(_), Some(old)) if *old == swap.target => {
            match (ready(&swap.target)?, ready(&swap.beside)?) {
                (true, true) => Ok(Decision::Rename(Rename::OldAway)),
                (false, _) if is_being_renamed(at(&swap.target)) => {
                    Ok(Decision::Wait(swap.replaced.clone()))
                }
                (false, _) => Ok(Decision::Wait(swap.target.clone())),
                (true, false) => Ok(Decision::Wait(swap.beside.clone())),
            }
        }
        // Gone, or a describe lags behind.
        (Some(_), None, Some(old)) if *old == swap.target => Err(lost(swap)),
        (Some(other), _, _) => Err(taken(swap, other)),
        // A rename shows the cluster under its old or its new name, or for a while under none.
        (None, Some(_), Some(_)) => match (ready(&swap.replaced)?, ready(&swap.beside)?) {
            (true, true) => Ok(Decision::Rename(Rename::NewIn)),
            (false, _) => Ok(Decision::Wait(swap.replaced.clone())),
            (true, false) => Ok(Decision::Wait(swap.target.clone())),
        },
        (None, Some(_), None) => Ok(Decision::Wait(swap.replaced.clone())),
        (None, None, _) => Ok(Decision::Wait(swap.target.clone())),
    }
}

/// Its old name is shown until it has the new one.
fn is_being_renamed(cluster: Option<&Standing>) -> bool {
    cluster.is_some_and(|cluster| cluster.status == "renaming")
}

fn is_ready(cluster: Option<&Standing>, name: &ClusterId) -> Result<bool, Failure> {
    let Some(cluster) = cluster else { return Ok(false) };
    match classify_status(&cluster.status, "available") {
        StatusClass::Ready => Ok(true),
        StatusClass::Working => Ok(false),
        StatusClass::Broken => {
            let text =
                format!("cluster {name} is in status {}; no name is changed", cluster.status);
            Err(Failure::permanent(FailureCode::ResourceFailed, text))
        }
    }
}

/// The old cluster gets its name back; then the job fails with why.
fn way_back(
    swap: &Swap,
    there: &BTreeMap<String, Standing>,
    why: &Failure,
) -> Result<Decision, Failure> {
    let at = |name: &ClusterId| there.get(name.as_str());
    match at(&swap.target) {
        Some(cluster) if cluster.resource_id == swap.old => Err(why.clone()),
        Some(cluster) if cluster.resource_id == swap.new => {
            match is_ready(Some(cluster), &swap.target)? {
                true => Ok(Decision::Rename(Rename::NewAway)),
                false if is_being_renamed(Some(cluster)) => Ok(Decision::Wait(swap.beside.clone())),
                false => Ok(Decision::Wait(swap.target.clone())),
            }
        }
        Some(other) => Err(taken(swap, other)),
        None if is_ready(at(&swap.replaced), &swap.replaced)? => {
            Ok(Decision::Rename(Rename::OldBack))
        }
        None => Ok(Decision::Wait(swap.target.clone())),
    }
}

fn swap_failed(why: &str) -> Failure {
    let text =
        format!("the names could not be swapped, and the old cluster has its name again: {why}");
    Failure::permanent(FailureCode::SwapFailed, text)
}

fn lost(swap: &Swap) -> Failure {
    let text = format!("the restored cluster {} ({}) is not found", swap.beside, swap.new);
    Failure::transient(FailureCode::ResourceLost, text)
}

fn taken(swap: &Swap, other: &Standing) -> Failure {
    let Swap { target, beside, replaced, old, .. } = swap;
    let text = format!(
        "the name {target} is held by cluster {}, and the one that was to be replaced is {old} (look for it as {replaced}); the restored cluster is {beside}: nothing is renamed over a stranger",
        other.resource_id
    );
    Failure::permanent(FailureCode::TargetNameTaken, text)
}

#[cfg(test)]
mod tests;
