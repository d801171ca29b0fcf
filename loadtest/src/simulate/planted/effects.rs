//! Bugs in what is done to RDS, and in what is made of its answers.

use super::call::{Call, json_of, text_of};
use super::network::{Course, Memory};
use super::{Bug, Invariant, bug};
use aurora_restore_local::wire::WireResponse;
use serde_json::Value;

/// All of them.
pub(super) const BUGS: &[Bug] = &[
    bug("restore_untagged", "A cluster is restored without the tag of its job.", OWN)
        .before(|call, _| tagless(call, RESTORE)),
    bug("instance_untagged", "An instance is created without the tag of its job.", OWN)
        .before(|call, _| tagless(call, "CreateDBInstance")),
    bug(
        "restore_under_new_name",
        "Each restore has a name of its own.",
        &[Invariant::OnlyOwnResources, Invariant::OneClusterPerJob],
    )
    .before(|call, memory| own_name(call, memory, (RESTORE, "DBClusterIdentifier"))),
    bug(
        "instances_without_end",
        "Each attempt draws new names for instances.",
        &[Invariant::OneClusterPerJob, Invariant::OnlyTheDeclaredResult],
    )
    .before(|call, memory| own_name(call, memory, ("CreateDBInstance", "DBInstanceIdentifier"))),
    bug(
        "tag_not_checked",
        "Whatever stands under the target's name is ours.",
        &[Invariant::OnlyOwnResources, Invariant::OnlyTheDeclaredResult],
    )
    .after(claim_as_ours),
    bug(
        "password_before_commit",
        "The password is set before the cluster's id is committed.",
        &[Invariant::IntentBeforeEffect],
    )
    .before(commit_no_id)
    .after(|call, answer, memory| set_password(call, answer, memory, true)),
    bug(
        "password_on_strangers",
        "The password is set on whatever stands there.",
        &[Invariant::OnlyOwnResources, Invariant::OnlyTheDeclaredResult],
    )
    .after(|call, answer, memory| set_password(call, answer, memory, false)),
    bug("delete_by_name", "What stands under the target's name is deleted first.", DESTROYS)
        .before(|call, _| {
            before_restore(call, "DeleteDBCluster", &[("SkipFinalSnapshot", "true")])
        }),
    bug("rename_by_name", "What stands under the target's name is renamed first.", DESTROYS)
        .before(|call, _| {
            let name = format!("{}-old", call.param("DBClusterIdentifier"));
            let more = [("NewDBClusterIdentifier", name.as_str()), ("ApplyImmediately", "true")];
            before_restore(call, "ModifyDBCluster", &more)
        }),
    bug(
        "old_away_before_proof",
        "The cluster to be replaced is renamed before the restore.",
        DESTROYS,
    )
    .before(old_away),
    bug(
        "old_one_deleted",
        "The cluster to be replaced is deleted when the new one comes in.",
        DESTROYS,
    )
    .before(old_deleted),
    bug("source_marked", "The source is tagged as in use.", DESTROYS).before(mark_source),
    bug(
        "any_status_is_ready",
        "A cluster that is being made is taken for available.",
        &[Invariant::OnlyTheDeclaredResult, Invariant::FailuresHaveACause],
    )
    .after(|call, answer, _| {
        rewritten(call, answer, "Describe", |text| text.replace(">creating<", ">available<"))
    }),
    bug("unknown_status_is_broken", "A status that is not on the list is a failure.", CAUSES)
        .after(|call, answer, _| {
            rewritten(call, answer, "Describe", |text| {
                let text = text.replace(">teleporting<", ">failed<");
                text.replace(">resetting-master-credentials<", ">failed<")
            })
        }),
    bug("any_error_is_final", "Whatever RDS refuses is a failure for good.", CAUSES)
        .after(refuse_for_good),
    bug("already_there_is_final", "A repeated restore that finds its cluster fails.", CAUSES)
        .before(restore_twice)
        .after(|call, answer, _| {
            rewritten(call, answer, RESTORE, |text| {
                text.replace("DBClusterAlreadyExistsFault", "InvalidParameterValue")
            })
        }),
];

