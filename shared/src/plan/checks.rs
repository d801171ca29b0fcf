//! What no path can mend: engines, versions, settings that are not said and cannot be followed.

use crate::facts::SourceFacts;
use crate::fault::Fault;
use crate::request::{InstanceSpec, Request};

/// The engines that are restored.
const ENGINES: [&str; 2] = ["aurora-postgresql", "aurora-mysql"];

pub(super) fn all(request: &Request, facts: &SourceFacts) -> Vec<Fault> {
    let all = [
        engine(facts),
        older_version(request, facts),
        version_of_cluster(request, facts),
        backtrack(request, facts),
        other_engine(request, facts),
        closed_groups(request, facts),
        serverless(request, facts),
    ];
    let all = all.into_iter().flatten();
    all.chain(of_another_place(request, facts)).collect()
}

fn engine(facts: &SourceFacts) -> Option<Fault> {
    let problem = || format!("is of engine {:?}", facts.engine);
    let is_known = ENGINES.contains(&facts.engine.as_str());
    (!is_known)
        .then(|| Fault::new("source", problem(), format!("must be one of {}", ENGINES.join(", "))))
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next().unwrap_or_default().parse().ok()
}

fn older_version(request: &Request, facts: &SourceFacts) -> Option<Fault> {
    let wanted = request.target.engine_version.as_ref()?;
    let is_older = major(wanted) < major(&facts.engine_version);
    is_older.then(|| {
        let problem = format!("is {wanted}, below the source's {}", facts.engine_version);
        Fault::new(
            "target.engine_version",
            problem,
            "a restore never goes back to an older major version",
        )
    })
}

/// A restore from a cluster has no engine version parameter.
fn version_of_cluster(request: &Request, facts: &SourceFacts) -> Option<Fault> {
    let wanted = request.target.engine_version.as_ref()?;
    let differs = !facts.kind.is_snapshot() && *wanted != facts.engine_version;
    differs.then(|| {
        let problem = format!(
            "is {wanted}, and a point in time or a clone has its cluster's {}",
            facts.engine_version
        );
        Fault::new("target.engine_version", problem, "leave it out, or restore a snapshot")
    })
}

fn backtrack(request: &Request, facts: &SourceFacts) -> Option<Fault> {
    let asked = request.target.backtrack_hours.is_some_and(|hours| hours > 0);
    (asked && facts.engine != "aurora-mysql")
        .then(|| Fault::new("target.backtrack_hours", "is for Aurora MySQL only", "leave it out"))
}

/// Applications that use a cluster under its name do not speak to another engine.
fn other_engine(request: &Request, facts: &SourceFacts) -> Option<Fault> {
    let standing = facts.taken_by.as_ref()?;
    (standing.engine != facts.engine).then(|| {
        let problem = format!(
            "has the name of a cluster of engine {}, and the source is {}",
            standing.engine, facts.engine
        );
        Fault::new(
            "target.cluster",
            problem,
            format!("choose another name than {}", request.target.cluster),
        )
    })
}

fn closed_groups(request: &Request, facts: &SourceFacts) -> Option<Fault> {
    let lacks = request.access.open_after_masking && facts.site.closed_groups.is_empty();
    lacks.then(|| {
        let (account, region) = (&request.target.account, &request.target.region);
        let fix = format!("set accounts.{account}.closed_security_groups.{region} to groups that let in the workers only");
        Fault::new("access.open_after_masking", "needs security groups for the time until then, and the settings name none", fix)
    })
}

/// An instance of class `db.serverless` needs a capacity range of its cluster.
fn serverless(request: &Request, facts: &SourceFacts) -> Option<Fault> {
    let specs = request.target.instances.as_ref().unwrap_or(&facts.instances);
    let wants = |i: &InstanceSpec| {
        std::iter::once(&i.class).chain(&i.fallback).any(|class| class == "db.serverless")
    };
    let of_source = facts.cluster.as_ref().and_then(|c| c.serverless.as_ref());
    let has_range = request.target.serverless.as_ref().or(of_source).is_some();
    (specs.iter().any(wants) && !has_range).then(|| {
        let problem = "is left out, and an instance of class db.serverless needs it";
        Fault::new(
            "target.serverless",
            problem,
            "give {\"min_capacity\": 0.5, \"max_capacity\": 16}, or another class",
        )
    })
}

/// In another account or Region the source's groups do not exist under the same ids; AWS would take
/// the Region's defaults.
fn of_another_place(request: &Request, facts: &SourceFacts) -> Vec<Fault> {
    if !request.changes_place() {
        return Vec::new();
    }
    let target = &request.target;
    let custom_group = facts.cluster.as_ref().and_then(|c| c.parameter_group.as_deref());
    let is_custom = custom_group.is_some_and(|name| !name.starts_with("default."));
    let needed = [
        ("subnet_group", target.subnet_group.is_none()),
        ("security_groups", target.security_groups.is_none()),
        ("parameter_group", target.parameter_group.is_none() && is_custom),
    ];
    let missing = needed.into_iter().filter(|(_, is_missing)| *is_missing);
    missing
        .map(|(name, _)| {
            let problem = "is left out, and the source's belongs to another account or Region";
            Fault::new(
                &format!("target.{name}"),
                problem,
                format!("name the one to use in {} {}", target.account, target.region),
            )
        })
        .collect()
}
