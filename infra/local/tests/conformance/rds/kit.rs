//! What facts about clusters have in common.

use crate::bed::{ACCOUNT, Bed, REGION};
use crate::doors::START_MS;
use crate::fact::Skip;
use aurora_restore_local::rds::SnapshotSeed;
use aurora_restore_local::rds::model::{Place, Tags};
use aws_sdk_rds::Client;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder;
use aws_sdk_rds::operation::create_db_cluster_snapshot::builders as taking;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders as restoring;
use aws_sdk_rds::types::{DbCluster, DbClusterSnapshot, DbInstance, Filter, Tag};
use aws_smithy_runtime_api::http::Response;

/// Aurora PostgreSQL.
pub(crate) const PG: &str = "aurora-postgresql";
/// Seconds in which everything is done that begins now.
pub(crate) const HOUR: u64 = 3_600;

/// Wire code and HTTP status of a refusal.
pub(crate) fn refusal<T, E>(answer: Result<T, SdkError<E, Response>>) -> (String, u16)
where
    T: std::fmt::Debug,
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let refusal = answer.unwrap_err();
    let status = refusal.raw_response().unwrap().status().as_u16();
    (refusal.code().unwrap().to_owned(), status)
}

/// Holds that a call is refused with this wire code and HTTP status.
macro_rules! refused {
    ($call:expr, $code:literal, $status:literal) => {
        assert_eq!($crate::rds::kit::refusal($call.send().await), ($code.to_owned(), $status))
    };
}
pub(crate) use refused;

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

pub(crate) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// RDS as the bed's own account sees it. Identifiers are given as `bed.name` takes them.
#[derive(Debug, Clone)]
pub(crate) struct Aurora {
    pub(crate) client: Client,
    bed: Bed,
}

impl Aurora {
    /// Skips where the hours that this takes are not granted.
    pub(crate) fn on(bed: &Bed) -> Result<Self, Skip> {
        bed.has_hours()?;
        Ok(Self { client: bed.rds(), bed: bed.clone() })
    }

    /// The same with another client.
    pub(crate) fn as_client(&self, client: Client) -> Self {
        Self { client, bed: self.bed.clone() }
    }

    /// A snapshot that is simply there, of a cluster `orders` with 100 GiB.
    pub(crate) fn seed(&self, identifier: &str, engine_version: &str) -> Result<(), Skip> {
        let seed = SnapshotSeed {
            identifier: identifier.into(),
            cluster: "orders".into(),
            snapshot_type: "manual".into(),
            engine_version: engine_version.into(),
            allocated_gib: 100,
            master_username: "postgres".into(),
            master_password: "correct-horse".into(),
            created_ms: START_MS,
            tags: Tags::from([("team".to_owned(), "a".to_owned())]),
            ..SnapshotSeed::default()
        };
        let place = Place { account: ACCOUNT.into(), region: REGION.into() };
        let mut rng = fastrand::Rng::with_seed(9);
        self.bed.cloud()?.world().rds.seed_snapshot(&place, seed, &mut rng);
        Ok(())
    }

    /// The identifier that is meant; an ARN means itself.
    fn named(&self, id: &str) -> String {
        if id.starts_with("arn:") { id.to_owned() } else { self.bed.name(id) }
    }

    pub(crate) fn create(&self, id: &str) -> CreateDBClusterFluentBuilder {
        let create = self.client.create_db_cluster().db_cluster_identifier(self.bed.name(id));
        create.engine(PG).master_username("postgres").master_user_password("correct-horse")
    }

    pub(crate) fn restore(
        &self,
        id: &str,
        snapshot: &str,
    ) -> restoring::RestoreDBClusterFromSnapshotFluentBuilder {
        let restore = self.client.restore_db_cluster_from_snapshot().engine(PG);
        restore.db_cluster_identifier(self.bed.name(id)).snapshot_identifier(self.named(snapshot))
    }

    pub(crate) fn instance(&self, id: &str, cluster: &str) -> CreateDBInstanceFluentBuilder {
        let create = self.client.create_db_instance().db_instance_class("db.r6g.large").engine(PG);
        let create = create.db_instance_identifier(self.bed.name(id));
        create.db_cluster_identifier(self.bed.name(cluster))
    }

    pub(crate) fn modify(&self, id: &str) -> ModifyDBClusterFluentBuilder {
        self.client.modify_db_cluster().db_cluster_identifier(self.bed.name(id))
    }

    pub(crate) fn take(
        &self,
        cluster: &str,
        snapshot: &str,
    ) -> taking::CreateDBClusterSnapshotFluentBuilder {
        let take = self.client.create_db_cluster_snapshot();
        let take = take.db_cluster_identifier(self.bed.name(cluster));
        take.db_cluster_snapshot_identifier(self.bed.name(snapshot))
    }

    /// The ARN of something of the bed's account and Region: `cluster`, `orders`.
    pub(crate) async fn arn(&self, kind: &str, id: &str) -> Result<String, Skip> {
        let (region, account) = (self.bed.region(), self.bed.account().await?);
        Ok(format!("arn:aws:rds:{region}:{account}:{kind}:{}", self.bed.name(id)))
    }

    /// Makes a cluster and waits until it is available.
    pub(crate) async fn available(&self, id: &str) -> Result<(), Skip> {
        self.create(id).send().await.unwrap();
        self.bed.seconds(HOUR).await
    }

    /// A cluster with one instance (its name with `-1`), both available.
    pub(crate) async fn serving(&self, id: &str) -> Result<(), Skip> {
        self.available(id).await?;
        self.instance(&format!("{id}-1"), id).send().await.unwrap();
        self.bed.seconds(HOUR).await
    }

    pub(crate) async fn cluster(&self, id: &str) -> DbCluster {
        let describe = self.client.describe_db_clusters();
        let found = describe.db_cluster_identifier(self.named(id)).send().await.unwrap();
        found.db_clusters()[0].clone()
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        self.cluster(id).await.status().unwrap().to_owned()
    }

    pub(crate) async fn the_instance(&self, id: &str) -> DbInstance {
        let describe = self.client.describe_db_instances();
        let found = describe.db_instance_identifier(self.bed.name(id)).send().await.unwrap();
        found.db_instances()[0].clone()
    }

    pub(crate) async fn snapshot(&self, id: &str) -> DbClusterSnapshot {
        let describe = self.client.describe_db_cluster_snapshots();
        let describe = describe.db_cluster_snapshot_identifier(self.named(id));
        describe.send().await.unwrap().db_cluster_snapshots()[0].clone()
    }
}

/// A customer key of the calling account; its ARN.
pub(crate) async fn customer_key(bed: &Bed) -> String {
    let made = bed.kms().create_key().send().await.unwrap();
    made.key_metadata.unwrap().arn.unwrap()
}
