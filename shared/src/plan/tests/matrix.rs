//! The whole matrix of requests: kind of source × encryption × account × Region × what to do about
//! the target's name, one line each, held against `matrix.txt`. To renew it after a change that is
//! meant, run the test with `UPDATE_SNAPSHOTS=1` and read what has changed.

use super::{facts, request};
use crate::facts::{Encryption, Site, SourceFacts, SourceKind, Standing};
use crate::plan::{Path, plan};
use crate::request::{ClusterRef, IfExists, PointInTime, Request, Source};
use std::fmt::Write;

const KINDS: [SourceKind; 6] = [
    SourceKind::Manual,
    SourceKind::Automated,
    SourceKind::Shared,
    SourceKind::AwsBackup,
    SourceKind::PointInTime,
    SourceKind::Clone,
];

fn encryptions() -> [(&'static str, Encryption); 4] {
    let key = |id: &str| format!("arn:aws:kms:us-east-1:111111111111:key/{id}");
    [
        ("none", Encryption::None),
        ("sse-rds", Encryption::SseRds),
        ("aws-key", Encryption::AwsManagedKey(key("aws"))),
        ("own-key", Encryption::Key(key("own"))),
    ]
}

fn asked(kind: SourceKind, account: &str, region: &str, if_exists: IfExists) -> Request {
    let mut asked = request();
    asked.target.account = account.parse().unwrap();
    asked.target.region = region.parse().unwrap();
    asked.target.if_exists = if_exists;
    asked.target.subnet_group = Some("private".into());
    asked.target.security_groups = Some(vec!["sg-2".into()]);
    asked.target.parameter_group = Some("pg".into());
    let (account, region) = (asked.source.account().clone(), asked.source.region().clone());
    let cluster = "orders-prod".parse().unwrap();
    match kind {
        SourceKind::PointInTime => {
            let to = "latest".into();
            asked.source = Source::PointInTime(PointInTime { account, region, cluster, to });
        }
        SourceKind::Clone => asked.source = Source::Clone(ClusterRef { account, region, cluster }),
        _ => {}
    }
    asked
}

fn known(kind: SourceKind, encryption: &Encryption, is_taken: bool) -> SourceFacts {
    let owner = if kind == SourceKind::Shared { "999999999999" } else { "111111111111" };
    let taken_by = is_taken.then(|| Standing {
        resource_id: "cluster-OLD".into(),
        engine: "aurora-postgresql".into(),
    });
    let site = Site {
        source_key: Some("key-here".into()),
        target_key: Some("key-there".into()),
        ..Site::default()
    };
    SourceFacts {
        kind,
        snapshot_arn: format!("arn:aws:rds:us-east-1:{owner}:cluster-snapshot:s1"),
        encryption: encryption.clone(),
        instances: request().target.instances.unwrap(),
        taken_by,
        site,
        ..facts()
    }
}

fn way(path: &Path) -> String {
    let hop = |what: &str, hop: &crate::plan::Hop| {
        let key = hop.key.as_deref().unwrap_or("no key");
        format!("{what} in {} {} ({key})", hop.account, hop.region)
    };
    let parts = [
        path.shareable.as_ref().map(|h| hop("shareable", h)),
        path.share_with.as_ref().map(|account| format!("share with {account}")),
        path.copy.as_ref().map(|h| hop("copy", h)),
        path.restore_key.as_ref().map(|key| format!("restore under {key}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "direct".into() } else { parts.join(", ") }
}

fn line(request: &Request, facts: &SourceFacts) -> String {
    match plan(request, facts) {
        Ok(plan) => {
            let name = if plan.replaces.is_some() { "beside, then swap" } else { "own name" };
            format!("{}; {name}", way(&plan.path))
        }
        Err(faults) => {
            let each = faults.0.iter().map(|f| format!("{} {}", f.path, f.problem));
            format!("REFUSED {}", each.collect::<Vec<_>>().join("; "))
        }
    }
}

fn matrix() -> String {
    let places = [
        ("same account, same Region", "111111111111", "us-east-1"),
        ("same account, other Region", "111111111111", "eu-west-1"),
        ("other account, same Region", "222222222222", "us-east-1"),
        ("other account, other Region", "222222222222", "eu-west-1"),
    ];
    let names = [
        ("refuse", IfExists::Refuse, false),
        ("swap, free", IfExists::Swap, false),
        ("swap, taken", IfExists::Swap, true),
    ];
    let mut text = String::new();
    for kind in KINDS {
        for (encrypted, encryption) in encryptions() {
            for (place, account, region) in places {
                for (name, if_exists, is_taken) in names {
                    let request = asked(kind, account, region, if_exists);
                    let line = line(&request, &known(kind, &encryption, is_taken));
                    let kind = kind.as_str();
                    writeln!(text, "{kind} | {encrypted} | {place} | {name} | {line}").unwrap();
                }
            }
        }
    }
    text
}

#[test]
fn every_kind_of_request_has_its_path_or_its_refusal() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan/tests/matrix.txt");
    let found = matrix();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, &found).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}
