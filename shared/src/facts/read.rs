//! Reading the facts of a request: the source, the cluster it came from, the target's name.

use super::{Encryption, Site, SourceFacts, SourceKind, Standing, cluster, snapshots};
use crate::clock::EpochMs;
use crate::environment::Environment;
use crate::failure::{Failure, FailureCode, wire_code};
use crate::request::{IfExists, PointInTime, Request, SnapshotSource, Source};
use aws_sdk_kms::types::KeyManagerType;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbInstance};
use jiff::Timestamp;

/// Where facts are read: clients of the source's place and of the target's.
#[derive(Debug, Clone)]
struct Reach {
    /// RDS where the source is.
    source: Client,
    /// KMS where the source is.
    keys: aws_sdk_kms::Client,
    /// RDS where the target shall be.
    target: Client,
    /// The present moment.
    now_ms: EpochMs,
}

impl Reach {
    async fn of(env: &Environment, request: &Request) -> Result<Self, Failure> {
        let (source, target) = (&request.source, &request.target);
        let source = env.place(source.account(), source.region()).await?;
        let target = env.place(&target.account, &target.region).await?;
        let (now_ms, keys) = (env.clock.now_ms(), source.kms());
        Ok(Self { source: source.rds(), keys, target: target.rds(), now_ms })
    }
}

/// Reads the facts of a request where its source and its target are, and what the settings say of
/// these places.
///
/// # Errors
/// `source_not_found` when nothing fits; `source_unusable` when it cannot be restored from;
/// `resource_busy` while the snapshot named is still being made; `role_denied` where the settings or
/// STS do not allow it; whatever AWS answers, classified.
pub async fn read(env: &Environment, request: &Request) -> Result<SourceFacts, Failure> {
    let reach = &Reach::of(env, request).await?;
    let facts = match &request.source {
        Source::Snapshot(source) => of_snapshot(reach, request, source).await?,
        Source::PointInTime(source) => of_moment(reach, source).await?,
        Source::Clone(source) => of_clone(reach, source.cluster.as_str()).await?,
    };
    let encryption = match &facts.encryption {
        Encryption::Key(key) if request.changes_account() => manager(&reach.keys, key).await?,
        other => other.clone(),
    };
    let taken_by = match request.target.if_exists {
        IfExists::Swap => standing(&reach.target, request.target.cluster.as_str()).await?,
        IfExists::Refuse => None,
    };
    let site = Site::of(&env.common, request);
    Ok(SourceFacts { encryption, taken_by, site, ..facts })
}

async fn of_snapshot(
    reach: &Reach,
    request: &Request,
    source: &SnapshotSource,
) -> Result<SourceFacts, Failure> {
    let snapshot = snapshots::pick(&reach.source, source).await?;
    let cluster_id = snapshot.db_cluster_identifier().unwrap_or_default().to_owned();
    let (cluster, members) = tokio::try_join!(
        cluster::find(&reach.source, &cluster_id),
        cluster::members(&reach.source, &cluster_id)
    )?;
    // A new cluster may have taken the old one's name: only the cluster itself is followed.
    let same = |c: &DbCluster| c.db_cluster_resource_id() == snapshot.db_cluster_resource_id();
    let cluster = cluster.filter(same);
    let copies = match request.changes_place() {
        true => snapshots::copies(&reach.target, &snapshot, reach.now_ms).await?,
        false => Vec::new(),
    };
    let facts = snapshots::facts(&snapshot, source.account.as_str());
    Ok(following(SourceFacts { copies, ..facts }, cluster.as_ref(), &members))
}

/// Facts with what is known of the source cluster.
fn following(
    facts: SourceFacts,
    cluster: Option<&DbCluster>,
    members: &[DbInstance],
) -> SourceFacts {
    let is_public = |i: &DbInstance| i.publicly_accessible() == Some(true);
    SourceFacts {
        database: cluster.and_then(|c| c.database_name()).map(str::to_owned),
        publicly_accessible: cluster.is_some() && members.iter().any(is_public),
        instances: cluster.map(|c| cluster::instance_specs(c, members)).unwrap_or_default(),
        cluster: cluster.map(cluster::facts),
        ..facts
    }
}

async fn of_clone(reach: &Reach, id: &str) -> Result<SourceFacts, Failure> {
    let (facts, _) = of_cluster(reach, id, SourceKind::Clone).await?;
    let created_at = crate::clock::timestamp(reach.now_ms).to_string();
    Ok(SourceFacts { created_at, ..facts })
}

