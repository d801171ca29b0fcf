//! `mask_data`: wants every masking script run, exactly once, and every proof query answered as it
//! must be. Only then may anybody look.
//!
//! Masking cannot be undone, so it acts only on a cluster whose immutable id an earlier commit has
//! recorded. That a script runs once although the step repeats is a mark in the database itself.

use super::restore_cluster::RESOURCE_ID;
use super::verify_restore::judge;
use crate::database::{self, Masked};
use crate::rds::{self, Cluster, Found};
use crate::step::{Done, Outcome, StepContext, StepResult, done};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::Check;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is to be done.
#[derive(Debug, PartialEq)]
enum Decision<'a> {
    CommitFirst,
    Mask(&'a Cluster),
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let Some(mask) = &cx.spec.request.mask else {
        return Ok(done(How::FoundDone, "nothing is to be masked").into());
    };
    let found = rds::find_cluster(&rds::target(&cx).await?, &cx).await?;
    let committed = cx.committed.get(RESOURCE_ID).map(String::as_str);
    let cluster = match decide(&found, committed)? {
        Decision::CommitFirst => return Ok(Outcome::CommitFirst),
        Decision::Mask(cluster) => cluster,
    };
    let login = database::needed_master_login(&cx, cluster).await?;
    let databases = &cx.worker.databases;
    let masked = databases.mask(&login, cx.spec.id, &mask.scripts).await?;
    let queries: Vec<&str> = mask.proof.iter().map(|check| check.sql.as_str()).collect();
    let answers = databases.ask(&login, &queries).await?;
    let proven = prove(&mask.proof, answers)?;
    Ok(report(&masked, proven).into())
}

fn decide<'a>(found: &'a Found, committed: Option<&str>) -> Result<Decision<'a>, Failure> {
    let Some(id) = committed else { return Ok(Decision::CommitFirst) };
    match found {
        Found::Ours(cluster) if cluster.resource_id == id => Ok(Decision::Mask(cluster)),
        _ => Err(rds::lost(found, id)),
    }
}

/// Every proof with its answer; a failure that names each that was not given. An answer that is a
/// text may be the very thing that was to be masked: it is shown to nobody.
fn prove(
    proof: &[Check],
    answers: Vec<Result<Value, String>>,
) -> Result<BTreeMap<String, String>, Failure> {
    judge(proof, &answers, FailureCode::MaskUnproven, |answer| match answer {
        Value::String(_) => "a text".into(),
        other => other.to_string(),
    })
}

fn report(masked: &[Masked], proven: BTreeMap<String, String>) -> Done {
    let ran_now = masked.iter().filter(|m| m.how == How::Did).count();
    let how = if ran_now > 0 { How::Did } else { How::FoundDone };
    let note = format!(
        "{ran_now} of {} scripts run now, the others before; {} proofs passed",
        masked.len(),
        proven.len()
    );
    let mut details = proven;
    details.extend(masked.iter().map(|m| (format!("script {}", m.script), in_words(m))));
    Done { details, ..done(how, note) }
}

fn in_words(masked: &Masked) -> String {
    let rows = masked.rows.map_or(String::new(), |n| format!(", {n} rows"));
    match masked.how {
        How::Did | How::TookOver => format!("ran{rows}, {} ms", masked.took.as_millis()),
        How::FoundDone => "had run before".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn it_acts_only_on_an_id_that_an_earlier_commit_recorded() {
        let found = Found::Ours(Cluster::creating("cluster-A"));
        assert_eq!(decide(&found, None).unwrap(), Decision::CommitFirst);
        assert!(matches!(decide(&found, Some("cluster-A")).unwrap(), Decision::Mask(_)));
        let lost = decide(&found, Some("cluster-B")).unwrap_err();
        assert_eq!(lost.code, FailureCode::ResourceLost);
        assert!(decide(&Found::Nothing, Some("cluster-A")).is_err());
        assert!(decide(&Found::Stranger("x".into()), Some("cluster-A")).is_err());
    }

    #[test]
    fn a_proof_that_is_not_given_fails_and_shows_no_text() {
        let proof: Vec<Check> = serde_json::from_value(json!([
            {"name": "none left", "sql": "SELECT 1", "expect": {"equals": 0}},
            {"name": "first", "sql": "SELECT 2", "expect": {"equals": "x"}},
        ]))
        .unwrap();
        let failed = prove(&proof, vec![Ok(json!(3)), Ok(json!("a@b.example"))]).unwrap_err();
        assert_eq!(failed.code, FailureCode::MaskUnproven);
        assert!(failed.text.contains("\"none left\" answered 3, expected = 0"), "{failed}");
        assert!(failed.text.contains("\"first\" answered a text"), "{failed}");
        assert!(!failed.text.contains("a@b.example"), "{failed}");
        assert_eq!(prove(&proof, vec![Ok(json!(0)), Ok(json!("x"))]).unwrap().len(), 2);
    }

    #[test]
    fn the_report_says_which_scripts_ran_now() {
        let masked =
            |how, rows| Masked { script: "a".into(), how, rows, took: Duration::from_millis(7) };
        let now = report(&[masked(How::Did, Some(3))], BTreeMap::new());
        assert_eq!((now.how, now.details["script a"].as_str()), (How::Did, "ran, 3 rows, 7 ms"));
        let before = report(&[masked(How::FoundDone, None)], BTreeMap::new());
        assert_eq!(before.how, How::FoundDone);
        assert_eq!(before.details["script a"], "had run before");
    }
}
