//! How a source gets to where it is restored: the fewest copies that AWS's rules allow.
//!
//! Sources: "Sharing a DB cluster snapshot", "Copying a DB cluster snapshot" and "Cloning a volume
//! for an Aurora DB cluster", Amazon Aurora User Guide; gathered in the project's AWS rules.

use crate::facts::{Encryption, Site, SourceFacts, SourceKind};
use crate::fault::Fault;
use crate::ids::{AccountId, RegionName};
use crate::request::Request;
use serde::{Deserialize, Serialize};

/// One copy of a snapshot: where it is made, by whom and under which key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The account that makes it, and owns it.
    pub account: AccountId,
    /// The Region that it is made in.
    pub region: RegionName,
    /// Its KMS key; none where the source has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What lies between a source and its restore. Empty: it is restored from as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Path {
    /// A copy in the source's account, because the source itself cannot be shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shareable: Option<Hop>,
    /// The account that the snapshot is shared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_with: Option<AccountId>,
    /// A copy in the target's account and Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<Hop>,
    /// The copy to make first where AWS refuses to change account and Region in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Hop>,
    /// An equal copy that is there already, by ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<String>,
    /// Key of the restored cluster, where the snapshot's own cannot be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_key: Option<String>,
}

impl Path {
    /// Whether the source is restored from as it is.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        let Self { shareable, share_with, copy, .. } = self;
        shareable.is_none() && share_with.is_none() && copy.is_none()
    }

    /// Whether it makes any copy.
    #[must_use]
    pub fn makes_copies(&self) -> bool {
        self.shareable.is_some() || self.copy.is_some()
    }
}

/// A path, and why it is this one.
type Chosen = Result<(Path, Vec<String>), Fault>;

/// The cheapest correct path of a request.
///
/// # Errors
/// What makes every path impossible, and what to change.
pub(super) fn choose(request: &Request, facts: &SourceFacts) -> Chosen {
    let way = Way { request, facts, site: &facts.site };
    match facts.kind {
        SourceKind::PointInTime | SourceKind::Clone => way.of_cluster(),
        _ => match (request.changes_account(), request.changes_region()) {
            (false, false) => way.in_place(),
            (false, true) => way.to_region(),
            (true, false) => way.to_account(),
            (true, true) => way.to_both(),
        },
    }
}

struct Way<'a> {
    request: &'a Request,
    facts: &'a SourceFacts,
    site: &'a Site,
}

