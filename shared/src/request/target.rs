//! What to restore to. Whatever is left out follows the source, not the Region's default.

use super::schedule::Span;
use crate::fault::Reader;
use crate::ids::{AccountId, ClusterId, RegionName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What to do when the target's name is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfExists {
    /// Refuse: nothing is touched.
    #[default]
    Refuse,
    /// Restore beside it, verify, then swap names.
    Swap,
}

/// The cluster to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: RegionName,
    /// Its identifier.
    pub cluster: ClusterId,
    /// What to do when the name is taken.
    #[serde(default)]
    pub if_exists: IfExists,
    /// Engine version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<String>,
    /// Cluster parameter group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_group: Option<String>,
    /// Subnet group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_group: Option<String>,
    /// VPC security groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_groups: Option<Vec<String>>,
    /// KMS key, by ARN or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// `aurora` or `aurora-iopt1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<String>,
    /// TCP port, 1150–65535.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Serverless v2 capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serverless: Option<Serverless>,
    /// Instances, the writer first. Left out: as the source cluster has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<Vec<InstanceSpec>>,
    /// IAM database authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_auth: Option<bool>,
    /// Log types sent to CloudWatch Logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_exports: Option<Vec<String>>,
    /// Backtrack window in hours (Aurora MySQL), 0–72.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtrack_hours: Option<u16>,
    /// Backup retention in days, 1–35.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_retention_days: Option<u16>,
    /// Deletion protection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// Tags of the cluster and its instances.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Serverless v2 capacity, in ACUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Serverless {
    /// Least capacity, 0–256, in steps of 0.5.
    pub min_capacity: f64,
    /// Most capacity, 1–256, in steps of 0.5.
    pub max_capacity: f64,
    /// Pause after this time without connections (least capacity 0 only), 5 min to 24 h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_after: Option<Span>,
}

/// One or several equal instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSpec {
    /// Instance class, such as `db.r6g.large` or `db.serverless`.
    pub class: String,
    /// How many, 1–16.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u16,
    /// Availability Zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Promotion tier, 0–15.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_tier: Option<u16>,
    /// Other classes to try, in this order, when there is no capacity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
}

fn one() -> u16 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_one(n: &u16) -> bool {
    *n == 1
}

const FIELDS: [&str; 18] = [
    "account",
    "region",
    "cluster",
    "if_exists",
    "engine_version",
    "parameter_group",
    "subnet_group",
    "security_groups",
    "kms_key",
    "storage_type",
    "port",
    "serverless",
    "instances",
    "iam_auth",
    "log_exports",
    "backtrack_hours",
    "backup_retention_days",
    "deletion_protection",
];

pub(super) fn read(r: &Reader<'_>) -> Option<Target> {
    r.object(&[&FIELDS[..], &["tags"]].concat())?;
    let account = r.field("account").parsed();
    let region = r.field("region").parsed();
    let cluster = r.field("cluster").parsed();
    let if_exists = r
        .field("if_exists")
        .optional(|r| r.one_of(&[("refuse", IfExists::Refuse), ("swap", IfExists::Swap)]));
    let text = |name: &str| r.field(name).optional(|r| r.short_text(512));
    let small = |name: &str, low, high| {
        let n = r.field(name).optional(|r| r.whole(low, high));
        n.and_then(|n| u16::try_from(n).ok())
    };
    let flag = |name: &str| r.field(name).optional(Reader::flag);
    let texts = |name: &str| r.field(name).optional(|r| Some(r.list(|t| t.short_text(255))));
    let storage = [("aurora", "aurora"), ("aurora-iopt1", "aurora-iopt1")];
    let storage_type = r.field("storage_type").optional(|r| r.one_of(&storage));
    let target = Target {
        if_exists: if_exists.unwrap_or_default(),
        engine_version: text("engine_version"),
        parameter_group: text("parameter_group"),
        subnet_group: text("subnet_group"),
        security_groups: texts("security_groups"),
        kms_key: text("kms_key"),
        storage_type: storage_type.map(str::to_owned),
        port: small("port", 1150, 65535),
        serverless: r.field("serverless").optional(serverless),
        instances: r.field("instances").optional(instances),
        iam_auth: flag("iam_auth"),
        log_exports: texts("log_exports"),
        backtrack_hours: small("backtrack_hours", 0, 72),
        backup_retention_days: small("backup_retention_days", 1, 35),
        deletion_protection: flag("deletion_protection"),
        tags: tags(&r.field("tags")),
        account: account?,
        region: region?,
        cluster: cluster?,
    };
    Some(target)
}

