//! A stage for facts about clusters of both engines.

use crate::bed::Bed;
use crate::fact::{Outcome, Skip};
use aws_sdk_rds::Client;
use aws_sdk_rds::config::http::HttpResponse;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders as from_snapshot;
use aws_sdk_rds::operation::restore_db_cluster_to_point_in_time::builders as to_point_in_time;
use aws_sdk_rds::types::{DbCluster, DbInstance};
use std::fmt::Debug;

pub(crate) const POSTGRESQL: &str = "aurora-postgresql";
pub(crate) const MYSQL: &str = "aurora-mysql";
/// Long enough for every operation.
pub(crate) const HOUR: u64 = 3_600;

/// Wire code and HTTP status of a refusal.
pub(crate) fn refusal<T: Debug, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> (String, u16)
where
    E: ProvideErrorMetadata + Debug,
{
    let refusal = answer.unwrap_err();
    let status = refusal.raw_response().unwrap().status().as_u16();
    (refusal.code().unwrap().to_owned(), status)
}

/// Asserts that a call is refused with a wire code and an HTTP status.
macro_rules! refused {
    ($call:expr, $code:literal, $status:literal) => {
        assert_eq!(
            $crate::rds::engines_kit::refusal($call.send().await),
            ($code.to_owned(), $status)
        )
    };
}
pub(crate) use refused;

/// A client on a bed, with the requests that facts make again and again.
pub(crate) struct Stage {
    pub(crate) bed: Bed,
    pub(crate) client: Client,
}

impl Stage {
    pub(crate) fn new(bed: Bed) -> Self {
        Self { client: bed.rds(), bed }
    }

    pub(crate) async fn hour(&self) -> Result<(), Skip> {
        self.bed.seconds(HOUR).await
    }

    /// A request for a new cluster.
    pub(crate) fn create(&self, engine: &str, id: &str) -> CreateDBClusterFluentBuilder {
        let create = self.client.create_db_cluster().db_cluster_identifier(self.bed.name(id));
        create.engine(engine).master_username("owner").master_user_password("correct-horse")
    }

    /// The same, with the password kept by RDS.
    pub(crate) fn create_managed(&self, id: &str) -> CreateDBClusterFluentBuilder {
        let create = self.create(POSTGRESQL, id).set_master_user_password(None);
        create.manage_master_user_password(true)
    }

    /// A request for a new instance.
    pub(crate) fn add(&self, engine: &str, id: &str, to: &str) -> CreateDBInstanceFluentBuilder {
        let create = self.client.create_db_instance().db_instance_identifier(self.bed.name(id));
        let create = create.db_cluster_identifier(self.bed.name(to));
        create.db_instance_class("db.r6g.large").engine(engine)
    }

    /// An available cluster without instances.
    pub(crate) async fn available(&self, engine: &str, id: &str) -> Outcome {
        self.create(engine, id).send().await.unwrap();
        self.hour().await
    }

    /// An available cluster with an available instance `<id>-1`.
    pub(crate) async fn serving(&self, engine: &str, id: &str) -> Outcome {
        self.available(engine, id).await?;
        self.join(engine, &format!("{id}-1"), id).await
    }

    /// One more available instance.
    pub(crate) async fn join(&self, engine: &str, id: &str, to: &str) -> Outcome {
        self.add(engine, id, to).send().await.unwrap();
        self.hour().await
    }

    /// An available snapshot.
    pub(crate) async fn snapshot(&self, id: &str, of: &str) -> Outcome {
        let take = self.client.create_db_cluster_snapshot();
        let take = take.db_cluster_snapshot_identifier(self.bed.name(id));
        take.db_cluster_identifier(self.bed.name(of)).send().await.unwrap();
        self.hour().await
    }

    /// A request to restore a snapshot.
    pub(crate) fn restore(
        &self,
        engine: &str,
        id: &str,
        snapshot: &str,
    ) -> from_snapshot::RestoreDBClusterFromSnapshotFluentBuilder {
        let restore = self.client.restore_db_cluster_from_snapshot();
        let restore = restore.db_cluster_identifier(self.bed.name(id)).engine(engine);
        restore.snapshot_identifier(self.bed.name(snapshot))
    }

    /// A request to restore a cluster to a point in time.
    pub(crate) fn restore_to_time(
        &self,
        id: &str,
        source: &str,
    ) -> to_point_in_time::RestoreDBClusterToPointInTimeFluentBuilder {
        let restore = self.client.restore_db_cluster_to_point_in_time();
        let restore = restore.db_cluster_identifier(self.bed.name(id));
        restore.source_db_cluster_identifier(self.bed.name(source))
    }

    /// A request to clone a cluster.
    pub(crate) fn clone_of(
        &self,
        id: &str,
        source: &str,
    ) -> to_point_in_time::RestoreDBClusterToPointInTimeFluentBuilder {
        let clone = self.restore_to_time(id, source).restore_type("copy-on-write");
        clone.use_latest_restorable_time(true)
    }

    /// A request to change a cluster at once.
    pub(crate) fn modify(&self, id: &str) -> ModifyDBClusterFluentBuilder {
        let modify = self.client.modify_db_cluster().db_cluster_identifier(self.bed.name(id));
        modify.apply_immediately(true)
    }

    pub(crate) async fn rename(&self, from: &str, to: &str) {
        let rename = self.modify(from).new_db_cluster_identifier(self.bed.name(to));
        rename.send().await.unwrap();
    }

    pub(crate) async fn delete(&self, id: &str) {
        let delete = self.client.delete_db_cluster().db_cluster_identifier(self.bed.name(id));
        delete.skip_final_snapshot(true).send().await.unwrap();
    }

    pub(crate) async fn delete_instance(&self, id: &str) {
        let delete = self.client.delete_db_instance();
        delete.db_instance_identifier(self.bed.name(id)).send().await.unwrap();
    }

    pub(crate) async fn cluster(&self, id: &str) -> DbCluster {
        let describe = self.client.describe_db_clusters();
        let found = describe.db_cluster_identifier(self.bed.name(id)).send().await.unwrap();
        found.db_clusters()[0].clone()
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        self.cluster(id).await.status.unwrap()
    }

    pub(crate) async fn instance(&self, id: &str) -> DbInstance {
        let describe = self.client.describe_db_instances();
        let found = describe.db_instance_identifier(self.bed.name(id)).send().await.unwrap();
        found.db_instances()[0].clone()
    }

    pub(crate) async fn instance_status(&self, id: &str) -> String {
        self.instance(id).await.db_instance_status.unwrap()
    }
}
