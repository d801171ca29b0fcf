//! What is asked of the fleet: requests of several kinds, some of which cannot succeed.

use super::knobs::{Knobs, Profile};
use crate::sim::two_accounts::{HUB, THERE, there};
use crate::sim::{masking, the_drill};
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::request::{IfExists, Priority, Request, Source};
use aurora_restore_shared::set::{LATEST, RestoreSet, SET_VERSION};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// The cluster that everything is restored from.
pub const SOURCE: &str = "orders-prod";

/// The snapshot that everything is restored from.
pub const SNAPSHOT: &str = "orders-prod-nightly";

/// An automated snapshot of it.
pub const AUTOMATED: &str = "rds:orders-prod-2026-11-22-00-05";

/// A request or a restore set, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The request; of a set, that of its first member.
    pub request: Request,
    /// The set, where it is one.
    pub set: Option<RestoreSet>,
    /// Whether its target is in the spoke, in another Region.
    pub is_abroad: bool,
    /// Its idempotency key.
    pub key: String,
    /// Its target; of a set, that of its first member.
    pub target: String,
    /// When it is submitted, from the start.
    pub at: Duration,
    /// Submitted by two processes at once.
    pub twice: bool,
    /// The targets that are there before, and are replaced.
    pub replaces: Vec<String>,
    /// It may fail with these codes whatever the weather is.
    pub may_fail: BTreeSet<FailureCode>,
}

/// A job that an order becomes.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its id.
    pub id: JobId,
    /// What is always the same job.
    pub key: String,
    /// Its target.
    pub target: String,
}

impl Order {
    /// The jobs that it becomes: one, or those of a set.
    ///
    /// # Panics
    /// When it has no key: each has.
    #[must_use]
    pub fn jobs(&self) -> Vec<Asked> {
        let Some(set) = &self.set else {
            let id = self.request.keyed_id().expect("every order has a key");
            return vec![Asked { id, key: self.key.clone(), target: self.target.clone() }];
        };
        let id = set.keyed_id().expect("every set has a key");
        let member = |(n, member): (usize, &Request)| Asked {
            id: id.member(n),
            key: format!("{}/{n}", self.key),
            target: member.target.cluster.to_string(),
        };
        set.members.iter().enumerate().map(member).collect()
    }
}

/// Draws the orders of a run.
#[must_use]
pub fn draw(
    rng: &mut fastrand::Rng,
    knobs: &Knobs,
    within: Duration,
    has_spoke: bool,
) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    let together = rng.bool();
    let has_set = !knobs.only_drills && knobs.jobs >= MEMBERS && rng.u8(..3) == 0;
    let singles = if has_set { knobs.jobs - MEMBERS } else { knobs.jobs };
    for n in 0..singles {
        let mut order = one(rng, n, within, knobs.only_drills);
        if has_spoke && rng.bool() {
            go_abroad(rng, &mut order);
        }
        if together {
            // In one queue at one moment, so that their order there matters.
            order.request.priority = Priority::Normal;
            order.at = within / 2;
        }
        if knobs.profile != Profile::Calm {
            vary(rng, &mut order, &mut orders);
        }
        orders.push(order);
    }
    orders.extend(has_set.then(|| a_set(rng, singles, within)));
    orders
}

/// Members of a set.
const MEMBERS: usize = 2;

/// Members of one moment, some of which replace a cluster.
fn a_set(rng: &mut fastrand::Rng, n: usize, within: Duration) -> Order {
    let members = (n..n + MEMBERS).map(|n| one(rng, n, within, false));
    let mut members: Vec<Order> = members.collect();
    let place = json!({"account": HUB, "region": "us-east-1", "cluster": SOURCE, "to": "latest"});
    let source = json!({ "point_in_time": place });
    for member in &mut members {
        member.request.idempotency_key = None;
        member.request.source = serde_json::from_value(source.clone()).expect("it is a source");
    }
    let key = format!("set-{n}");
    let set = RestoreSet {
        version: SET_VERSION,
        idempotency_key: Some(key.clone()),
        caller: members[0].request.caller.clone(),
        as_of: LATEST.to_owned(),
        complete_within: "2h".parse().expect("it is a length of time"),
        members: members.iter().map(|member| member.request.clone()).collect(),
    };
    let replaces = members.iter().flat_map(|member| member.replaces.clone()).collect();
    Order { set: Some(set), key, replaces, ..members.swap_remove(0) }
}

/// The one order of a run whose faults are not drawn: at once, with everything a job can have.
#[must_use]
pub fn plain() -> Order {
    let request = the_drill();
    let (key, target) = ("plain".to_owned(), request.target.cluster.to_string());
    let request = Request { idempotency_key: Some(key.clone()), ..request };
    let (at, may_fail) = (Duration::ZERO, BTreeSet::new());
    let (set, replaces) = (None, Vec::new());
    Order { request, set, is_abroad: false, key, target, at, twice: false, replaces, may_fail }
}

