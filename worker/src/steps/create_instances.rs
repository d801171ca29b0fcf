//! `create_instances`: wants the planned instances, the writer first, all available. A restore
//! makes none. Where AWS has no capacity, the next rung of the ladder is tried: the same class in any
//! zone, then the fallback classes in their order.

use super::restore_cluster::restored_cluster;
use crate::rds::{self, Instance, Wanted};
use crate::step::{Outcome, StepContext, StepResult, Waiting, done, request_ids};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::{ClusterId, JobId};
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::{Plan, names};
use aurora_restore_shared::request::InstanceSpec;
use aurora_restore_shared::watch::{StatusClass, WatchKind, classify_status};
use std::collections::BTreeMap;

/// The status of an instance for which there was no capacity.
const NO_CAPACITY: &str = "insufficient-capacity";

/// An instance of the plan with all the ways in which it may be had, the best first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ladder {
    rungs: Vec<Wanted>,
    /// The output that remembers which rung has been reached.
    output: String,
    /// That rung.
    at: usize,
}

impl Ladder {
    fn wanted(&self) -> &Wanted {
        &self.rungs[self.at.min(self.rungs.len() - 1)]
    }

    /// Goes on to the next rung, if there is one.
    fn climb(&mut self) -> bool {
        let can = self.at + 1 < self.rungs.len();
        self.at += usize::from(can);
        can
    }
}

/// What is to be done about one instance.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Create,
    Wait,
    Ready,
    /// There was no capacity for it: it goes, and the next rung is tried.
    Replace,
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let rds = rds::target(&cx).await?;
    let target = &cx.spec.request.target.cluster;
    let mut ladders = ladders(cx.plan()?, target, cx.spec.id, &cx.job.outputs);
    let there = rds::instances(&rds, &cx).await?;
    let decisions = ladders.iter().map(|l| decide(l, &there)).collect::<Result<Vec<_>, _>>()?;
    if decisions.iter().all(|d| *d == Decision::Ready) {
        return Ok(done(How::Did, summary(&ladders)).into());
    }
    let acts = decisions.iter().filter(|d| matches!(d, Decision::Create | Decision::Replace));
    let missing = acts.count();
    if missing > 0 {
        // Instances are made in the restored cluster only, never in one that took its name since.
        restored_cluster(&rds::find_cluster(&rds, &cx).await?, &cx)?;
    }
    let mut ids = Vec::new();
    for (ladder, decision) in ladders.iter_mut().zip(&decisions) {
        match decision {
            Decision::Create => ids.extend(create(&cx, &rds, ladder).await?),
            Decision::Replace => {
                rds::delete_instance(&rds, &ladder.wanted().id).await?;
                ladder.climb();
                ids.extend(create(&cx, &rds, ladder).await?);
            }
            Decision::Wait | Decision::Ready => {}
        }
    }
    let note = format!("{missing} of {} instances were still to be created", ladders.len());
    let wait = cx.wait_for(WatchKind::Members, Operation::CreateInstances, &note);
    let (begun, details, outputs) = (missing > 0, request_ids(ids), reached(&ladders));
    Ok(Outcome::WaitFor(Waiting { begun, details, outputs, ..wait }))
}

/// Creates an instance on the lowest rung for which there is capacity.
async fn create(
    cx: &StepContext<'_>,
    rds: &aws_sdk_rds::Client,
    ladder: &mut Ladder,
) -> Result<Option<String>, Failure> {
    loop {
        match rds::create_instance(rds, cx, ladder.wanted()).await {
            Err(failure) if failure.code == FailureCode::CapacityShort && ladder.climb() => {
                let class = &ladder.wanted().class;
                tracing::info!(job = %cx.spec.id, %failure, class, "tries the next of the ladder");
            }
            answered => return answered,
        }
    }
}

/// Outputs that remember the rungs reached, where that is not the first.
fn reached(ladders: &[Ladder]) -> BTreeMap<String, String> {
    let above = ladders.iter().filter(|l| l.at > 0);
    above.map(|l| (l.output.clone(), l.at.to_string())).collect()
}

fn summary(ladders: &[Ladder]) -> String {
    let classes: Vec<&str> = ladders.iter().map(|l| l.wanted().class.as_str()).collect();
    format!("{} instances are available: {}", ladders.len(), classes.join(", "))
}