impl Way<'_> {
    fn of_cluster(&self) -> Chosen {
        let (field, what) = match self.facts.kind {
            SourceKind::Clone => ("source.clone", "a clone"),
            _ => ("source.point_in_time", "a restore to a point in time"),
        };
        if self.request.changes_place() {
            let fix = "name the cluster's own account and Region as the target, or restore one of its snapshots (source.snapshot)";
            return Err(Fault::new(
                field,
                format!("{what} stays in the account and Region of its cluster"),
                fix,
            ));
        }
        if self.facts.kind == SourceKind::Clone && self.facts.instances.is_empty() {
            let fix = "add an instance to it, or restore it to a point in time instead";
            return Err(Fault::new(field, "the cluster has no instance, which a clone needs", fix));
        }
        if self.request.target.kms_key.is_some() && !self.facts.encryption.has_key() {
            let fix = "leave it out, or restore a snapshot, which can be encrypted on the way";
            return Err(Fault::new(
                "target.kms_key",
                format!("{what} of an unencrypted cluster stays so"),
                fix,
            ));
        }
        let why = match self.facts.kind {
            SourceKind::Clone => {
                "A clone shares the source's storage: it takes minutes and costs only what changes. After 15 clones of one cluster AWS makes a full copy."
            }
            _ => {
                "A point in time is restored by a full copy in the cluster's own account and Region."
            }
        };
        Ok((Path::default(), vec![why.to_owned()]))
    }

    fn in_place(&self) -> Chosen {
        let why = self.chosen("in place: same account and Region, so no copy is needed");
        let restore_key = match (self.facts.kind, self.facts.encryption.has_key()) {
            (SourceKind::Shared, true) => Some(self.key_of_target()?),
            _ => None,
        };
        Ok((Path { restore_key, ..Path::default() }, vec![why]))
    }

    fn to_region(&self) -> Chosen {
        let key = self.copy_key()?;
        if let Some(path) = self.reuse(key.as_deref()) {
            return Ok(path);
        }
        let copy = Some(self.at_target(key));
        let why = self.chosen("by one copy: a snapshot is restored in its own Region only");
        Ok((Path { copy, ..Path::default() }, vec![why]))
    }

    fn to_account(&self) -> Chosen {
        self.check_sharing()?;
        let restore_key = self.has_key().then(|| self.key_of_target()).transpose()?;
        if self.is_shareable() {
            let why =
                "shared with the target's account, which restores it directly: no copy is needed";
            return Ok((Path { restore_key, ..self.shared(None) }, vec![self.chosen(why)]));
        }
        let hop = self.in_source_account(self.request.source.region(), &self.site.source_key)?;
        let mut why = vec![
            self.chosen("by one copy in its own account, which is shared and restored directly"),
        ];
        why.push(self.why_not_shareable());
        Ok((Path { restore_key, ..self.shared(Some(hop)) }, why))
    }

    fn to_both(&self) -> Chosen {
        self.check_sharing()?;
        let key = self.copy_key()?;
        if let Some(path) = self.reuse(key.as_deref()) {
            return Ok(path);
        }
        let copy = Some(self.at_target(key.clone()));
        let first = self.first_hop();
        if self.is_shareable() {
            let path = Path { copy, first, ..self.shared(None) };
            let why = "shared, and copied to the other account and Region in one step";
            return Ok((path, vec![self.chosen(why)]));
        }
        let there =
            self.in_source_account(&self.request.target.region, &self.site.source_key_there);
        if let Ok(hop) = there {
            let restore_key = key;
            let path = Path { restore_key, ..self.shared(Some(hop)) };
            let why =
                "by one copy: its own account copies it to the target's Region and shares it there";
            return Ok((path, vec![self.chosen(why), self.why_not_shareable()]));
        }
        let hop = self.in_source_account(self.request.source.region(), &self.site.source_key)?;
        let path = Path { copy, first, ..self.shared(Some(hop)) };
        let why = "by two copies: one that can be shared, one in the target's place";
        let cheaper = format!(
            "With a key of account {} in {} (settings: copy_keys) one copy would do.",
            self.request.source.account(),
            self.request.target.region
        );
        Ok((path, vec![self.chosen(why), self.why_not_shareable(), cheaper]))
    }

    fn chosen(&self, how: &str) -> String {
        let SourceFacts { snapshot_id, created_at, allocated_gib, .. } = self.facts;
        format!("Restores snapshot {snapshot_id} of {created_at} ({allocated_gib} GiB) {how}.")
    }

    fn has_key(&self) -> bool {
        self.facts.encryption.has_key()
    }

    /// Only manual snapshots of the account's own, not under `aws/rds`, can be shared.
    fn is_shareable(&self) -> bool {
        let is_managed = matches!(self.facts.encryption, Encryption::AwsManagedKey(_));
        self.facts.kind == SourceKind::Manual && !is_managed
    }

    fn why_not_shareable(&self) -> String {
        let reason = match self.facts.kind {
            SourceKind::Automated => "automated snapshots cannot be shared",
            SourceKind::AwsBackup => "snapshots of AWS Backup cannot be shared",
            SourceKind::Shared => "a snapshot that belongs to another account cannot be shared on",
            _ => "a snapshot under the key that AWS manages (aws/rds) cannot be shared",
        };
        format!("The copy in the source's account is needed because {reason}.")
    }

    fn check_sharing(&self) -> Result<(), Fault> {
        if self.facts.encryption == Encryption::SseRds && !self.site.sse_rds_sharing {
            let problem = "is encrypted under a key that AWS owns (sse-rds), and AWS does not say whether such snapshots can be shared";
            let fix = "restore within the source's account, or allow it by the setting allow_sse_rds_sharing = true";
            return Err(Fault::new("source", problem, fix));
        }
        Ok(())
    }

    fn shared(&self, shareable: Option<Hop>) -> Path {
        let share_with = Some(self.request.target.account.clone());
        Path { shareable, share_with, ..Path::default() }
    }

    fn at_target(&self, key: Option<String>) -> Hop {
        let target = &self.request.target;
        Hop { account: target.account.clone(), region: target.region.clone(), key }
    }

    fn in_source_account(&self, region: &RegionName, key: &Option<String>) -> Result<Hop, Fault> {
        let account = self.request.source.account().clone();
        let key = match (self.has_key(), key) {
            (false, _) => None,
            (true, Some(key)) => Some(key.clone()),
            (true, None) => return Err(self.no_copy_key(&account, region)),
        };
        Ok(Hop { account, region: region.clone(), key })
    }

    fn no_copy_key(&self, account: &AccountId, region: &RegionName) -> Fault {
        let problem = format!(
            "must be copied in its account before it can be shared, and no customer key of account {account} in {region} is known for that"
        );
        let fix = format!(
            "set accounts.{account}.copy_keys.{region} to the ARN of a customer KMS key that account {} may use",
            self.request.target.account
        );
        Fault::new("source", problem, fix)
    }

    /// The copy within the source's Region that comes first where one step is refused.
    fn first_hop(&self) -> Option<Hop> {
        let key = self.site.target_key_here.clone().filter(|_| self.has_key());
        let can = !self.has_key() || key.is_some();
        let (account, region) = (self.request.target.account.clone(), self.request.source.region());
        can.then(|| Hop { account, region: region.clone(), key })
    }

    /// The key of a copy in the target's place: required from an encrypted source, refused for others.
    fn copy_key(&self) -> Result<Option<String>, Fault> {
        self.has_key().then(|| self.key_of_target()).transpose()
    }

    fn key_of_target(&self) -> Result<String, Fault> {
        let target = &self.request.target;
        let key = target.kms_key.clone().or_else(|| self.site.target_key.clone());
        key.ok_or_else(|| {
            let problem =
                "is left out, and the source's own key cannot be used in the target's place";
            let fix = format!(
                "name a KMS key of account {} in {}, or set accounts.{0}.copy_keys.{1}",
                target.account, target.region
            );
            Fault::new("target.kms_key", problem, fix)
        })
    }

    /// An equal copy of an earlier job, under the key that is wanted.
    fn reuse(&self, key: Option<&str>) -> Option<(Path, Vec<String>)> {
        let is_equal = |key_there: Option<&str>| match (key, key_there) {
            (None, None) => true,
            (Some(wanted), Some(there)) => {
                there == wanted || there.ends_with(&format!("/{wanted}"))
            }
            _ => false,
        };
        let copy = self.facts.copies.iter().find(|c| is_equal(c.key.as_deref()))?;
        let why =
            self.chosen("from an equal copy that an earlier job has made and that is still kept");
        Some((Path { reuse: Some(copy.arn.clone()), ..Path::default() }, vec![why]))
    }
}
