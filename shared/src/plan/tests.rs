//! One test per rule of the planner.

use super::*;
use crate::facts::{ClusterFacts, Encryption};

const DRILL: &str = include_str!("../../../examples/drill.json");

fn request() -> Request {
    Request::parse(DRILL).unwrap()
}

fn facts() -> SourceFacts {
    SourceFacts {
        snapshot_arn: "arn:aws:rds:us-east-1:111111111111:cluster-snapshot:s1".into(),
        snapshot_id: "s1".into(),
        created_at: "2026-11-22T01:00:00Z".into(),
        engine: "aurora-postgresql".into(),
        engine_version: "15.4".into(),
        allocated_gib: 120,
        storage_type: Some("aurora-iopt1".into()),
        port: Some(5433),
        master_user: "admin".into(),
        database: Some("orders".into()),
        encryption: Encryption::Key("arn:aws:kms:us-east-1:111111111111:key/k".into()),
        cluster: Some(ClusterFacts {
            parameter_group: Some("orders-pg15".into()),
            subnet_group: Some("private".into()),
            security_groups: vec!["sg-1".into()],
            iam_auth: true,
            ..ClusterFacts::default()
        }),
        ..SourceFacts::default()
    }
}

#[test]
fn settings_left_out_follow_the_source() {
    let plan = plan(&request(), &facts()).unwrap();
    let s = &plan.settings;
    assert_eq!(s.engine_version, "15.4");
    assert_eq!(s.cluster.parameter_group.as_deref(), Some("orders-pg15"));
    assert_eq!(s.cluster.subnet_group.as_deref(), Some("private"));
    assert_eq!(s.cluster.security_groups, ["sg-1"]);
    assert_eq!(s.storage_type, "aurora-iopt1");
    assert_eq!(s.port, Some(5433));
    assert!(s.cluster.iam_auth);
}

#[test]
fn settings_of_the_request_win_over_the_source() {
    let mut request = request();
    request.target.subnet_group = Some("staging".into());
    request.target.iam_auth = Some(false);
    request.target.port = Some(6000);
    let s = plan(&request, &facts()).unwrap().settings;
    assert_eq!(
        (s.cluster.subnet_group.as_deref(), s.cluster.iam_auth, s.port),
        (Some("staging"), false, Some(6000))
    );
}

#[test]
fn a_parameter_group_of_another_major_version_is_not_followed() {
    let mut request = request();
    request.target.engine_version = Some("16.2".into());
    assert_eq!(plan(&request, &facts()).unwrap().settings.cluster.parameter_group, None);
}

#[test]
fn an_older_major_version_is_refused() {
    let mut request = request();
    request.target.engine_version = Some("14.9".into());
    let faults = plan(&request, &facts()).unwrap_err().0;
    assert_eq!(faults[0].path, "target.engine_version");
}

#[test]
fn another_engine_is_refused() {
    let faults = plan(&request(), &SourceFacts { engine: "neptune".into(), ..facts() });
    assert_eq!(faults.unwrap_err().0[0].path, "source");
}

#[test]
fn instances_left_out_follow_the_source_cluster_or_must_be_named() {
    let mut request = request();
    request.target.instances = None;
    let faults = plan(&request, &facts()).unwrap_err().0;
    assert_eq!(faults[0].path, "target.instances");

    let like_source = InstanceSpec {
        class: "db.r6g.large".into(),
        count: 2,
        zone: None,
        promotion_tier: None,
        fallback: Vec::new(),
    };
    let facts = SourceFacts { instances: vec![like_source.clone()], ..facts() };
    let plan = plan(&request, &facts).unwrap();
    assert_eq!(plan.instances, [like_source]);
    assert_eq!(plan.instance_count(), 2);
}

#[test]
fn a_password_is_set_where_one_is_named_or_the_checks_need_one() {
    let mut request = request();
    request.access = crate::request::Access::default();
    let with_checks = plan(&request, &facts()).unwrap();
    assert!(with_checks.has(StepName::SetCredentials));
    assert_eq!(request.master(), Some(&crate::request::Master::Managed));
    assert!(with_checks.why.iter().any(|why| why.contains("RDS makes one")));
    request.verify.checks.clear();
    let plan = plan(&request, &facts()).unwrap();
    assert!(!plan.has(StepName::SetCredentials) && plan.has(StepName::VerifyRestore));
}

#[test]
fn every_step_comes_after_those_it_needs() {
    let plan = plan(&request(), &facts()).unwrap();
    for (n, step) in plan.steps.iter().enumerate() {
        let before: Vec<StepName> = plan.steps[..n].iter().map(|s| s.name).collect();
        let needs = step.after.iter().chain(&step.behind);
        assert!(needs.into_iter().all(|need| before.contains(need)), "{}", step.name);
    }
}

#[test]
fn a_plan_reads_back_as_stored() {
    let plan = plan(&request(), &facts()).unwrap();
    let stored = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap(), plan);
}

mod matrix;
mod rules;