fn tags(r: &Reader<'_>) -> BTreeMap<String, String> {
    let tags = r.texts();
    for name in tags.keys().filter(|t| t.starts_with("aws:") || t.starts_with("aurora-restore:")) {
        let fix = "use another prefix: aws: and aurora-restore: are reserved";
        r.field(name).fault("is a reserved tag name", fix);
    }
    tags
}

fn capacity(r: &Reader<'_>, low: f64) -> Option<f64> {
    let n = r.number(low, 256.0)?;
    if (n * 2.0).fract() != 0.0 {
        r.fault(format!("is {n}"), "must be a multiple of 0.5 (ACUs)");
        return None;
    }
    Some(n)
}

fn serverless(r: &Reader<'_>) -> Option<Serverless> {
    r.object(&["min_capacity", "max_capacity", "pause_after"])?;
    let least = capacity(&r.field("min_capacity"), 0.0);
    let most = capacity(&r.field("max_capacity"), 1.0);
    let pause_after = r.field("pause_after").optional(Reader::parsed::<Span>);
    let (min_capacity, max_capacity) = (least?, most?);
    if min_capacity > max_capacity {
        let problem = format!("has min_capacity {min_capacity} above max_capacity {max_capacity}");
        r.fault(problem, "min_capacity must not be above max_capacity");
    }
    if pause_after.is_some() && min_capacity > 0.0 {
        r.field("pause_after").fault("needs a capacity that may reach 0", "set min_capacity to 0");
    }
    Some(Serverless { min_capacity, max_capacity, pause_after })
}

fn instances(r: &Reader<'_>) -> Option<Vec<InstanceSpec>> {
    let specs = r.list(instance);
    let given = r.raw().and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let total: usize = specs.iter().map(|s| usize::from(s.count)).sum();
    if given == 0 {
        let fix = "give at least one instance, or leave the field out to follow the source cluster";
        r.fault("is empty: a cluster without instances takes no connections", fix);
    } else if total > 16 {
        r.fault(format!("asks for {total} instances"), "an Aurora cluster has at most 16");
    }
    Some(specs)
}

fn class(r: &Reader<'_>) -> Option<String> {
    let class = r.short_text(64)?;
    let good = class == "db.serverless"
        || class.strip_prefix("db.").is_some_and(|rest| rest.split('.').count() == 2);
    if !good {
        r.fault(
            format!("is {class:?}"),
            "must be a class such as \"db.r6g.large\" or \"db.serverless\"",
        );
        return None;
    }
    Some(class)
}

fn instance(r: &Reader<'_>) -> Option<InstanceSpec> {
    r.object(&["class", "count", "zone", "promotion_tier", "fallback"])?;
    let class_name = class(&r.field("class"));
    let count = r.field("count").optional(|r| r.whole(1, 16)).unwrap_or(1);
    let tier = r.field("promotion_tier").optional(|r| r.whole(0, 15));
    Some(InstanceSpec {
        count: u16::try_from(count).unwrap_or(1),
        zone: r.field("zone").optional(|r| r.short_text(32)),
        promotion_tier: tier.and_then(|n| u16::try_from(n).ok()),
        fallback: r.field("fallback").list(class),
        class: class_name?,
    })
}
