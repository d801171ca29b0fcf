//! What was called and what it cost: the local cloud's own record, never the caller's opinion.

use crate::call::Service;
use crate::operations;
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

/// The longest text kept of a call, bytes: callers choose what they send.
const LONGEST_TEXT: usize = 512;

/// Under what all calls are counted together whose operation there is not.
const UNKNOWN: &str = "(unknown)";

impl CallRecord {
    /// Cuts off what nobody would read.
    fn clip(&mut self) {
        let texts =
            [&mut self.component, &mut self.operation, &mut self.region, &mut self.resource];
        for text in texts {
            if text.len() > LONGEST_TEXT {
                text.truncate(text.floor_char_boundary(LONGEST_TEXT));
                text.shrink_to_fit();
            }
        }
    }
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
        record.clip();
        let is_known = operations::of(record.service).contains(&record.operation.as_str());
        let operation = if is_known { &record.operation } else { UNKNOWN };
        let key = (record.service, operation.to_owned());
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

    /// The last call, if any is kept.
    #[must_use]
    pub fn last(&self) -> Option<&CallRecord> {
        self.recent.back()
    }

    /// The calls kept, oldest first.
    pub fn recent(&self) -> impl Iterator<Item = &CallRecord> {
        self.recent.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_cannot_make_the_record_large() {
        let mut meter = Meter::keeping(10);
        for n in 0..100 {
            let text = format!("{n}{}", "\u{e9}".repeat(10_000));
            meter.add(CallRecord {
                n: 0,
                at_ms: 0,
                component: text.clone(),
                service: Service::Sqs,
                operation: text.clone(),
                account: String::new(),
                region: text.clone(),
                resource: text,
                items: 0,
                write_units: 0.0,
                read_units: 0.0,
                outcome: "ok".into(),
                response_lost: false,
            });
        }
        assert_eq!(meter.totals().len(), 1);
        assert_eq!(meter.totals()[&(Service::Sqs, UNKNOWN.to_owned())].calls, 100);
        assert!(meter.recent().all(|call| call.resource.len() <= LONGEST_TEXT));
    }
}