const RESTORE: &str = "RestoreDBClusterFromSnapshot";

const TAG: &str = "aurora-restore:job";

const OWN: &[Invariant] = &[Invariant::OnlyOwnResources];

const DESTROYS: &[Invariant] = &[Invariant::NothingIsDestroyed];

const CAUSES: &[Invariant] = &[Invariant::FailuresHaveACause];

/// The same call without tags.
pub(super) fn tagless(call: &mut Call, operation: &str) -> Course {
    if call.operation == operation {
        call.form.retain(|(name, _)| !name.starts_with("Tags."));
    }
    Course::Goes
}

fn own_name(call: &mut Call, memory: &mut Memory, (operation, param): (&str, &str)) -> Course {
    if call.operation == operation {
        let n = memory.notes.len();
        memory.notes.insert(n.to_string(), String::new());
        let name = format!("{}-{n}", call.param(param));
        call.set_param(param, &name);
    }
    Course::Goes
}

/// The one cluster that a describe asks for by its name, as steps do.
fn asked_for(call: &Call) -> Option<&str> {
    let is_step = call.operation == "DescribeDBClusters"
        && call.param("Filters.Filter.1.Values.Value.2").is_empty();
    is_step.then(|| call.param("Filters.Filter.1.Values.Value.1"))
}

/// Which job a process works for at a target: the last one whose request it has read.
fn remember_jobs(call: &Call, answer: &WireResponse, memory: &mut Memory) {
    if call.operation != "Query" {
        return;
    }
    let page = json_of(answer);
    for item in page["Items"].as_array().into_iter().flatten() {
        let request = item["request"]["S"].as_str().unwrap_or_default();
        let request: Value = serde_json::from_str(request).unwrap_or_default();
        let job = item["pk"]["S"].as_str().and_then(|pk| pk.strip_prefix("job#"));
        if let (Some(target), Some(job)) = (request["target"]["cluster"].as_str(), job) {
            memory.notes.insert(format!("{} {target}", call.component), job.to_owned());
        }
    }
}

fn job_at(call: &Call, memory: &Memory, target: &str) -> Option<String> {
    memory.notes.get(&format!("{} {target}", call.component)).cloned()
}

/// The job that a described cluster is tagged with.
fn tagged_with(text: &str) -> Option<&str> {
    let value = text.split_once(&format!("<Key>{TAG}</Key><Value>"))?.1;
    value.split('<').next()
}

fn claim_as_ours(call: &Call, answer: &mut WireResponse, memory: &mut Memory) -> Vec<Call> {
    remember_jobs(call, answer, memory);
    let target = asked_for(call);
    if let Some(job) = target.and_then(|target| job_at(call, memory, target)) {
        let text = text_of(answer);
        if let Some(other) = tagged_with(&text) {
            answer.body = text.replace(other, &job).into();
        }
    }
    Vec::new()
}

/// The id is left to the end of the restore.
fn commit_no_id(call: &mut Call, _: &mut Memory) -> Course {
    let steps = call.attribute("steps");
    let is_done =
        steps["M"]["restore_cluster"]["S"].as_str().unwrap_or_default().starts_with("done");
    if call.is_commit() && !is_done {
        let mut outputs = call.attribute("outputs").clone();
        if outputs["M"].as_object_mut().is_some_and(|all| all.remove("resource_id").is_some()) {
            call.set("outputs", Some(outputs));
        }
    }
    Course::Goes
}

