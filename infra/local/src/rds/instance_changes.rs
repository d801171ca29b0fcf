//! Changing, renaming and restarting instances, and making another one the writer.

use super::asked::in_range;
use super::clusters::{find, wrong_state};
use super::durations::Task;
use super::errors::{
    db_instance_already_exists, db_instance_not_found, invalid_db_cluster_state,
    invalid_db_instance_state, invalid_parameter_combination,
};
use super::instances::instance_class;
use super::model::{Change, Estate, Instance, Operation, PendingInstance, Place, Status};
use super::names::{self, Kind};
use super::{Rds, refuse_unsupported, required};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context};

/// Settings that the cluster has, and its instances cannot change.
const CHANGED_ON_THE_CLUSTER: [&str; 6] = [
    "MasterUserPassword",
    "ManageMasterUserPassword",
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "EngineVersion",
    "DeletionProtection",
];

impl Rds {
    pub(super) fn modify_instance(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        refuse_unsupported(cx, params, &["MultiAZ", "DBParameterGroupName", "StorageType"])?;
        if let Some(name) = CHANGED_ON_THE_CLUSTER.iter().find(|n| params.get(n).is_some()) {
            return Err(invalid_parameter_combination(format!(
                "The DB instance is a member of a DB cluster. Change {name} of the DB cluster."
            )));
        }
        let place = Place::of(cx);
        let identifier = self.named_instance(cx, params, &place)?;
        let tier = in_range(params, "PromotionTier", 0, 15)?;
        let public = params.flag("PubliclyAccessible");
        let (change, pending) = self.instance_change(params, &place, &identifier)?;
        self.begin_on_instance(cx, &place, &identifier, change, |instance| {
            instance.promotion_tier = tier.unwrap_or(instance.promotion_tier);
            instance.publicly_accessible = public.unwrap_or(instance.publicly_accessible);
            instance.pending = pending;
        })
    }

    pub(super) fn reboot_instance(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        refuse_unsupported(cx, params, &["ForceFailover"])?;
        let place = Place::of(cx);
        let identifier = self.named_instance(cx, params, &place)?;
        let found = self.estate(&place).instances.get(&identifier);
        check_available(found.ok_or_else(|| db_instance_not_found(&identifier))?)?;
        self.begin_on_instance(cx, &place, &identifier, Change::Reboot, |_| {})
    }

    /// The name of the existing instance that a request is about.
    pub(super) fn named_instance(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
        place: &Place,
    ) -> Result<String, AwsError> {
        let given = required(params, "DBInstanceIdentifier")?;
        let identifier = names::local(place, Kind::Instance, given)
            .filter(|i| self.estate(place).instances.contains_key(i))
            .ok_or_else(|| db_instance_not_found(given))?;
        cx.record.resource.clone_from(&identifier);
        Ok(identifier)
    }

    /// What a request changes at once, and what then waits for the maintenance window.
    fn instance_change(
        &mut self,
        params: &Params,
        place: &Place,
        identifier: &str,
    ) -> Result<(Change, PendingInstance), AwsError> {
        let estate = self.estate(place);
        let found = estate.instances.get(identifier);
        let instance = found.ok_or_else(|| db_instance_not_found(identifier))?;
        check_available(instance)?;
        let name = new_name(params, estate)?;
        let class = params.get("DBInstanceClass").map(instance_class).transpose()?;
        let class = class.filter(|class| *class != instance.class);
        let mut pending = instance.pending.clone();
        if params.flag("ApplyImmediately") != Some(true) {
            // Such changes wait for the maintenance window, as on AWS; here it never comes.
            pending.identifier = name.or(pending.identifier);
            pending.class = class.or(pending.class);
            return Ok((Change::Modify, pending));
        }
        match (name, class) {
            (None, None) => Ok((Change::Modify, pending)),
            (Some(to), None) => Ok((Change::Rename { to }, pending)),
            (None, Some(class)) => Ok((Change::ChangeClass { class }, pending)),
            (Some(_), Some(_)) => Err(invalid_parameter_combination(
                "the local cloud changes name and class of an instance one at a time",
            )),
        }
    }

