//! Instances of clusters.

use super::asked::{check_zone, in_range, zones};
use super::clusters::{find, wrong_state};
use super::durations::Task;
use super::engines::{self, Description};
use super::errors::{
    db_instance_already_exists, db_instance_not_found, invalid_db_cluster_state,
    invalid_db_instance_state, invalid_parameter_combination, invalid_parameter_value,
};
use super::model::{Change, Cluster, Estate, Instance, Operation, PendingInstance, Place, Status};
use super::names;
use super::tags::read_tags;
use super::{Rds, refuse_unsupported, render, required};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;

/// Settings that the cluster has, and its instances cannot set.
const SET_ON_THE_CLUSTER: [&str; 7] = [
    "MasterUsername",
    "MasterUserPassword",
    "DBName",
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "StorageEncrypted",
    "DeletionProtection",
];

impl Rds {
    pub(super) fn create_instance(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        refuse_unsupported(
            cx,
            params,
            &["ManageMasterUserPassword", "MultiAZ", "TagSpecifications.item.1.ResourceType"],
        )?;
        let place = Place::of(cx);
        let given = required(params, "DBInstanceIdentifier")?;
        cx.record.resource = given.to_ascii_lowercase();
        let identifier = names::identifier("DBInstanceIdentifier", given)?;
        let class = instance_class(required(params, "DBInstanceClass")?)?;
        let engine = engines::named(required(params, "Engine")?)?;
        let cluster = self.parent(&place, params, engine, &class)?;
        let zone = zone(cx, params, &place)?;
        let promotion_tier = in_range(params, "PromotionTier", 0, 15)?.unwrap_or(1);
        let tags = read_tags(params)?;
        let quotas = self.quotas_of(&place);
        let estate = self.estate(&place);
        if estate.instance_name_taken(&identifier) {
            return Err(db_instance_already_exists(&identifier));
        }
        quotas.admit_instance(estate)?;
        let surprise = self.surprise(&identifier)?;
        let lasts_ms = Task::CreateInstance.ms(0, cx.settings.speed, cx.rng);
        let op = Operation::new(Change::Create, cx.now_ms, lasts_ms, surprise.as_ref());
        self.schedule_instance(&place, &identifier, &op);
        let instance = Instance {
            identifier: identifier.clone(),
            resource_id: names::resource_id("db", cx.rng),
            cluster,
            engine: engine.engine,
            status: Status::Creating,
            operation: Some(op),
            created_ms: cx.now_ms,
            class,
            zone,
            promotion_tier,
            publicly_accessible: params.flag("PubliclyAccessible") == Some(true),
            pending: PendingInstance::default(),
            tags,
        };
        self.estate(&place).add_instance(instance);
        self.answer_instance(cx, &place, &identifier)
    }

    /// The cluster a new instance joins, if it may.
    fn parent(
        &mut self,
        place: &Place,
        params: &Params,
        engine: &Description,
        class: &str,
    ) -> Result<String, AwsError> {
        let Some(given) = params.get("DBClusterIdentifier") else {
            let text = "An instance of Aurora needs a DBClusterIdentifier.";
            return Err(invalid_parameter_combination(text));
        };
        if let Some(name) = SET_ON_THE_CLUSTER.iter().find(|name| params.get(name).is_some()) {
            return Err(invalid_parameter_combination(format!(
                "The requested DB Instance will be a member of a DB Cluster. Set {name} for the \
                 DB Cluster."
            )));
        }
        let identifier = given.to_ascii_lowercase();
        let cluster = find(self.estate(place).clusters.get(&identifier), given)?;
        if cluster.status != Status::Available {
            return Err(wrong_state(cluster));
        }
        if cluster.engine != engine.engine {
            return Err(invalid_parameter_combination(format!(
                "The engine name requested for your DB instance ({}) doesn't match the engine \
                 name of your DB cluster ({}).",
                engine.name,
                engines::of(cluster.engine).name
            )));
        }
        if let Some(other) = params.get("EngineVersion").filter(|v| *v != cluster.engine_version) {
            return Err(invalid_parameter_combination(format!(
                "The engine version that you requested for your DB instance ({other}) does not \
                 match the engine version of your DB cluster ({}).",
                cluster.engine_version
            )));
        }
        if class == "db.serverless" && cluster.serverless.is_none() {
            let text = "Set the Serverless v2 scaling configuration on the parent DB cluster \
                before creating a Serverless v2 DB instance.";
            return Err(invalid_db_cluster_state(text));
        }
        Ok(identifier)
    }

