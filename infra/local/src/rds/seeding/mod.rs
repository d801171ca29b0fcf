//! Clusters, snapshots and groups that are there without a call. They are checked by the rules of
//! the calls and put into a draft; only a draft without a fault is furnished.

mod clusters;
mod snapshots;

use super::Rds;
use super::groups::{check_family, check_group_name, check_subnets};
use super::model::{Cluster, Estate, Operation, ParameterGroup, Place, SubnetGroup, Tags};
use super::names::{self, Kind};
use super::operation::Change;
use super::passing::{self, Target};
use crate::data_plane::{Ticket, Work};
use crate::seed::{ParameterGroupSeed, Scene, SubnetGroupSeed};
use crate::settings::WorldSettings;
use std::collections::BTreeMap;

const FREE_NAME: &str = "must be new in its account and Region";

/// All that there is, with what is to come.
pub(crate) struct Draft {
    estates: BTreeMap<Place, Estate>,
    orders: Vec<Order>,
}

/// Something that must be begun, in this order.
enum Order {
    /// A cluster, with the SQL that fills it.
    Cluster { place: Place, identifier: String, scripts: Vec<Script> },
    /// An instance.
    Instance { place: Place, identifier: String },
    /// A snapshot of a cluster.
    Snapshot { place: Place, identifier: String },
    /// A snapshot of an empty cluster that there never was.
    Alone { place: Place, identifier: String, cluster: Box<Cluster> },
}

/// SQL for one database of a cluster.
struct Script {
    database: String,
    sql: String,
}

impl Draft {
    fn estate(&mut self, place: &Place) -> &mut Estate {
        self.estates.entry(place.clone()).or_default()
    }

    /// Adds a subnet group; returns its ARN.
    pub(crate) fn add_subnet_group(
        &mut self,
        cx: &mut Scene,
        at: &str,
        seed: &SubnetGroupSeed,
    ) -> Option<String> {
        let place = cx.place(at, &seed.account, &seed.region);
        let name = group_name(cx, at, "DBSubnetGroupName", &seed.name);
        let made_up = ["subnet-0seed0000000a", "subnet-0seed0000000b"].map(str::to_owned).to_vec();
        let subnets = seed.subnets.clone().unwrap_or(made_up);
        let fix = "must be at least two subnets, like subnet-0a1b2c3d";
        let checked = cx.faults.ask(format!("{at}.subnets"), check_subnets(&subnets), fix);
        let name = name?;
        if self.estate(&place).subnet_groups.contains_key(&name) {
            taken(cx, &format!("{at}.name"), &name);
            return None;
        }
        checked?;
        let arn = names::arn(&place, Kind::SubnetGroup, &name);
        let description = "seeded".to_owned();
        let group = SubnetGroup { name: name.clone(), description, subnets, tags: Tags::new() };
        self.estate(&place).subnet_groups.insert(name, group);
        Some(arn)
    }

    /// Adds a cluster parameter group; returns its ARN.
    pub(crate) fn add_parameter_group(
        &mut self,
        cx: &mut Scene,
        at: &str,
        seed: &ParameterGroupSeed,
    ) -> Option<String> {
        let place = cx.place(at, &seed.account, &seed.region);
        let name = group_name(cx, at, "DBClusterParameterGroupName", &seed.name);
        let fix = "must be an engine and its major version, like aurora-postgresql16";
        let checked = cx.faults.ask(format!("{at}.family"), check_family(&seed.family), fix);
        let name = name?;
        if self.estate(&place).parameter_groups.contains_key(&name) {
            taken(cx, &format!("{at}.name"), &name);
            return None;
        }
        checked?;
        let arn = names::arn(&place, Kind::ParameterGroup, &name);
        let (family, description) = (seed.family.clone(), "seeded".to_owned());
        let group = ParameterGroup { name: name.clone(), family, description, tags: Tags::new() };
        self.estate(&place).parameter_groups.insert(name, group);
        Some(arn)
    }
}

fn group_name(cx: &mut Scene, at: &str, parameter: &str, given: &str) -> Option<String> {
    let fix = "must be 1 to 255 letters, digits, spaces and -_., and not a default one";
    let name = check_group_name(parameter, given);
    cx.faults.ask(format!("{at}.name"), name, fix)
}

/// Notes that a name is not free.
fn taken(cx: &mut Scene, path: &str, name: &str) {
    cx.faults.add(path, format!("{name:?} is there already"), FREE_NAME);
}

impl Rds {
    /// What there is, as a draft.
    pub(crate) fn draft(&self) -> Draft {
        Draft { estates: self.estates.clone(), orders: Vec::new() }
    }

    /// Takes a draft over, and begins what takes the data plane's time.
    pub(crate) fn furnish(&mut self, draft: Draft, settings: &WorldSettings, now_ms: i64) {
        self.estates = draft.estates;
        for order in draft.orders {
            match order {
                Order::Cluster { place, identifier, scripts } => {
                    self.fill_cluster(&place, &identifier, scripts, now_ms);
                    self.plan_first_backup(settings, &place, &identifier, now_ms);
                }
                Order::Instance { place, identifier } => {
                    let op = Operation::new(Change::Create, now_ms, 0, None);
                    self.schedule_instance(&place, &identifier, &op);
                    if let Some(instance) = self.estate(&place).instances.get_mut(&identifier) {
                        instance.operation = Some(op);
                    }
                }
                Order::Snapshot { place, identifier } => {
                    self.fill_snapshot(&place, &identifier, now_ms);
                }
                Order::Alone { place, identifier, cluster } => {
                    self.data_plane.submit(creation(&cluster));
                    self.fill_snapshot(&place, &identifier, now_ms);
                    self.data_plane.submit(Work::DropCluster { cluster: cluster.resource_id });
                }
            }
        }
    }

    fn fill_cluster(&mut self, place: &Place, id: &str, scripts: Vec<Script>, now_ms: i64) {
        let Some(cluster) = self.estate(place).clusters.get(id).cloned() else { return };
        let mut first: Vec<Ticket> = vec![self.data_plane.submit(creation(&cluster))];
        for Script { database, sql } in scripts {
            let user = cluster.master_username.clone();
            let cluster = cluster.resource_id.clone();
            first.push(self.data_plane.submit(Work::RunSql { cluster, user, database, sql }));
        }
        let op = Operation { first, ..Operation::new(Change::Create, now_ms, 0, None) };
        self.begin(place, id, op);
    }

    fn fill_snapshot(&mut self, place: &Place, id: &str, now_ms: i64) {
        let Some(snapshot) = self.estate(place).snapshots.get(id) else { return };
        let work = Work::Snapshot {
            cluster: snapshot.cluster_resource_id.clone(),
            snapshot: snapshot.resource_id.clone(),
        };
        let ticket = self.data_plane.submit(work);
        let op = Operation::new(Change::Create, now_ms, 0, None).with_ticket(ticket);
        self.agenda.add(op.due_ms, Target::new(place, passing::Kind::Snapshot, id));
        if let Some(snapshot) = self.estate(place).snapshots.get_mut(id) {
            snapshot.operation = Some(op);
        }
    }
}

fn creation(cluster: &Cluster) -> Work {
    Work::CreateCluster {
        cluster: cluster.resource_id.clone(),
        engine: cluster.engine,
        user: cluster.master_username.clone(),
        password: cluster.master_password.clone(),
        database: clusters::first_database(cluster),
    }
}
