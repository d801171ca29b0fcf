//! Snapshots of a seed file.

use super::clusters::{IDENTIFIER, build, tags};
use super::{Draft, Order, taken};
use crate::kms::Manager;
use crate::rds::backups::minute;
use crate::rds::model::{Cluster, Encryption, Place, Snapshot, Status};
use crate::rds::names;
use crate::rds::rules::share::{EVERYBODY, Subject, may_share};
use crate::seed::{ClusterSeed, Scene, SnapshotKind, SnapshotSeed, moment, nearest};
use std::collections::BTreeSet;

impl Draft {
    /// Adds a snapshot, maybe of one of the clusters of the file; returns its ARN.
    pub(crate) fn add_snapshot(
        &mut self,
        cx: &mut Scene,
        at: &str,
        seed: &SnapshotSeed,
        clusters: &[ClusterSeed],
    ) -> Option<String> {
        let before = cx.faults.len();
        let place = cx.place(at, &seed.account, &seed.region);
        let created_ms = created(cx, at, seed);
        let tags = tags(cx, at, &seed.tags);
        let source = self.source(cx, at, &place, seed, clusters);
        let of = seed.of.as_ref().or(seed.cluster.as_ref()).map_or("cluster", String::as_str);
        let name = name(cx, at, seed, of, created_ms)?;
        if self.estate(&place).snapshots.contains_key(&name) {
            taken(cx, &format!("{at}.name"), &name);
        }
        let source = source?;
        let resource_id = names::resource_id("snapshot", &mut cx.rng);
        let mut snapshot = Snapshot::of(&source, &name, resource_id, created_ms);
        snapshot.cluster_created_ms = snapshot.cluster_created_ms.min(created_ms);
        snapshot.snapshot_type = kind(seed.kind).into();
        snapshot.tags.extend(tags.unwrap_or_default());
        share(cx, at, &place, seed, &mut snapshot);
        if cx.faults.len() > before {
            return None;
        }
        let arn = snapshot.arn(&place);
        self.estate(&place).snapshots.insert(name.clone(), snapshot);
        self.orders.push(match seed.of {
            Some(_) => Order::Snapshot { place, identifier: name },
            None => Order::Alone { place, identifier: name, cluster: Box::new(source) },
        });
        Some(arn)
    }

    /// The cluster a snapshot is of: one of the file, or one that there never was.
    fn source(
        &mut self,
        cx: &mut Scene,
        at: &str,
        place: &Place,
        seed: &SnapshotSeed,
        clusters: &[ClusterSeed],
    ) -> Option<Cluster> {
        let Some(of) = &seed.of else { return self.never_was(cx, at, place, seed) };
        for (field, given) in own_fields(seed) {
            if given {
                let fix = "leave it out: the cluster it is of has it";
                cx.faults.add(format!("{at}.{field}"), "has no place beside of", fix);
            }
        }
        let here = clusters.iter().filter(|c| c.account == place.account);
        let names = here.filter(|c| c.region == place.region).map(|c| c.name.as_str());
        let names: Vec<_> = names.collect();
        if !names.iter().any(|name| name.eq_ignore_ascii_case(of)) {
            let fix = nearest(of, names);
            let problem = format!("{of:?} is no cluster of this file in its account and Region");
            cx.faults.add(format!("{at}.of"), problem, fix);
        }
        self.estate(place).clusters.get(&of.to_ascii_lowercase()).cloned()
    }

    fn never_was(
        &mut self,
        cx: &mut Scene,
        at: &str,
        place: &Place,
        seed: &SnapshotSeed,
    ) -> Option<Cluster> {
        let Some(engine) = seed.engine.clone() else {
            let fix = "needed: the engine, or of, the cluster of this file it is of";
            cx.faults.add(format!("{at}.engine"), "is missing", fix);
            return None;
        };
        let given = seed.cluster.as_deref().unwrap_or("cluster");
        let name = names::identifier("cluster", given);
        let name = cx.faults.ask(format!("{at}.cluster"), name, IDENTIFIER);
        let cluster = ClusterSeed {
            account: seed.account.clone(),
            region: seed.region.clone(),
            name: name.unwrap_or_default(),
            engine,
            version: seed.version.clone(),
            size_gib: seed.size_gib,
            encryption: seed.encryption.clone(),
            master_username: seed.master_username.clone(),
            master_password: seed.master_password.clone(),
            ..ClusterSeed::default()
        };
        build(cx, at, place, &cluster, self.estate(place))
    }
}

