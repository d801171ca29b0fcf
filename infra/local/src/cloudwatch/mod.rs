//! Amazon CloudWatch: metrics, put and read back.
//!
//! Newer SDKs speak RPC v2 with CBOR or AWS JSON, older ones the query protocol with XML answers.
//! All are read into one neutral form, so the operations do not know which it was (`wire.rs`).

mod input;
mod list;
mod put;
mod read;
mod series;
mod wire;

pub(crate) use wire::{operation, refusal, response, speaks_cbor, speaks_json, told_in_cbor};

use crate::error::AwsError;
use crate::wire::WireRequest;
use crate::world::{Answer, Context, Reply, unknown_operation};
use serde_json::{Value, json};
use series::Series;
use std::collections::BTreeMap;

/// A metric within an account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Metric {
    namespace: String,
    name: String,
    /// In the order of their names.
    dimensions: Vec<(String, String)>,
}

/// The metrics of an account in a Region.
type Metrics = BTreeMap<Metric, Series>;

/// All metrics of all accounts and Regions.
#[derive(Debug, Default)]
pub struct Cloudwatch {
    places: BTreeMap<(String, String), Metrics>,
}

impl Cloudwatch {
    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, request: &WireRequest) -> Answer {
        let input = wire::read(request)?;
        let place = (cx.call.account.clone(), cx.call.region.clone());
        let metrics = self.places.entry(place).or_default();
        let answer = match cx.call.operation.as_str() {
            "PutMetricData" => put::put_metric_data(metrics, cx, &input),
            "GetMetricData" => read::get_metric_data(metrics, cx, &input),
            "GetMetricStatistics" => read::get_metric_statistics(metrics, cx, &input),
            "ListMetrics" => list::list_metrics(metrics, cx, &input),
            _ => Err(unknown_operation(cx.call)),
        }?;
        if cx.call.cbor || cx.call.json {
            return Ok(Reply::Json(answer));
        }
        Ok(Reply::Xml(wire::xml(&format!("{}Result", cx.call.operation), &answer)))
    }

    /// How many metrics there are, and in which namespaces, for the status page.
    #[must_use]
    pub fn summary(&self) -> Value {
        let places = self.places.iter().map(|((account, region), metrics)| {
            let mut namespaces: BTreeMap<&str, usize> = BTreeMap::new();
            for metric in metrics.keys() {
                *namespaces.entry(&metric.namespace).or_default() += 1;
            }
            json!({ "account": account, "region": region, "metrics": namespaces })
        });
        places.collect()
    }
}

fn invalid(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterValue", text)
}

fn combination(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterCombination", text)
}
