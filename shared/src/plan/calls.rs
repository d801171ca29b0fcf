//! The AWS calls that a plan makes, by name, as IAM names them: pure. A test of the whole fleet holds
//! them against what workers really call, on every kind of road.

use super::{Hop, Plan, StepName};
use crate::facts::{Encryption, SourceKind};
use crate::ids::{AccountId, RegionName};
use crate::request::{Master, Notify, Request};
use serde::Serialize;

/// A call that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The action, such as `rds:CopyDBClusterSnapshot`.
    pub action: &'static str,
    /// In this account.
    pub account: AccountId,
    /// In this Region.
    pub region: RegionName,
    /// How often; none: once for each instance of a cluster that nobody has counted yet.
    pub times: Option<usize>,
}

/// What a step calls. A repeat after a crash may read again; it changes nothing twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepCalls {
    /// The step.
    pub step: StepName,
    /// Actions that read, in the place of the source or of the target.
    pub reads: Vec<&'static str>,
    /// Calls that change something.
    pub changes: Vec<Change>,
}

/// What each step of a plan calls. Table and queues are not among it.
#[must_use]
pub fn calls(request: &Request, plan: &Plan) -> Vec<StepCalls> {
    let of = |step| Calls { request, plan, is_later: false }.of(step);
    plan.steps.iter().map(|step| of(step.name)).collect()
}

/// What is called hours or days later, by the jobs that follow a restore.
#[must_use]
pub fn calls_later(request: &Request, plan: &Plan) -> Vec<StepCalls> {
    let keep = &request.keep;
    let later = [
        (StepName::RetireOld, plan.replaces.is_some()),
        (StepName::Expire, keep.restored.is_some()),
        (StepName::RemoveCopies, keep.copies().is_some() && plan.path.makes_copies()),
    ];
    let later = later.into_iter().filter(|(_, is_needed)| *is_needed);
    later.map(|(step, _)| Calls { request, plan, is_later: true }.of(step)).collect()
}

const CLUSTERS: &str = "rds:DescribeDBClusters";
const INSTANCES: &str = "rds:DescribeDBInstances";
const SNAPSHOTS: &str = "rds:DescribeDBClusterSnapshots";
const SHARES: &str = "rds:DescribeDBClusterSnapshotAttributes";
const SECRET: &str = "secretsmanager:GetSecretValue";
const MODIFY: &str = "rds:ModifyDBCluster";

struct Calls<'a> {
    request: &'a Request,
    plan: &'a Plan,
    /// By a job that follows the restore.
    is_later: bool,
}