/// Sets the password of an available cluster as soon as it is seen, once: of one's own, or of
/// anybody else's.
fn set_password(
    call: &Call,
    answer: &WireResponse,
    memory: &mut Memory,
    is_own: bool,
) -> Vec<Call> {
    remember_jobs(call, answer, memory);
    let Some(target) = asked_for(call) else { return Vec::new() };
    let text = text_of(answer);
    let job = job_at(call, memory, target);
    let is_there = text.contains("<Status>available</Status>") && job.is_some();
    let is_wanted = (tagged_with(&text).map(str::to_owned) == job) == is_own;
    let once = format!("password of {target}");
    if !is_there || !is_wanted || memory.notes.insert(once, String::new()).is_some() {
        return Vec::new();
    }
    let form = [
        ("DBClusterIdentifier", target),
        ("MasterUserPassword", "drill-password"),
        ("ApplyImmediately", "true"),
    ];
    vec![call.another_form("ModifyDBCluster", &form)]
}

/// What is done by name before a restore.
fn before_restore(call: &Call, operation: &str, more: &[(&str, &str)]) -> Course {
    if call.operation != RESTORE {
        return Course::Goes;
    }
    let name = call.param("DBClusterIdentifier");
    let form: Vec<_> = [("DBClusterIdentifier", name)].into_iter().chain(more.to_vec()).collect();
    Course::GoesAfter(vec![call.another_form(operation, &form)])
}

/// The target and the end of the name under which a cluster is restored beside it.
fn parts_of(beside: &str) -> Option<(&str, &str)> {
    beside.split_once("-new-")
}

fn old_away(call: &mut Call, _: &mut Memory) -> Course {
    let Some((target, end)) = parts_of(call.param("DBClusterIdentifier")) else {
        return Course::Goes;
    };
    let (target, old) = (target.to_owned(), format!("{target}-old-{end}"));
    if call.operation != RESTORE {
        return Course::Goes;
    }
    let form = [
        ("DBClusterIdentifier", target.as_str()),
        ("NewDBClusterIdentifier", old.as_str()),
        ("ApplyImmediately", "true"),
    ];
    Course::GoesAfter(vec![call.another_form("ModifyDBCluster", &form)])
}

fn old_deleted(call: &mut Call, _: &mut Memory) -> Course {
    let is_rename = !call.param("NewDBClusterIdentifier").is_empty();
    let Some((target, end)) = parts_of(call.param("DBClusterIdentifier")).filter(|_| is_rename)
    else {
        return Course::Goes;
    };
    let old = format!("{target}-old-{end}");
    let form = [("DBClusterIdentifier", old.as_str()), ("SkipFinalSnapshot", "true")];
    Course::GoesAfter(vec![call.another_form("DeleteDBCluster", &form)])
}

/// As if the answer to the first one had been lost.
fn restore_twice(call: &mut Call, _: &mut Memory) -> Course {
    if call.operation == RESTORE { Course::GoesAfter(vec![call.clone()]) } else { Course::Goes }
}

fn refuse_for_good(call: &Call, answer: &mut WireResponse, _: &mut Memory) -> Vec<Call> {
    let text = text_of(answer);
    let is_error = answer.status >= 500 || text.contains("<Code>Throttling<");
    if is_error
        && !call.form.is_empty()
        && let Some((before, rest)) = text.split_once("<Code>")
        && let Some((_, after)) = rest.split_once("</Code>")
    {
        answer.status = 400;
        answer.body = format!("{before}<Code>InvalidParameterValue</Code>{after}").into();
    }
    Vec::new()
}

fn mark_source(call: &mut Call, _: &mut Memory) -> Course {
    if call.operation != RESTORE {
        return Course::Goes;
    }
    let snapshot = call.param("SnapshotIdentifier").to_owned();
    let form = [
        ("ResourceName", snapshot.as_str()),
        ("Tags.Tag.1.Key", "in-use"),
        ("Tags.Tag.1.Value", "yes"),
    ];
    Course::GoesAfter(vec![call.another_form("AddTagsToResource", &form)])
}

fn rewritten(
    call: &Call,
    answer: &mut WireResponse,
    operation: &str,
    change: impl Fn(&str) -> String,
) -> Vec<Call> {
    if !call.form.is_empty() && call.operation.starts_with(operation) {
        let text = text_of(answer);
        answer.body = change(&text).into();
    }
    Vec::new()
}