async fn of_moment(reach: &Reach, source: &PointInTime) -> Result<SourceFacts, Failure> {
    let id = source.cluster.as_str();
    let (facts, cluster) = of_cluster(reach, id, SourceKind::PointInTime).await?;
    let (earliest, latest) = restorable(&cluster)?;
    let wanted = source.to.parse::<Timestamp>().map_or(latest, Timestamp::as_second);
    let moment = |s: i64| crate::clock::timestamp(s * 1000).to_string();
    if wanted < earliest || wanted > latest {
        let text = format!(
            "cluster {id} can be restored to moments from {} to {}, not to {}",
            moment(earliest),
            moment(latest),
            moment(wanted)
        );
        return Err(Failure::permanent(FailureCode::SourceUnusable, text));
    }
    Ok(SourceFacts { created_at: moment(wanted), ..facts })
}

/// The first and the last moment that a cluster can be restored to, seconds since 1970.
fn restorable(cluster: &DbCluster) -> Result<(i64, i64), Failure> {
    let secs = |t: Option<&aws_smithy_types::DateTime>| t.map(aws_smithy_types::DateTime::secs);
    let earliest = secs(cluster.earliest_restorable_time()).unwrap_or(i64::MIN / 1000);
    let latest = secs(cluster.latest_restorable_time()).ok_or_else(|| {
        let id = cluster.db_cluster_identifier().unwrap_or_default();
        let text = format!("cluster {id} tells no latest restorable time: its backups are off");
        Failure::permanent(FailureCode::SourceUnusable, text)
    })?;
    Ok((earliest, latest))
}

/// The first and the last moment that a cluster can be restored to.
///
/// # Errors
/// `source_not_found` when there is none; `source_unusable` when its backups are off; `role_denied`
/// where the settings or STS do not allow it; whatever AWS answers, classified.
pub async fn moments(
    env: &Environment,
    source: &PointInTime,
) -> Result<(Timestamp, Timestamp), Failure> {
    let place = env.place(&source.account, &source.region).await?;
    let id = source.cluster.as_str();
    let cluster = cluster::find(&place.rds(), id).await?.ok_or_else(|| no_cluster(id))?;
    let (earliest, latest) = restorable(&cluster)?;
    let moment = |secs: i64| crate::clock::timestamp(secs * 1000);
    Ok((moment(earliest), moment(latest)))
}

fn no_cluster(id: &str) -> Failure {
    let text = format!("there is no cluster {id} in the source's account and Region");
    Failure::permanent(FailureCode::SourceNotFound, text)
}

/// The facts of a cluster that is restored from itself, not from a snapshot.
async fn of_cluster(
    reach: &Reach,
    id: &str,
    kind: SourceKind,
) -> Result<(SourceFacts, DbCluster), Failure> {
    let (cluster, members) =
        tokio::try_join!(cluster::find(&reach.source, id), cluster::members(&reach.source, id))?;
    let cluster = cluster.ok_or_else(|| no_cluster(id))?;
    let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
    let facts = SourceFacts {
        kind,
        snapshot_arn: text(cluster.db_cluster_arn()),
        snapshot_id: id.to_owned(),
        engine: text(cluster.engine()),
        engine_version: text(cluster.engine_version()),
        allocated_gib: u32::try_from(cluster.allocated_storage().unwrap_or(0)).unwrap_or(0),
        storage_type: cluster.storage_type().map(str::to_owned),
        port: cluster.port().and_then(|p| u16::try_from(p).ok()).filter(|p| *p > 0),
        master_user: text(cluster.master_username()),
        encryption: cluster::encryption(
            cluster.storage_encryption_type(),
            cluster.storage_encrypted(),
            cluster.kms_key_id(),
        ),
        ..SourceFacts::default()
    };
    Ok((following(facts, Some(&cluster), &members), cluster))
}

/// Whose key it is. One that cannot be found any more is taken for a customer's: AWS says so in the
/// call that needs it.
async fn manager(keys: &aws_sdk_kms::Client, key: &str) -> Result<Encryption, Failure> {
    match keys.describe_key().key_id(key).send().await {
        Ok(answer) => {
            let manager = answer.key_metadata().and_then(|k| k.key_manager());
            let managed = manager == Some(&KeyManagerType::Aws);
            let key = key.to_owned();
            Ok(if managed { Encryption::AwsManagedKey(key) } else { Encryption::Key(key) })
        }
        Err(e) if wire_code(&e) == Some("NotFoundException") => Ok(Encryption::Key(key.to_owned())),
        Err(e) => Err(Failure::from_sdk("asking KMS whose key the source's is", &e)),
    }
}

async fn standing(target: &Client, id: &str) -> Result<Option<Standing>, Failure> {
    let cluster = cluster::find(target, id).await?;
    Ok(cluster.map(|c| Standing {
        resource_id: c.db_cluster_resource_id().unwrap_or_default().to_owned(),
        engine: c.engine().unwrap_or_default().to_owned(),
    }))
}
