//! One test per rule of the path, the access and the replacement.

use super::{facts, request};
use crate::facts::{Encryption, ExistingCopy, Site, SourceFacts, SourceKind, Standing};
use crate::fault::Fault;
use crate::plan::{Plan, StepName, plan, step_names};
use crate::request::{IfExists, Mask, Request};

const KEY_THERE: &str = "arn:aws:kms:eu-west-1:222222222222:key/there";

/// The drill, to another account and Region.
fn abroad() -> Request {
    let mut request = request();
    request.target.account = "222222222222".parse().unwrap();
    request.target.region = "eu-west-1".parse().unwrap();
    request.target.subnet_group = Some("private".into());
    request.target.security_groups = Some(vec!["sg-2".into()]);
    request.target.parameter_group = Some("pg".into());
    request.target.kms_key = Some(KEY_THERE.into());
    request
}

fn automated(site: Site) -> SourceFacts {
    SourceFacts { kind: SourceKind::Automated, site, ..facts() }
}

fn names(plan: &Plan) -> Vec<StepName> {
    plan.steps.iter().map(|s| s.name).collect()
}

fn refusals(request: &Request, facts: &SourceFacts) -> Vec<Fault> {
    plan(request, facts).unwrap_err().0
}

#[test]
fn a_manual_snapshot_under_an_own_key_is_shared_and_copied_in_one_step() {
    let plan = plan(&abroad(), &facts()).unwrap();
    let (copy, share) = (plan.path.copy.as_ref().unwrap(), plan.path.share_with.as_ref());
    assert_eq!((copy.region.as_str(), copy.key.as_deref()), ("eu-west-1", Some(KEY_THERE)));
    assert_eq!(share.map(|a| a.as_str()), Some("222222222222"));
    assert!(plan.path.shareable.is_none() && plan.path.copy.is_some());
    let steps = names(&plan);
    assert!(steps.contains(&StepName::ShareSnapshot) && steps.contains(&StepName::RemoveCopies));
}

#[test]
fn an_automated_snapshot_takes_one_copy_where_its_account_has_a_key_there_and_two_where_not() {
    let there = Site {
        source_key_there: Some("k".into()),
        source_key: Some("h".into()),
        ..Site::default()
    };
    let one = plan(&abroad(), &automated(there)).unwrap().path;
    assert!(one.copy.is_none());
    assert_eq!(one.shareable.unwrap().region.as_str(), "eu-west-1");
    assert_eq!(one.restore_key.as_deref(), Some(KEY_THERE));
    let here = Site { source_key: Some("h".into()), ..Site::default() };
    let two = plan(&abroad(), &automated(here)).unwrap();
    assert!(two.path.shareable.is_some() && two.path.copy.is_some());
    assert!(two.why.iter().any(|why| why.contains("copy_keys")), "{:?}", two.why);
    let nothing = refusals(&abroad(), &automated(Site::default()));
    assert!(nothing[0].fix.contains("accounts.111111111111.copy_keys"), "{nothing:?}");
}

#[test]
fn an_unencrypted_copy_has_no_key() {
    let plain = SourceFacts { encryption: Encryption::None, ..automated(Site::default()) };
    let path = plan(&abroad(), &plain).unwrap().path;
    assert_eq!(path.shareable.unwrap().key, None);
    assert_eq!(path.restore_key, None);
}

#[test]
fn a_snapshot_under_a_key_of_aws_is_shared_only_where_the_settings_allow_it() {
    let owned = SourceFacts { encryption: Encryption::SseRds, ..facts() };
    let refused = refusals(&abroad(), &owned);
    assert!(refused[0].fix.contains("allow_sse_rds_sharing"), "{refused:?}");
    let site = Site { sse_rds_sharing: true, ..Site::default() };
    assert!(plan(&abroad(), &SourceFacts { site, ..owned }).is_ok());
}