/// The instances of a plan. Their names derive from the job and the rung, so that a repeat finds
/// them again and no name is used twice.
fn ladders(
    plan: &Plan,
    cluster: &ClusterId,
    job: JobId,
    outputs: &BTreeMap<String, String>,
) -> Vec<Ladder> {
    let each = plan.instances.iter().flat_map(|spec| (0..spec.count).map(move |_| spec));
    let ladder = |(n, spec): (usize, &InstanceSpec)| {
        let output = format!("rung_{}", n + 1);
        let at = outputs.get(&output).and_then(|at| at.parse().ok()).unwrap_or(0);
        let rungs = rungs(spec).into_iter().enumerate().map(|(rung, (class, zone))| Wanted {
            id: names::instance(cluster, job, n + 1, rung),
            class: class.to_owned(),
            zone,
            tier: spec.promotion_tier,
        });
        Ladder { rungs: rungs.collect(), output, at }
    };
    each.enumerate().map(ladder).collect()
}

/// The classes and zones of one instance, the best first.
fn rungs(spec: &InstanceSpec) -> Vec<(&str, Option<String>)> {
    let mut rungs = vec![(spec.class.as_str(), spec.zone.clone())];
    rungs.extend(spec.zone.as_ref().map(|_| (spec.class.as_str(), None)));
    rungs.extend(spec.fallback.iter().map(|class| (class.as_str(), None)));
    rungs
}

/// What is to be done about an instance; a failure when it is broken and there is no other way.
fn decide(ladder: &Ladder, there: &[Instance]) -> Result<Decision, Failure> {
    let wanted = ladder.wanted();
    let Some(instance) = there.iter().find(|i| i.id == wanted.id) else {
        return Ok(Decision::Create);
    };
    let is_short = instance.status == NO_CAPACITY;
    match classify_status(&instance.status, "available") {
        StatusClass::Ready => Ok(Decision::Ready),
        StatusClass::Working => Ok(Decision::Wait),
        StatusClass::Broken if is_short && ladder.clone().climb() => Ok(Decision::Replace),
        StatusClass::Broken => {
            let code =
                if is_short { FailureCode::CapacityShort } else { FailureCode::ResourceFailed };
            let text = format!("instance {} ended in status {}", instance.id, instance.status);
            Err(Failure::permanent(code, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: &str, status: &str) -> Instance {
        Instance { id: id.into(), status: status.into() }
    }

    fn ladder(classes: &[&str]) -> Ladder {
        let rung = |(n, class): (usize, &&str)| Wanted {
            id: format!("a-{n}"),
            class: (*class).to_owned(),
            zone: None,
            tier: None,
        };
        let rungs = classes.iter().enumerate().map(rung).collect();
        Ladder { rungs, output: "rung_1".into(), at: 0 }
    }

    #[test]
    fn only_what_is_missing_is_created() {
        let one = ladder(&["c"]);
        assert_eq!(decide(&one, &[]).unwrap(), Decision::Create);
        assert_eq!(decide(&one, &[instance("a-0", "creating")]).unwrap(), Decision::Wait);
        assert_eq!(decide(&one, &[instance("a-0", "available")]).unwrap(), Decision::Ready);
    }

    #[test]
    fn a_broken_instance_is_a_failure() {
        let failed = decide(&ladder(&["c", "d"]), &[instance("a-0", "incompatible-restore")]);
        assert_eq!(failed.unwrap_err().code, FailureCode::ResourceFailed);
        let short = decide(&ladder(&["c"]), &[instance("a-0", NO_CAPACITY)]);
        assert_eq!(short.unwrap_err().code, FailureCode::CapacityShort);
    }

    #[test]
    fn without_capacity_the_next_rung_is_tried_until_there_is_none() {
        let mut ladder = ladder(&["c", "d"]);
        assert_eq!(decide(&ladder, &[instance("a-0", NO_CAPACITY)]).unwrap(), Decision::Replace);
        assert!(ladder.climb());
        assert_eq!(ladder.wanted().class, "d");
        let both = [instance("a-0", "deleting"), instance("a-1", "creating")];
        assert_eq!(decide(&ladder, &both).unwrap(), Decision::Wait);
        assert!(!ladder.climb() && ladder.at == 1);
    }

    #[test]
    fn the_ladder_is_class_then_any_zone_then_the_fallback_classes() {
        let spec: InstanceSpec = serde_json::from_value(serde_json::json!({
            "class": "db.r6g.large", "zone": "eu-west-1a", "fallback": ["db.r5.large", "db.serverless"]
        }))
        .unwrap();
        let expected = [
            ("db.r6g.large", Some("eu-west-1a".to_owned())),
            ("db.r6g.large", None),
            ("db.r5.large", None),
            ("db.serverless", None),
        ];
        assert_eq!(rungs(&spec), expected);
    }
}