    pub(super) fn delete_instance(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let identifier = self.named_instance(cx, params, &place)?;
        self.check_instance_deletable(&place, &identifier)?;
        let surprise = self.surprise(&identifier)?;
        let lasts_ms = Task::DeleteInstance.ms(0, cx.settings.speed, cx.rng);
        let op = Operation::new(Change::Delete, cx.now_ms, lasts_ms, surprise.as_ref());
        self.schedule_instance(&place, &identifier, &op);
        let estate = self.estate(&place);
        if let Some(instance) = estate.instances.get_mut(&identifier) {
            instance.status = Status::Deleting;
            instance.operation = Some(op);
        }
        estate.fail_over(&identifier);
        self.answer_instance(cx, &place, &identifier)
    }

    fn check_instance_deletable(
        &mut self,
        place: &Place,
        identifier: &str,
    ) -> Result<(), AwsError> {
        let found = self.estate(place).instances.get(identifier);
        let instance = found.ok_or_else(|| db_instance_not_found(identifier))?;
        match instance.status {
            Status::Available => Ok(()),
            status if status.is_failure() => Ok(()),
            Status::Deleting => Err(invalid_db_instance_state(format!(
                "Instance {identifier} is already being deleted."
            ))),
            other => Err(invalid_db_instance_state(format!(
                "Instance {identifier} is currently {} - please try again.",
                other.as_str()
            ))),
        }
    }

    pub(super) fn answer_instance(
        &mut self,
        cx: &mut Context<'_>,
        place: &Place,
        identifier: &str,
    ) -> Answer {
        cx.record.items = 1;
        let estate = self.estate(place);
        let instance = estate.instances.get(identifier);
        let instance = instance.ok_or_else(|| db_instance_not_found(identifier))?;
        let xml = render::instance(place, estate, instance, cx.now_ms);
        Ok(Reply::Xml(Xml::new(format!("{}Result", cx.call.operation)).with(xml)))
    }
}

impl Estate {
    /// Adds an instance; the first of a cluster is its writer.
    pub(super) fn add_instance(&mut self, instance: Instance) {
        if let Some(cluster) = self.clusters.get_mut(&instance.cluster) {
            cluster.writer.get_or_insert_with(|| instance.identifier.clone());
        }
        self.instances.insert(instance.identifier.clone(), instance);
    }

    /// When the writer goes, the reader of the lowest promotion tier takes over: one that is up
    /// before one that is not.
    fn fail_over(&mut self, leaving: &str) {
        let Some(cluster) = self.instances.get(leaving).map(|i| i.cluster.clone()) else { return };
        let successor = self
            .members(&cluster)
            .filter(|i| i.status != Status::Deleting)
            .min_by_key(|i| (i.status != Status::Available, i.promotion_tier, i.created_ms))
            .map(|i| i.identifier.clone());
        let writes = |c: &&mut Cluster| c.writer.as_deref() == Some(leaving);
        if let Some(cluster) = self.clusters.get_mut(&cluster).filter(writes) {
            cluster.writer = successor;
        }
    }
}

/// Checks an instance class.
pub(super) fn instance_class(given: &str) -> Result<String, AwsError> {
    let parts: Vec<_> = given.split('.').collect();
    let well_formed = matches!(parts.as_slice(), ["db", "serverless"] | ["db", _, _]);
    if well_formed && parts.iter().all(|p| !p.is_empty()) {
        return Ok(given.to_owned());
    }
    Err(invalid_parameter_value(format!("Invalid DB Instance class: {given}")))
}

fn zone(cx: &mut Context<'_>, params: &Params, place: &Place) -> Result<String, AwsError> {
    if let Some(given) = params.get("AvailabilityZone") {
        check_zone(given, place)?;
        return Ok(given.to_owned());
    }
    let mut zones = zones(&place.region);
    Ok(zones.swap_remove(cx.rng.usize(0..zones.len())))
}
