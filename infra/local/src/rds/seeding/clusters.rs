//! Clusters of a seed file, with their instances.

use super::{Draft, Order, Script, taken};
use crate::kms::RDS_ALIAS;
use crate::params::Params;
use crate::rds::asked::{Asked, zones};
use crate::rds::clusters::Base;
use crate::rds::durations;
use crate::rds::engines::{self, Description};
use crate::rds::groups::cluster_groups;
use crate::rds::instances::instance_class;
use crate::rds::model::{
    Cluster, Descent, Encryption, Estate, Instance, PendingInstance, Place, Status,
};
use crate::rds::names::{self, Kind};
use crate::rds::point_in_time::RESTORE_LAG_S;
use crate::rds::tags::read_tags;
use crate::seed::{ClusterSeed, DataSeed, EncryptionSeed, InstanceSeed, Scene, nearest};
use std::collections::BTreeMap;

const PASSWORD: &str = "correct-horse";
pub(super) const IDENTIFIER: &str =
    "must be 1 to 63 letters, digits and single hyphens, a letter first";

/// Parameters as a call would have them.
type Pairs = Vec<(String, String)>;

impl Draft {
    /// Adds a cluster; returns its ARN.
    pub(crate) fn add_cluster(
        &mut self,
        cx: &mut Scene,
        at: &str,
        seed: &ClusterSeed,
    ) -> Option<String> {
        let before = cx.faults.len();
        let place = cx.place(at, &seed.account, &seed.region);
        let path = format!("{at}.name");
        let name = names::identifier("DBClusterIdentifier", &seed.name);
        let name = cx.faults.ask(&path, name, IDENTIFIER);
        if let Some(name) = name.as_ref().filter(|n| self.estate(&place).cluster_name_taken(n)) {
            taken(cx, &path, name);
        }
        let scripts = scripts(cx, at, &seed.data);
        let cluster = build(cx, at, &place, seed, self.estate(&place));
        let (name, mut cluster) = (name?, cluster?);
        if cx.faults.len() > before {
            return None;
        }
        cluster.identifier.clone_from(&name);
        let database = first_database(&cluster);
        let script = |(named, sql): (Option<String>, String)| Script {
            database: named.unwrap_or_else(|| database.clone()),
            sql,
        };
        let scripts = scripts.into_iter().map(script).collect();
        let arn = names::arn(&place, Kind::Cluster, &name);
        self.estate(&place).clusters.insert(name.clone(), cluster);
        self.orders.push(Order::Cluster { place, identifier: name, scripts });
        Some(arn)
    }

    /// Adds the instances of a cluster; returns their ARNs.
    pub(crate) fn add_instances(
        &mut self,
        cx: &mut Scene,
        at: &str,
        seed: &ClusterSeed,
    ) -> Vec<String> {
        let place = Place { account: seed.account.clone(), region: seed.region.clone() };
        let found = self.estate(&place).clusters.get(&seed.name.to_ascii_lowercase()).cloned();
        let mut made = Vec::new();
        for (n, seed) in seed.instances.iter().enumerate() {
            let at = format!("{at}.instances[{n}]");
            let class = instance_class(&seed.class);
            let fix = "must be an instance class, like db.r6g.large or db.serverless";
            let class = cx.faults.ask(format!("{at}.class"), class, fix);
            let (Some(cluster), Some(class)) = (&found, class) else { continue };
            if class == "db.serverless" && cluster.serverless.is_none() {
                let fix = "the cluster needs the field serverless for it";
                cx.faults.add(format!("{at}.class"), "is \"db.serverless\"", fix);
            }
            made.extend(self.add_instance(cx, &at, &place, cluster, seed, n));
        }
        made
    }

    fn add_instance(
        &mut self,
        cx: &mut Scene,
        at: &str,
        place: &Place,
        cluster: &Cluster,
        seed: &InstanceSeed,
        n: usize,
    ) -> Option<String> {
        let path = format!("{at}.name");
        let given =
            seed.name.clone().unwrap_or_else(|| format!("{}-{}", cluster.identifier, n + 1));
        let name = names::identifier("DBInstanceIdentifier", &given);
        let name = cx.faults.ask(&path, name, IDENTIFIER)?;
        if self.estate(place).instance_name_taken(&name) {
            taken(cx, &path, &name);
            return None;
        }
        let mut zones = zones(&place.region);
        let instance = Instance {
            identifier: name.clone(),
            resource_id: names::resource_id("db", &mut cx.rng),
            cluster: cluster.identifier.clone(),
            engine: cluster.engine,
            status: Status::Creating,
            operation: None,
            created_ms: cx.now_ms,
            class: seed.class.clone(),
            zone: zones.swap_remove(n % zones.len()),
            promotion_tier: seed.promotion_tier.unwrap_or(1),
            publicly_accessible: false,
            pending: PendingInstance::default(),
            tags: BTreeMap::new(),
        };
        self.estate(place).add_instance(instance);
        let arn = names::arn(place, Kind::Instance, &name);
        self.orders.push(Order::Instance { place: place.clone(), identifier: name });
        Some(arn)
    }
}

