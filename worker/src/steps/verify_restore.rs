//! `verify_restore`: wants proof. The restored cluster is what was planned, and every SQL check of
//! the request gets the answer it expects, over TLS with a verified certificate; the users of the
//! request who must be able to connect can.

mod settings;

use super::restore_cluster::restored_cluster;
use super::set_credentials::users;
use crate::database::{self, Answers};
use crate::rds::{self, Cluster};
use crate::step::{Done, StepContext, StepResult, done};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::Plan;
use aurora_restore_shared::request::Check;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let found = rds::find_cluster(&rds::target(&cx).await?, &cx).await?;
    let cluster = restored_cluster(&found, &cx)?;
    check_settings(cx.plan()?, cluster, cx.spec.request.verify.compare_settings)?;
    let checks = &cx.spec.request.verify.checks;
    let answers = ask(&cx, cluster, checks).await?;
    let mut details = judge(checks, &answers, FailureCode::CheckFailed, Value::to_string)?;
    let passed = details.len();
    details.extend(settings::against_source(cx.plan()?, cluster));
    details.extend(users::connect_as(&cx, cluster).await?);
    let note = format!("settings as planned; {passed} checks passed");
    Ok(Done { details, ..done(How::Did, note) }.into())
}

fn check_settings(plan: &Plan, cluster: &Cluster, all: bool) -> Result<(), Failure> {
    let wrong = if all { settings::not_as_planned(plan, cluster) } else { Vec::new() };
    if !wrong.is_empty() {
        return Err(Failure::permanent(FailureCode::SettingsDiffer, wrong.join("; ")));
    }
    let wanted = &plan.settings.engine_version;
    if cluster.engine_version != *wanted {
        let text = format!("engine version is {}, planned was {wanted}", cluster.engine_version);
        return Err(Failure::permanent(FailureCode::CheckFailed, text));
    }
    if cluster.members < plan.instance_count() {
        let text = format!("{} of {} instances are there", cluster.members, plan.instance_count());
        return Err(Failure::permanent(FailureCode::CheckFailed, text));
    }
    Ok(())
}

async fn ask(
    cx: &StepContext<'_>,
    cluster: &Cluster,
    checks: &[Check],
) -> Result<Answers, Failure> {
    let Some(login) = database::master_login(cx, cluster).await? else { return Ok(Vec::new()) };
    let queries: Vec<&str> = checks.iter().map(|c| c.sql.as_str()).collect();
    cx.worker.databases.ask(&login, &queries).await
}

/// Every check with its answer, shown by `show`; a failure of the code that names each check that
/// did not pass.
pub(super) fn judge(
    checks: &[Check],
    answers: &[Result<Value, String>],
    code: FailureCode,
    show: fn(&Value) -> String,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut details = BTreeMap::new();
    let mut wrong = Vec::new();
    for (check, answer) in checks.iter().zip(answers) {
        let passed = answer.as_ref().is_ok_and(|value| check.expect.is_met_by(value));
        let answer = answer.as_ref().map_or_else(Clone::clone, show);
        if !passed {
            wrong.push(format!("{:?} answered {answer}, expected {}", check.name, check.expect));
        }
        let verdict = if passed { "passed" } else { "FAILED" };
        let text = format!("{verdict}: {answer} (expected {})", check.expect);
        details.insert(format!("check {}", check.name), text);
    }
    if wrong.is_empty() { Ok(details) } else { Err(Failure::permanent(code, wrong.join("; "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checks() -> Vec<Check> {
        serde_json::from_value(json!([
            {"name": "a", "sql": "SELECT 1", "expect": {"at_least": 10}},
            {"name": "b", "sql": "SELECT 2", "expect": {"equals": true}},
        ]))
        .unwrap()
    }

    fn judged(answers: &[Result<Value, String>]) -> Result<BTreeMap<String, String>, Failure> {
        judge(&checks(), answers, FailureCode::CheckFailed, Value::to_string)
    }

    #[test]
    fn all_checks_must_pass_and_each_answer_is_kept() {
        let details = judged(&[Ok(json!(10)), Ok(json!(true))]).unwrap();
        assert_eq!(details["check a"], "passed: 10 (expected >= 10)");
        assert_eq!(details["check b"], "passed: true (expected = true)");
    }

    #[test]
    fn every_check_that_did_not_pass_is_named() {
        let answers = [Ok(json!(9)), Err("no such table".into())];
        let failed = judged(&answers).unwrap_err();
        assert_eq!(failed.code, FailureCode::CheckFailed);
        assert!(failed.text.contains("\"a\" answered 9") && failed.text.contains("no such table"));
    }

    #[test]
    fn another_engine_version_or_a_missing_instance_is_no_proof() {
        let plan: Plan = serde_json::from_value(json!({
            "steps": [], "instances": [{"class": "x"}], "why": [],
            "settings": {"engine_version": "15.4"},
            "facts": {"snapshot_arn": "", "snapshot_id": "", "created_at": "", "engine": "",
                "engine_version": "15.4", "allocated_gib": 1, "master_user": ""}
        }))
        .unwrap();
        let good = Cluster { engine_version: "15.4".into(), members: 1, ..Cluster::creating("c") };
        assert!(check_settings(&plan, &good, false).is_ok());
        assert!(check_settings(&plan, &Cluster { members: 0, ..good.clone() }, false).is_err());
        let newer = Cluster { engine_version: "16.6".into(), ..good };
        assert!(check_settings(&plan, &newer, false).is_err());
    }
}