    fn begin_on_instance(
        &mut self,
        cx: &mut Context<'_>,
        place: &Place,
        identifier: &str,
        change: Change,
        apply: impl FnOnce(&mut Instance),
    ) -> Answer {
        let surprise = self.surprise(identifier)?;
        let lasts_ms = task(&change).ms(0, cx.settings.speed, cx.rng);
        let op = Operation::new(change, cx.now_ms, lasts_ms, surprise.as_ref());
        self.schedule_instance(place, identifier, &op);
        if let Some(instance) = self.estate(place).instances.get_mut(identifier) {
            apply(instance);
            instance.status = op.change.status();
            instance.operation = Some(op);
        }
        self.answer_instance(cx, place, identifier)
    }

    pub(super) fn fail_over_cluster(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let identifier = self.named_cluster(cx, params, &place)?;
        let target = params.get("TargetDBInstanceIdentifier").map(str::to_ascii_lowercase);
        let to = self.estate(&place).new_writer(&identifier, target.as_deref())?;
        let surprise = self.surprise(&identifier)?;
        let lasts_ms = Task::FailOver.ms(0, cx.settings.speed, cx.rng);
        let change = Change::FailOver { to };
        let op = Operation::new(change, cx.now_ms, lasts_ms, surprise.as_ref());
        self.begin(&place, &identifier, op);
        self.answer_cluster(cx, &place, &identifier)
    }
}

impl Estate {
    /// The instance a failover makes the writer: the one named, else the reader of the lowest
    /// promotion tier.
    fn new_writer(&self, cluster: &str, target: Option<&str>) -> Result<String, AwsError> {
        let found = find(self.clusters.get(cluster), cluster)?;
        if found.status != Status::Available {
            return Err(wrong_state(found));
        }
        let reads = |i: &&Instance| found.writer.as_ref() != Some(&i.identifier);
        let readers = || self.members(cluster).filter(reads);
        if let Some(target) = target {
            let named = readers().find(|i| i.identifier == target);
            let named = named.ok_or_else(|| {
                invalid_db_instance_state(format!(
                    "{target} is not a reader of DB cluster {cluster}."
                ))
            })?;
            return check_available(named).map(|()| target.to_owned());
        }
        let up = readers().filter(|i| i.status == Status::Available);
        let next = up.min_by_key(|i| (i.promotion_tier, i.created_ms));
        next.map(|i| i.identifier.clone()).ok_or_else(|| {
            let text = format!("DB cluster {cluster} has no reader to fail over to.");
            invalid_db_cluster_state(text)
        })
    }

    /// Whether an instance has the name, or is about to have it.
    pub(super) fn instance_name_taken(&self, name: &str) -> bool {
        let about_to = |i: &Instance| match &i.operation {
            Some(Operation { change: Change::Rename { to }, .. }) => to == name,
            _ => false,
        };
        self.instances.contains_key(name) || self.instances.values().any(about_to)
    }
}

fn new_name(params: &Params, estate: &Estate) -> Result<Option<String>, AwsError> {
    let Some(given) = params.get("NewDBInstanceIdentifier") else { return Ok(None) };
    let name = names::identifier("NewDBInstanceIdentifier", given)?;
    if estate.instance_name_taken(&name) {
        return Err(db_instance_already_exists(&name));
    }
    Ok(Some(name))
}

fn check_available(instance: &Instance) -> Result<(), AwsError> {
    if instance.status == Status::Available {
        return Ok(());
    }
    Err(invalid_db_instance_state(format!(
        "Database instance is not in available state: {} is {}.",
        instance.identifier,
        instance.status.as_str()
    )))
}

fn task(change: &Change) -> Task {
    match change {
        Change::Rename { .. } => Task::RenameInstance,
        Change::ChangeClass { .. } => Task::ChangeInstanceClass,
        Change::Reboot => Task::RebootInstance,
        _ => Task::ModifyInstance,
    }
}