/// The database that SQL is for that names none.
pub(super) fn first_database(cluster: &Cluster) -> String {
    let first = || engines::of(cluster.engine).first_database.to_owned();
    cluster.database_name.clone().unwrap_or_else(first)
}

/// A cluster as its seed says, without regard to its name. `None` when it cannot be made.
pub(super) fn build(
    cx: &mut Scene,
    at: &str,
    place: &Place,
    seed: &ClusterSeed,
    estate: &Estate,
) -> Option<Cluster> {
    let encryption = encryption(cx, at, place, seed.encryption.as_ref());
    let engine = engines::named(&seed.engine);
    let known = nearest(&seed.engine, ["aurora-postgresql", "aurora-mysql"]);
    let engine = cx.faults.ask(format!("{at}.engine"), engine, known);
    let Some(engine) = engine else {
        // What does not depend on the engine is checked all the same.
        settings(cx, at, place, seed, None);
        return None;
    };
    let base = base(cx, at, seed, engine, encryption);
    let version = base.as_ref().map(|base| base.engine_version.clone());
    let mut cluster = base?.cluster(place, cx.now_ms);
    settings(cx, at, place, seed, Some(&mut cluster));
    groups(cx, at, seed, estate, &mut cluster, &version?);
    cluster.deletion_protection = seed.deletion_protection;
    cluster.restore_lag_ms = durations::at_speed(RESTORE_LAG_S, cx.settings.speed);
    Some(cluster)
}

fn base(
    cx: &mut Scene,
    at: &str,
    seed: &ClusterSeed,
    engine: &Description,
    encryption: Encryption,
) -> Option<Base> {
    let version = engines::resolve(engine, seed.version.as_deref(), &cx.settings);
    let fix = "must be a version on offer: see DescribeDBEngineVersions";
    let version = cx.faults.ask(format!("{at}.version"), version, fix);
    let usual = if engine.name == "aurora-mysql" { "admin" } else { "postgres" };
    let user = seed.master_username.as_deref().unwrap_or(usual);
    let fix = format!(
        "must be at most {} letters, digits and _, and not a reserved name",
        engine.users.longest
    );
    let user = names::master_username(engine, user);
    let user = cx.faults.ask(format!("{at}.master_username"), user, fix);
    let password = seed.master_password.as_deref().unwrap_or(PASSWORD);
    let fix = format!(
        "must be 8 to {} characters of ASCII but for / @ \" and the space",
        engine.longest_password
    );
    let password = names::master_password(engine, password);
    let password = cx.faults.ask(format!("{at}.master_password"), password, fix);
    let database = seed.database.as_deref().map(|given| names::database(engine, given)).transpose();
    let fix = format!(
        "must be at most {} letters, digits and _, and not a reserved name",
        engine.databases.longest
    );
    let database = cx.faults.ask(format!("{at}.database"), database, fix);
    let resource_id = names::resource_id("cluster", &mut cx.rng);
    Some(Base {
        identifier: seed.name.to_ascii_lowercase(),
        lineage: vec![resource_id.clone()],
        resource_id,
        engine: engine.engine,
        engine_version: version?,
        database_name: database?,
        master_username: user?,
        master_password: password?,
        master_secret: None,
        port: engine.port,
        encryption,
        allocated_gib: seed.size_gib.unwrap_or(1),
        backup_retention_days: 1,
        backup_window: "07:00-07:30".into(),
        restored_from: None,
        descent: Descent::default(),
    })
}

/// Checks the settings that calls may change too, each by itself; puts them into the cluster.
fn settings(
    cx: &mut Scene,
    at: &str,
    place: &Place,
    seed: &ClusterSeed,
    mut cluster: Option<&mut Cluster>,
) {
    let one = |name: &str, value: Option<String>| -> Pairs {
        value.map(|value| (name.to_owned(), value)).into_iter().collect()
    };
    let groups = seed.security_groups.iter().enumerate();
    let groups = groups.map(|(n, group)| {
        (format!("VpcSecurityGroupIds.VpcSecurityGroupId.{}", n + 1), group.clone())
    });
    let fields = [
        ("port", one("Port", seed.port.map(|n| n.to_string())), "must be between 1150 and 65535"),
        (
            "storage_type",
            one("StorageType", seed.storage_type.clone()),
            "must be \"aurora\" or \"aurora-iopt1\"",
        ),
        (
            "backup_retention_days",
            one("BackupRetentionPeriod", seed.backup_retention_days.map(|n| n.to_string())),
            "must be between 1 and 35",
        ),
        ("security_groups", groups.collect(), "must be like sg-0a1b2c3d"),
        (
            "serverless",
            serverless(seed),
            "must be capacities up to 256 in steps of 0.5, and a pause of 300 to 86400 s",
        ),
    ];
    for (field, pairs, fix) in fields {
        let asked = Asked::read(&Params::from_iter(pairs), place);
        let asked = cx.faults.ask(format!("{at}.{field}"), asked, fix);
        if let (Some(asked), Some(cluster)) = (asked, cluster.as_deref_mut()) {
            asked.apply(cluster);
        }
    }
    let tags = tags(cx, at, &seed.tags);
    if let (Some(tags), Some(cluster)) = (tags, cluster) {
        cluster.tags = tags;
    }
}