fn one(rng: &mut fastrand::Rng, n: usize, within: Duration, is_drill: bool) -> Order {
    let key = format!("copy-{n}");
    let mut request = the_drill();
    request.idempotency_key = Some(key.clone());
    request.target.cluster = key.parse().expect("a short word is a cluster's name");
    request.priority = Priority::ALL[rng.usize(..Priority::ALL.len())].1;
    if let Source::Snapshot(source) = &mut request.source
        && rng.bool()
    {
        (source.id, source.cluster, source.latest) = (Some(SNAPSHOT.into()), None, false);
    }
    if rng.u8(..4) == 0 {
        request.access.master = None;
        request.verify.checks.clear();
    }
    for instances in request.target.instances.iter_mut().flatten() {
        instances.count = rng.u16(1..=2);
    }
    let at = within.mul_f64(rng.f64());
    let target = key.clone();
    let replaces = !is_drill && ask_for_more(rng, &mut request);
    let replaces = replaces.then(|| target.clone()).into_iter().collect();
    let (set, may_fail) = (None, BTreeSet::new());
    Order { request, set, is_abroad: false, key, target, at, twice: false, replaces, may_fail }
}

/// The same from the snapshot to another account and Region, masked and then opened.
fn go_abroad(rng: &mut fastrand::Rng, order: &mut Order) {
    let drill = the_drill();
    let request = &mut order.request;
    request.source = drill.source;
    request.verify = drill.verify;
    let instances = request.target.instances.take();
    let if_exists = request.target.if_exists;
    request.target = serde_json::from_value(there(&order.target, THERE)).expect("it is a target");
    (request.target.instances, request.target.if_exists) = (instances, if_exists);
    if rng.u8(..3) == 0 {
        // It cannot be shared as it is.
        let id = json!({"account": HUB, "region": "us-east-1", "id": AUTOMATED});
        request.source = serde_json::from_value(json!({"snapshot": id})).expect("it is a source");
    }
    let master = match rng.bool() {
        true => json!("managed"),
        false => json!({"secret": "drill/orders/master"}),
    };
    let users = json!([{
        "name": "app", "secret": "drill/orders/master",
        "grants": ["SELECT ON ALL TABLES IN SCHEMA public"],
    }]);
    let users = if rng.bool() { users } else { json!([]) };
    let access = json!({"master": master, "users": users, "open_after_masking": true});
    request.access = serde_json::from_value(access).expect("it is access");
    request.mask = serde_json::from_value(masking()).expect("it is a mask");
    request.keep.snapshot_copies = rng.bool().then(|| "2h".to_owned());
    order.is_abroad = true;
}

/// Some requests are of another source, mask what they restore, or replace a cluster: says whether
/// this one does.
fn ask_for_more(rng: &mut fastrand::Rng, request: &mut Request) -> bool {
    let place = json!({"account": HUB, "region": "us-east-1", "cluster": SOURCE});
    let mut moment = place.clone();
    moment["to"] = json!("latest");
    let source = match rng.u8(..6) {
        0 => Some(json!({ "point_in_time": moment })),
        1 => Some(json!({ "clone": place })),
        _ => None,
    };
    if let Some(source) = source {
        request.source = serde_json::from_value(source).expect("it is a source");
    }
    if request.access.master.is_some() && rng.u8(..3) == 0 {
        request.mask = serde_json::from_value(masking()).expect("it is a mask");
    }
    let replaces = rng.u8(..3) == 0;
    if !replaces && rng.u8(..3) == 0 {
        request.keep.restored = "1h".parse().ok();
    }
    if replaces {
        request.target.if_exists = IfExists::Swap;
        request.keep.replaced = "1h".parse().ok();
    }
    replaces
}

/// Some requests want what another wants, or what is not there; some are submitted twice at once.
fn vary(rng: &mut fastrand::Rng, order: &mut Order, others: &mut [Order]) {
    order.twice = rng.u8(..4) == 0;
    if let Some(first) = others.first_mut()
        && rng.u8(..5) == 0
        && !order.is_abroad
        && !first.is_abroad
    {
        order.target.clone_from(&first.target);
        order.request.target.cluster = first.request.target.cluster.clone();
        for shared in [&mut *order, &mut *first] {
            shared.replaces.clear();
            shared.request.target.if_exists = IfExists::Refuse;
            shared.request.keep.replaced = None;
        }
        // Whoever comes second finds the name taken.
        first.may_fail.insert(FailureCode::TargetNameTaken);
        order.may_fail.insert(FailureCode::TargetNameTaken);
    } else if rng.u8(..8) == 0 {
        order.request.target.subnet_group = Some("nowhere".into());
        order.may_fail.insert(FailureCode::SettingNotFound);
    }
}