impl Calls<'_> {
    fn of(&self, step: StepName) -> StepCalls {
        StepCalls { step, reads: self.reads(step), changes: self.changes(step) }
    }

    fn reads(&self, step: StepName) -> Vec<&'static str> {
        use StepName as S;
        match step {
            S::ResolveSource => self.facts_read(),
            S::CheckTarget => self.checks_read(),
            S::MakeShareable | S::CopySnapshot => vec![SNAPSHOTS],
            S::RemoveCopies => {
                [SNAPSHOTS].into_iter().chain(self.unshares().then_some(SHARES)).collect()
            }
            S::ShareSnapshot => vec![SHARES],
            S::RestoreCluster | S::OpenAccess | S::SwapIn | S::GiveUp => vec![CLUSTERS],
            S::CreateInstances | S::RetireOld | S::Expire => vec![CLUSTERS, INSTANCES],
            S::SetCredentials => self.with_secret(self.credentials_are_read()),
            S::MaskData => self.with_secret(true),
            S::VerifyRestore => self.with_secret(self.request.master().is_some()),
            S::JoinSet => Vec::new(),
            S::Notify => self.webhooks().map(|_| SECRET).take(1).collect(),
        }
    }

    fn facts_read(&self) -> Vec<&'static str> {
        let facts = &self.plan.facts;
        let asks_for_key = self.request.changes_account()
            && matches!(facts.encryption, Encryption::Key(_) | Encryption::AwsManagedKey(_));
        let of_snapshot = facts.kind.is_snapshot().then_some(SNAPSHOTS);
        let of_key = asks_for_key.then_some("kms:DescribeKey");
        let has_source = facts.cluster.is_some();
        let of_members = has_source.then_some(INSTANCES);
        of_snapshot.into_iter().chain([CLUSTERS]).chain(of_members).chain(of_key).collect()
    }

    fn checks_read(&self) -> Vec<&'static str> {
        let settings = &self.plan.settings.cluster;
        let subnets = settings.subnet_group.is_some().then_some("rds:DescribeDBSubnetGroups");
        let parameters =
            settings.parameter_group.is_some().then_some("rds:DescribeDBClusterParameterGroups");
        let always = [CLUSTERS, "rds:DescribeAccountAttributes"];
        always.into_iter().chain(subnets).chain(parameters).collect()
    }

    fn credentials_are_read(&self) -> bool {
        let is_given = matches!(self.request.master(), Some(Master::Secret(_)));
        is_given || !self.request.access.users.is_empty()
    }

    fn with_secret(&self, is_read: bool) -> Vec<&'static str> {
        [CLUSTERS].into_iter().chain(is_read.then_some(SECRET)).collect()
    }

    fn webhooks(&self) -> impl Iterator<Item = &Notify> {
        self.request.notify.iter().filter(|n| matches!(n, Notify::Webhook(_)))
    }

    fn changes(&self, step: StepName) -> Vec<Change> {
        use StepName as S;
        let path = &self.plan.path;
        let copy = |hop: &Hop| self.at_hop("rds:CopyDBClusterSnapshot", hop);
        let here = |action, times| vec![self.at_target(action, times)];
        match step {
            S::MakeShareable => path.shareable.iter().map(copy).collect(),
            S::CopySnapshot => path.copy.iter().map(copy).collect(),
            S::ShareSnapshot => path.share_with.iter().map(|_| self.share()).collect(),
            S::RestoreCluster => here(self.restore_action(), Some(1)),
            S::CreateInstances => here("rds:CreateDBInstance", Some(self.plan.instance_count())),
            S::SetCredentials | S::OpenAccess => here(MODIFY, Some(1)),
            S::SwapIn => here(MODIFY, Some(2)),
            S::RemoveCopies => self.removals(),
            S::RetireOld => self.deletions(None),
            S::Expire => {
                let renamed = self.at_target(MODIFY, Some(1));
                let deletions = self.deletions(Some(self.plan.instance_count()));
                std::iter::once(renamed).chain(deletions).collect()
            }
            S::Notify => self.news(),
            S::ResolveSource
            | S::CheckTarget
            | S::MaskData
            | S::VerifyRestore
            | S::JoinSet
            | S::GiveUp => Vec::new(),
        }
    }

    fn restore_action(&self) -> &'static str {
        match self.plan.facts.kind {
            SourceKind::PointInTime | SourceKind::Clone => "rds:RestoreDBClusterToPointInTime",
            _ => "rds:RestoreDBClusterFromSnapshot",
        }
    }

    fn at_target(&self, action: &'static str, times: Option<usize>) -> Change {
        let target = &self.request.target;
        Change { action, account: target.account.clone(), region: target.region.clone(), times }
    }

    fn at_hop(&self, action: &'static str, hop: &Hop) -> Change {
        Change { action, account: hop.account.clone(), region: hop.region.clone(), times: Some(1) }
    }

    /// Letting an account in, or out again: by whoever owns the snapshot.
    fn share(&self) -> Change {
        let source = &self.request.source;
        let region = match &self.plan.path.shareable {
            Some(hop) => hop.region.clone(),
            None => source.region().clone(),
        };
        let (action, account) = ("rds:ModifyDBClusterSnapshotAttribute", source.account().clone());
        Change { action, account, region, times: Some(1) }
    }

    fn removals(&self) -> Vec<Change> {
        let path = &self.plan.path;
        let goes_now = self.is_later || self.request.keep.copies().is_none();
        let hops = path.shareable.iter().chain(&path.copy).filter(|_| goes_now);
        let removed = hops.map(|hop| self.at_hop("rds:DeleteDBClusterSnapshot", hop));
        removed.chain(self.unshares().then(|| self.share())).collect()
    }

    /// Whether the share of the source itself is taken back.
    fn unshares(&self) -> bool {
        let path = &self.plan.path;
        path.share_with.is_some() && path.shareable.is_none() && !self.is_later
    }

    fn deletions(&self, instances: Option<usize>) -> Vec<Change> {
        let of_instances = self.at_target("rds:DeleteDBInstance", instances);
        vec![of_instances, self.at_target("rds:DeleteDBCluster", Some(1))]
    }

    fn news(&self) -> Vec<Change> {
        let told = |receiver: &Notify| match receiver {
            Notify::Sns(_) => Some(self.at_target("sns:Publish", Some(1))),
            Notify::EventBridge(_) => Some(self.at_target("events:PutEvents", Some(1))),
            Notify::Webhook(_) => None,
        };
        self.request.notify.iter().filter_map(told).collect()
    }
}