fn serverless(seed: &ClusterSeed) -> Pairs {
    let Some(range) = &seed.serverless else { return Vec::new() };
    let name = |member: &str| format!("ServerlessV2ScalingConfiguration.{member}");
    let mut pairs = vec![
        (name("MinCapacity"), range.min_capacity.to_string()),
        (name("MaxCapacity"), range.max_capacity.to_string()),
    ];
    pairs.extend(range.pause_after_s.map(|s| (name("SecondsUntilAutoPause"), s.to_string())));
    pairs
}

/// Tags, checked.
pub(super) fn tags(
    cx: &mut Scene,
    at: &str,
    given: &BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    let pairs = given.iter().enumerate().flat_map(|(n, (key, value))| {
        let name = |member: &str| format!("Tags.Tag.{}.{member}", n + 1);
        [(name("Key"), key.clone()), (name("Value"), value.clone())]
    });
    let fix = "must be up to 50 tags of letters, digits, spaces and _.:/=+@-";
    cx.faults.ask(format!("{at}.tags"), read_tags(&pairs.collect()), fix)
}

fn groups(
    cx: &mut Scene,
    at: &str,
    seed: &ClusterSeed,
    estate: &Estate,
    cluster: &mut Cluster,
    version: &str,
) {
    let one = |name: &str, value: &Option<String>| -> Params {
        value.iter().map(|value| (name.to_owned(), value.clone())).collect()
    };
    let named = one("DBClusterParameterGroupName", &seed.parameter_group);
    let found = cluster_groups(estate, &named, version);
    let fix = "must be one of parameter_groups in its place, of the engine's family";
    if let Some((group, _)) = cx.faults.ask(format!("{at}.parameter_group"), found, fix) {
        cluster.parameter_group = group;
    }
    let named = one("DBSubnetGroupName", &seed.subnet_group);
    let found = cluster_groups(estate, &named, version);
    let fix = "must be one of subnet_groups in its place";
    if let Some((_, group)) = cx.faults.ask(format!("{at}.subnet_group"), found, fix) {
        cluster.subnet_group = group;
    }
}

fn encryption(
    cx: &mut Scene,
    at: &str,
    place: &Place,
    given: Option<&EncryptionSeed>,
) -> Encryption {
    let key = match given {
        None | Some(EncryptionSeed::SseRds) => return Encryption::SseRds,
        Some(EncryptionSeed::None) => return Encryption::None,
        Some(EncryptionSeed::AwsManaged) => RDS_ALIAS,
        Some(EncryptionSeed::Key(key)) => key,
    };
    match cx.kms.usable(key, &place.account, &place.region) {
        Ok(key) => Encryption::SseKms(key.arn),
        Err(why) => {
            let fix = "must be a key of the same Region that the account may use";
            let problem = format!("{key:?} cannot be used: {why:?}");
            cx.faults.add(format!("{at}.encryption.key"), problem, fix);
            Encryption::SseRds
        }
    }
}

/// Database, when named, and statements of each piece of data.
fn scripts(cx: &mut Scene, at: &str, data: &[DataSeed]) -> Vec<(Option<String>, String)> {
    let mut scripts = Vec::new();
    for (n, data) in data.iter().enumerate() {
        let at = format!("{at}.data[{n}]");
        match (&data.sql, &data.file) {
            (Some(sql), None) => scripts.push((data.database.clone(), sql.clone())),
            (None, Some(_)) => {
                let fix = "post its text as sql, or let the verb seed read it";
                cx.faults.add(format!("{at}.file"), "is a file that was not read", fix);
            }
            (Some(_), Some(_)) => {
                let fix = "must have either sql or file";
                cx.faults.add(at, "has both sql and file", fix);
            }
            (None, None) => {
                cx.faults.add(at, "has neither sql nor file", "must have either");
            }
        }
    }
    scripts
}
