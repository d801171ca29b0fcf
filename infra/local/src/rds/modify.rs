//! Changing a cluster: settings, master password, engine version, name.

use super::asked::{Asked, backtrack_window, log_types};
use super::clusters::{find, wrong_state};
use super::credentials::{self, Keeping};
use super::durations::Task;
use super::engines::{self, Description};
use super::errors::{db_cluster_already_exists, invalid_parameter_combination};
use super::groups::{check_parameter_group, default_parameter_group};
use super::model::{Change, Cluster, Operation, PendingValues, Place, Status};
use super::names;
use super::{Rds, refuse_unsupported};
use crate::data_plane::Work;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context};

/// The changes a request names, checked.
struct Wanted {
    asked: Asked,
    parameter_group: Option<String>,
    log_exports: Vec<String>,
    pending: PendingValues,
    change: Change,
    keeping: Keeping,
    backtrack_window_s: Option<u32>,
}

impl Rds {
    pub(super) fn modify_cluster(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        refuse_unsupported(cx, params, &["EngineMode"])?;
        let place = Place::of(cx);
        let identifier = self.named_cluster(cx, params, &place)?;
        let wanted = self.wanted(cx, params, &place, &identifier)?;
        let surprise = self.surprise(&identifier)?;
        let lasts_ms = task(&wanted.change).ms(0, cx.settings.speed, cx.rng);
        let mut op = Operation::new(wanted.change.clone(), cx.now_ms, lasts_ms, surprise.as_ref());
        let cluster = find(self.estate(&place).clusters.get_mut(&identifier), &identifier)?;
        let work = password_work(cluster, &wanted.change);
        let keeping = wanted.keeping.clone();
        wanted.apply(cluster);
        // A failed cluster stays failed, whatever is changed about it.
        if cluster.status == Status::Available {
            op.ticket = work.map(|work| self.data_plane.submit(work));
            self.change_secret(&place, &identifier, keeping);
            self.begin(&place, &identifier, op);
        }
        self.answer_cluster(cx, &place, &identifier)
    }

    fn wanted(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
        place: &Place,
        identifier: &str,
    ) -> Result<Wanted, AwsError> {
        let estate = self.estate(place);
        let cluster = find(estate.clusters.get(identifier), identifier)?;
        check_modifiable(cluster, params)?;
        let engine = engines::of(cluster.engine);
        let backtrack_window_s = new_backtrack_window(cluster, params, engine)?;
        let asked = Asked::read(params, place)?;
        let mut pending = cluster.pending.clone();
        let now = params.flag("ApplyImmediately") == Some(true);
        let new_name = new_name(params)?;
        if let Some(name) = new_name.as_ref().filter(|n| estate.cluster_name_taken(n)) {
            return Err(db_cluster_already_exists(name));
        }
        let version = new_version(cx, params, cluster, engine)?;
        let target = version.as_deref().filter(|_| now).unwrap_or(&cluster.engine_version);
        let parameter_group = params.get("DBClusterParameterGroupName").map(str::to_owned);
        if let Some(name) = &parameter_group {
            check_parameter_group(estate, name, target)?;
        }
        let (password, keeping) = credentials::of_change(cx, params, cluster, engine)?;
        if !now {
            // Such changes wait for the maintenance window, as on AWS; here it never comes.
            pending.identifier = new_name.clone().or(pending.identifier);
            pending.engine_version = version.clone().or(pending.engine_version);
        }
        let upgraded_group = match &parameter_group {
            Some(name) => name.clone(),
            None if engines::family(target) == engines::family(&cluster.engine_version) => {
                cluster.parameter_group.clone()
            }
            None => default_parameter_group(target),
        };
        let at_once = (new_name.filter(|_| now), version.filter(|_| now), password);
        let change = change(at_once, upgraded_group)?;
        let log_exports = log_exports(cluster, params, engine)?;
        Ok(Wanted {
            asked,
            parameter_group,
            log_exports,
            pending,
            change,
            keeping,
            backtrack_window_s,
        })
    }
}