/// The fields that only a snapshot on its own has, and whether they are given.
fn own_fields(seed: &SnapshotSeed) -> [(&'static str, bool); 7] {
    [
        ("cluster", seed.cluster.is_some()),
        ("engine", seed.engine.is_some()),
        ("version", seed.version.is_some()),
        ("size_gib", seed.size_gib.is_some()),
        ("encryption", seed.encryption.is_some()),
        ("master_username", seed.master_username.is_some()),
        ("master_password", seed.master_password.is_some()),
    ]
}

fn kind(kind: SnapshotKind) -> &'static str {
    match kind {
        SnapshotKind::Manual | SnapshotKind::Public => "manual",
        SnapshotKind::Automated => "automated",
        SnapshotKind::Awsbackup => "awsbackup",
    }
}

fn created(cx: &mut Scene, at: &str, seed: &SnapshotSeed) -> i64 {
    let Some(text) = &seed.created else { return cx.now_ms };
    let path = format!("{at}.created");
    match moment(text, cx.now_ms) {
        Some(ms) if ms <= cx.now_ms => return ms,
        Some(_) => cx.faults.add(path, format!("is {text:?}"), "must not be in the future"),
        None => {
            let fix = "must be a moment like 2026-11-22T02:00:00Z, or a span like PT2H or 2h ago";
            cx.faults.add(path, format!("is {text:?}"), fix);
        }
    }
    cx.now_ms
}

/// The name given, checked as its kind demands; or the one AWS gives to a daily backup.
fn name(cx: &mut Scene, at: &str, seed: &SnapshotSeed, of: &str, at_ms: i64) -> Option<String> {
    let path = format!("{at}.name");
    let prefix = match seed.kind {
        SnapshotKind::Manual | SnapshotKind::Public => "",
        SnapshotKind::Automated => "rds:",
        SnapshotKind::Awsbackup => "awsbackup:",
    };
    let Some(given) = &seed.name else {
        if seed.kind == SnapshotKind::Automated {
            return Some(format!("rds:{}-{}", of.to_ascii_lowercase(), minute(at_ms)?));
        }
        cx.faults.add(path, "is missing", "needed, except for an automated snapshot");
        return None;
    };
    let Some(rest) = given.strip_prefix(prefix) else {
        let fix = format!("must begin with {prefix}");
        cx.faults.add(path, format!("is {given:?}"), fix);
        return None;
    };
    // What AWS Backup makes has names like awsbackup:job-1234.
    let rest = names::identifier("DBClusterSnapshotIdentifier", rest);
    let rest = cx.faults.ask(path, rest, IDENTIFIER)?;
    Some(format!("{prefix}{rest}"))
}

/// Shares a snapshot, by the rules of sharing.
fn share(cx: &mut Scene, at: &str, place: &Place, seed: &SnapshotSeed, snapshot: &mut Snapshot) {
    let mut add = seed.shared_with.clone();
    let public = seed.kind == SnapshotKind::Public;
    add.extend(public.then(|| EVERYBODY.to_owned()));
    if add.is_empty() {
        return;
    }
    let key = match &snapshot.encryption {
        Encryption::SseKms(key) => cx.kms.usable_by(key, &place.account).ok(),
        Encryption::None | Encryption::SseRds => None,
    };
    let subject = Subject {
        identifier: &snapshot.identifier,
        snapshot_type: &snapshot.snapshot_type,
        status: Status::Available,
        encrypted: matches!(snapshot.encryption, Encryption::SseKms(_)),
        under_managed_key: key.is_some_and(|key| key.manager == Manager::Aws),
        shared_with: &BTreeSet::new(),
    };
    let accounts = may_share(&subject, &add, &[]);
    let field = if seed.shared_with.is_empty() { "kind" } else { "shared_with" };
    let fix = "must be up to 20 accounts; manual snapshots alone, not under the AWS-managed key, \
        and encrypted ones not with everybody";
    if let Some(accounts) = cx.faults.ask(format!("{at}.{field}"), accounts, fix) {
        snapshot.shared_with = accounts;
    }
}
