//! `swap_in`: wants the new cluster under the target's name, and the old one, whole, under a name of
//! its own. Two renames with a gap; when the second cannot be done, the first is taken back.
//!
//! A rename cannot be undone by whoever comes too late, so it acts only on identifiers that an
//! earlier commit has recorded. A late rename of a frozen worker meets a name that is taken: the old
//! cluster outlives every such call.

use super::restore_cluster::RESOURCE_ID;
use crate::rds::{self, Standing};
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

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    RenameOldAway,
    RenameNewIn,
    RenameOldBack,
    /// A rename is on its way: the cluster comes up under this name.
    Wait(ClusterId),
    Done,
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
    let rds = rds::target(&cx).await?;
    let back = cx.job.outputs.get(SWAP_BACK).cloned();
    let decision = look(&rds, &swap, back.as_deref()).await?;
    match decision {
        Decision::Done => {
            let note = format!(
                "{} is the restored cluster; the old one is {}",
                swap.target, swap.replaced
            );
            Ok(done(How::Did, note).into())
        }
        Decision::Wait(name) => Ok(Outcome::WaitFor(waiting(&cx, &name))),
        Decision::RenameOldAway => {
            let renamed = rename(&cx, &rds, &swap.target, &swap.replaced).await;
            or_done(&cx, &rds, &swap, Decision::RenameOldAway, renamed).await
        }
        Decision::RenameOldBack => rename(&cx, &rds, &swap.replaced, &swap.target).await,
        Decision::RenameNewIn => {
            let renamed = rename(&cx, &rds, &swap.beside, &swap.target).await;
            match or_done(&cx, &rds, &swap, Decision::RenameNewIn, renamed).await {
                // It will not pass by itself: the old cluster gets its name back, and then the job
                // fails.
                Err(failure) if failure.kind == FailureKind::Permanent => {
                    let mut back = rename(&cx, &rds, &swap.replaced, &swap.target).await?;
                    if let Outcome::WaitFor(waiting) = &mut back {
                        waiting.outputs = pairs([(SWAP_BACK, failure.text)]);
                    }
                    Ok(back)
                }
                other => other,
            }
        }
    }
}

async fn look(rds: &Client, swap: &Swap, back: Option<&str>) -> Result<Decision, Failure> {
    let names = [&swap.target, &swap.beside, &swap.replaced];
    decide(swap, &rds::standing(rds, &names).await?, back)
}

/// The SDK repeats a call whose answer was lost, and the repeat of a rename is refused: the refusal
/// counts only where another look finds the same still to be done.
async fn or_done(
    cx: &StepContext<'_>,
    rds: &Client,
    swap: &Swap,
    decision: Decision,
    renamed: StepResult,
) -> StepResult {
    match &renamed {
        Err(failure) if failure.kind == FailureKind::Permanent => {}
        _ => return renamed,
    }
    if look(rds, swap, None).await? == decision {
        return renamed;
    }
    let to = if decision == Decision::RenameOldAway { &swap.replaced } else { &swap.target };
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
    from: &ClusterId,
    to: &ClusterId,
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
    back: Option<&str>,
) -> Result<Decision, Failure> {
    let at = |name: &ClusterId| there.get(name.as_str());
    let is = |name: &ClusterId, id: &str| at(name).is_some_and(|c| c.resource_id == id);
    let name_of = |id: &str| {
        let names = [&swap.target, &swap.beside, &swap.replaced];
        names.into_iter().find(|name| is(name, id))
    };
    let ready = |name: &ClusterId| is_ready(at(name), name);
    if let Some(why) = back {
        return way_back(swap, at(&swap.target), ready(&swap.replaced)?, why);
    }
    match (at(&swap.target), name_of(&swap.new), name_of(&swap.old)) {
        (Some(_), Some(name), _) if *name == swap.target => match ready(name)? {
            true => Ok(Decision::Done),
            false => Ok(Decision::Wait(swap.target.clone())),
        },
        (Some(_), Some(_), Some(old)) if *old == swap.target => {
            match (ready(&swap.target)?, ready(&swap.beside)?) {
                (true, true) => Ok(Decision::RenameOldAway),
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
            (true, true) => Ok(Decision::RenameNewIn),
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
    at_target: Option<&Standing>,
    is_old_ready: bool,
    why: &str,
) -> Result<Decision, Failure> {
    match at_target {
        Some(cluster) if cluster.resource_id == swap.old => {
            let text = format!(
                "the names could not be swapped, and the old cluster has its name again: {why}"
            );
            Err(Failure::permanent(FailureCode::SwapFailed, text))
        }
        Some(other) => Err(taken(swap, other)),
        None if is_old_ready => Ok(Decision::RenameOldBack),
        None => Ok(Decision::Wait(swap.target.clone())),
    }
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
