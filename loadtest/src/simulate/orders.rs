//! What is asked of the fleet: requests of several kinds, some of which cannot succeed.

use super::knobs::{Knobs, Profile};
use crate::sim::two_accounts::HUB;
use crate::sim::{masking, the_drill};
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::request::{IfExists, Priority, Request, Source};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// The cluster that everything is restored from.
pub const SOURCE: &str = "orders-prod";

/// The snapshot that everything is restored from.
pub const SNAPSHOT: &str = "orders-prod-nightly";

/// A request, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The request.
    pub request: Request,
    /// Its idempotency key.
    pub key: String,
    /// Its target.
    pub target: String,
    /// When it is submitted, from the start.
    pub at: Duration,
    /// Submitted by two processes at once.
    pub twice: bool,
    /// A cluster of the target's name is there before, and is replaced.
    pub replaces: bool,
    /// It may fail with these codes whatever the weather is.
    pub may_fail: BTreeSet<FailureCode>,
}

/// Draws the orders of a run.
#[must_use]
pub fn draw(rng: &mut fastrand::Rng, knobs: &Knobs, within: Duration) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    let together = rng.bool();
    for n in 0..knobs.jobs {
        let mut order = one(rng, n, within, knobs.only_drills);
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
    orders
}

/// The one order of a run whose faults are not drawn: at once, with everything a job can have.
#[must_use]
pub fn plain() -> Order {
    let request = the_drill();
    let (key, target) = ("plain".to_owned(), request.target.cluster.to_string());
    let request = Request { idempotency_key: Some(key.clone()), ..request };
    let (at, may_fail) = (Duration::ZERO, BTreeSet::new());
    Order { request, key, target, at, twice: false, replaces: false, may_fail }
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
    Order { request, key, target, at, twice: false, replaces, may_fail: BTreeSet::new() }
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
    {
        order.target.clone_from(&first.target);
        order.request.target.cluster = first.request.target.cluster.clone();
        for shared in [&mut *order, &mut *first] {
            shared.replaces = false;
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