impl Wanted {
    /// Puts what changes at once into the cluster.
    fn apply(self, cluster: &mut Cluster) {
        self.asked.apply(cluster);
        if let (Some(name), false) =
            (self.parameter_group, matches!(self.change, Change::Upgrade { .. }))
        {
            cluster.parameter_group = name;
        }
        cluster.log_exports = self.log_exports;
        cluster.pending = self.pending;
        cluster.backtrack_window_s = self.backtrack_window_s.unwrap_or(cluster.backtrack_window_s);
    }
}

/// What happens at once: a new name, a new engine version, a new password, or just settings.
fn change(
    (name, version, password): (Option<String>, Option<String>, Option<String>),
    parameter_group: String,
) -> Result<Change, AwsError> {
    match (name, version, password) {
        (None, None, None) => Ok(Change::Modify),
        (Some(to), None, None) => Ok(Change::Rename { to }),
        (None, Some(version), None) => Ok(Change::Upgrade { version, parameter_group }),
        (None, None, Some(password)) => Ok(Change::ResetPassword { password }),
        _ => Err(invalid_parameter_combination(
            "the local cloud changes name, engine version and master password one at a time",
        )),
    }
}

/// A cluster must be available, except that a failed one may lose its protection.
fn check_modifiable(cluster: &Cluster, params: &Params) -> Result<(), AwsError> {
    let unprotects = params.flag("DeletionProtection") == Some(false);
    if cluster.status == Status::Available || (cluster.status.is_failure() && unprotects) {
        return Ok(());
    }
    Err(wrong_state(cluster))
}

fn new_name(params: &Params) -> Result<Option<String>, AwsError> {
    let given = params.get("NewDBClusterIdentifier");
    given.map(|g| names::identifier("NewDBClusterIdentifier", g)).transpose()
}

/// The other engine version a request names, if it is another one.
fn new_version(
    cx: &Context<'_>,
    params: &Params,
    cluster: &Cluster,
    engine: &Description,
) -> Result<Option<String>, AwsError> {
    let Some(given) = params.get("EngineVersion") else { return Ok(None) };
    let version = engines::resolve(engine, Some(given), cx.settings)?;
    engines::check_not_older(&cluster.engine_version, &version)?;
    let major = engines::family(&version) != engines::family(&cluster.engine_version);
    if major && params.flag("AllowMajorVersionUpgrade") != Some(true) {
        let text = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new \
            major version.";
        return Err(invalid_parameter_combination(text));
    }
    Ok(Some(version).filter(|v| *v != cluster.engine_version))
}

/// The other backtrack window a request names. Backtracking begins with the cluster or never: a
/// window there is can be changed, a new one cannot be opened.
fn new_backtrack_window(
    cluster: &Cluster,
    params: &Params,
    engine: &Description,
) -> Result<Option<u32>, AwsError> {
    let window = backtrack_window(params, engine)?;
    if cluster.backtrack_window_s == 0 && window.is_some_and(|w| w > 0) {
        return Err(invalid_parameter_combination(
            "Backtrack can't be enabled for an existing DB cluster.",
        ));
    }
    Ok(window)
}

fn log_exports(
    cluster: &Cluster,
    params: &Params,
    engine: &Description,
) -> Result<Vec<String>, AwsError> {
    let on = log_types(params, "CloudwatchLogsExportConfiguration.EnableLogTypes", engine)?;
    let off = log_types(params, "CloudwatchLogsExportConfiguration.DisableLogTypes", engine)?;
    let mut logs: Vec<_> = cluster.log_exports.iter().cloned().chain(on).collect();
    logs.sort();
    logs.dedup();
    logs.retain(|l| !off.contains(l));
    Ok(logs)
}

fn task(change: &Change) -> Task {
    match change {
        Change::ResetPassword { .. } => Task::ResetPassword,
        Change::Rename { .. } => Task::RenameCluster,
        Change::Upgrade { .. } => Task::UpgradeCluster,
        _ => Task::ModifyCluster,
    }
}

fn password_work(cluster: &Cluster, change: &Change) -> Option<Work> {
    let Change::ResetPassword { password } = change else { return None };
    let (user, password) = (cluster.master_username.clone(), password.clone());
    Some(Work::SetPassword { cluster: cluster.resource_id.clone(), user, password })
}
