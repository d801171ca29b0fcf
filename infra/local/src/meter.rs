//! What was called and what it cost: the local cloud's own record, never the caller's opinion.

use crate::call::Service;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// One call, as the core saw it.
#[derive(Debug, Clone, Serialize)]
pub struct CallRecord {
    /// Number of the call, from 1.
    pub n: u64,
    /// When it was handled, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who called: the component name of an in-process transport or of the user agent.
    pub component: String,
    /// The service.
    pub service: Service,
    /// The operation.
    pub operation: String,
    /// The account of the calling key.
    pub account: String,
    /// The Region.
    pub region: String,
    /// What it was about: `<table>/<pk>/<sk>` or `<table>:<index>` (DynamoDB), `<queue>` or
    /// `<queue>/<group>` (SQS), a resource id (RDS).
    pub resource: String,
    /// Items returned or touched (messages of a receive, items of a query).
    pub items: u64,
    /// DynamoDB write units, index writes included, as AWS bills them.
    pub write_units: f64,
    /// DynamoDB read units, as AWS bills them.
    pub read_units: f64,
    /// `ok`, or the wire code of the refusal.
    pub outcome: String,
    /// The response was lost on its way (an injected fault) although the effect took place.
    pub response_lost: bool,
}

/// Totals of one operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Calls handled.
    pub calls: u64,
    /// Calls refused (any error code).
    pub refused: u64,
    /// Items returned or touched.
    pub items: u64,
    /// DynamoDB write units.
    pub write_units: f64,
    /// DynamoDB read units.
    pub read_units: f64,
}

/// Counts per operation, and the last calls one by one.
#[derive(Debug, Clone)]
pub struct Meter {
    totals: BTreeMap<(Service, String), Totals>,
    recent: VecDeque<CallRecord>,
    keep: usize,
    count: u64,
}

impl Meter {
    /// A meter that keeps the last `keep` calls one by one (and the totals of all).
    #[must_use]
    pub fn keeping(keep: usize) -> Self {
        Self { totals: BTreeMap::new(), recent: VecDeque::new(), keep, count: 0 }
    }

    /// Adds one call; numbers it.
    pub fn add(&mut self, mut record: CallRecord) {
        self.count += 1;
        record.n = self.count;
        let key = (record.service, record.operation.clone());
        let totals = self.totals.entry(key).or_default();
        totals.calls += 1;
        totals.refused += u64::from(record.outcome != "ok");
        totals.items += record.items;
        totals.write_units += record.write_units;
        totals.read_units += record.read_units;
        if self.recent.len() == self.keep {
            self.recent.pop_front();
        }
        if self.keep > 0 {
            self.recent.push_back(record);
        }
    }

    /// Totals by service and operation.
    #[must_use]
    pub fn totals(&self) -> &BTreeMap<(Service, String), Totals> {
        &self.totals
    }

    /// The calls kept, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = &CallRecord> {
        self.recent.iter()
    }
}