#[test]
fn an_equal_copy_that_is_still_kept_is_used_again() {
    let arn = "arn:aws:rds:eu-west-1:222222222222:cluster-snapshot:c".to_owned();
    let of = |key: &str| ExistingCopy { arn: arn.clone(), key: Some(key.into()) };
    let again = SourceFacts { copies: vec![of(KEY_THERE)], ..facts() };
    let plan_again = plan(&abroad(), &again).unwrap();
    assert_eq!(plan_again.path.reuse.as_deref(), Some(arn.as_str()));
    assert!(!names(&plan_again).contains(&StepName::CopySnapshot));
    let other_key = SourceFacts { copies: vec![of("another")], ..facts() };
    assert_eq!(plan(&abroad(), &other_key).unwrap().path.reuse, None);
}

#[test]
fn settings_of_another_place_must_be_named() {
    let mut request = abroad();
    (request.target.subnet_group, request.target.security_groups) = (None, None);
    request.target.parameter_group = None;
    let paths: Vec<String> = refusals(&request, &facts()).into_iter().map(|f| f.path).collect();
    assert_eq!(paths, ["target.subnet_group", "target.security_groups", "target.parameter_group"]);
}

#[test]
fn a_taken_name_is_swapped_only_when_the_new_cluster_is_verified() {
    let mut request = request();
    request.target.if_exists = IfExists::Swap;
    let standing =
        |engine: &str| Standing { resource_id: "cluster-OLD".into(), engine: engine.into() };
    let taken = SourceFacts { taken_by: Some(standing("aurora-postgresql")), ..facts() };
    let plan = plan(&request, &taken).unwrap();
    let swap = plan.steps.iter().find(|s| s.name == StepName::SwapIn).unwrap();
    assert_eq!(swap.after, [StepName::VerifyRestore]);
    let job = crate::ids::JobId::keyed("a", "b");
    assert_ne!(plan.restored_as(&request.target.cluster, job), request.target.cluster);
    let other = SourceFacts { taken_by: Some(standing("aurora-mysql")), ..facts() };
    assert_eq!(refusals(&request, &other)[0].path, "target.cluster");
}

#[test]
fn access_is_opened_after_masking_and_proof_and_the_groups_until_then_are_closed_ones() {
    let mut request = request();
    request.mask = Some(Mask { scripts: Vec::new(), proof: Vec::new() });
    request.access.open_after_masking = true;
    assert_eq!(refusals(&request, &facts())[0].path, "access.open_after_masking");
    let site = Site { closed_groups: vec!["sg-closed".into()], ..Site::default() };
    let plan = plan(&request, &SourceFacts { site, ..facts() }).unwrap();
    assert_eq!(plan.closed_groups, ["sg-closed"]);
    let after = |name| plan.steps.iter().find(|s| s.name == name).unwrap().after.clone();
    assert_eq!(after(StepName::OpenAccess), [StepName::VerifyRestore]);
    assert_eq!(after(StepName::VerifyRestore), [StepName::MaskData]);
}

#[test]
fn an_instance_without_a_fixed_class_needs_a_capacity_range() {
    let mut request = request();
    let specs = request.target.instances.as_mut().unwrap();
    specs[0].fallback = vec!["db.serverless".into()];
    assert_eq!(refusals(&request, &facts())[0].path, "target.serverless");
}

#[test]
fn a_member_of_a_set_hands_nothing_over_before_the_others_are_verified() {
    let mut request = request();
    request.target.if_exists = IfExists::Swap;
    let standing = Standing { resource_id: "cluster-OLD".into(), ..Standing::default() };
    let taken_by = Some(Standing { engine: "aurora-postgresql".into(), ..standing });
    let plan = plan(&request, &SourceFacts { taken_by, ..facts() }).unwrap();
    let plan = plan.in_set();
    let after = |name| &plan.steps.iter().find(|s| s.name == name).unwrap().after[..];
    assert_eq!(after(StepName::JoinSet), [StepName::VerifyRestore]);
    assert_eq!(after(StepName::SwapIn), [StepName::JoinSet]);
    assert_eq!(names(&plan), step_names(&request, true), "as the guess before there is a plan");
}
