//! ListMetrics.

use super::input::{list, needed, text};
use super::{Metric, Metrics, invalid};
use crate::error::AwsError;
use crate::world::{Context, unsupported_parameter};
use serde_json::{Value, json};

/// The most metrics of one page.
const PAGE: usize = 500;

/// `ListMetrics`. The token of a page is the number of metrics before it.
pub(super) fn list_metrics(
    metrics: &mut Metrics,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    for name in ["RecentlyActive", "IncludeLinkedAccounts", "OwningAccount"] {
        if input.get(name).is_some() {
            return Err(unsupported_parameter(cx.call, name));
        }
    }
    metrics.retain(|_, series| {
        series.forget(cx.now_ms);
        !series.is_empty()
    });
    let wanted = dimensions(input)?;
    let passes = |metric: &&Metric| {
        text(input, "Namespace").is_none_or(|n| n == metric.namespace)
            && text(input, "MetricName").is_none_or(|n| n == metric.name)
            && wanted.iter().all(|dimension| has(metric, dimension))
    };
    let before = match text(input, "NextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("The parameter NextToken is invalid."))?,
    };
    let mut found: Vec<_> = metrics.keys().filter(passes).skip(before).take(PAGE + 1).collect();
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    cx.record.items = found.len() as u64;
    let mut answer = json!({ "Metrics": found.into_iter().map(write).collect::<Vec<_>>() });
    if more {
        answer["NextToken"] = json!((before + PAGE).to_string());
    }
    Ok(answer)
}

/// Names of dimensions that a metric must have, some with their values.
fn dimensions(input: &Value) -> Result<Vec<(&str, Option<&str>)>, AwsError> {
    let given = list(input, "Dimensions").iter();
    given.map(|d| Ok((needed(d, "Name")?, text(d, "Value")))).collect()
}

fn has(metric: &Metric, (name, value): &(&str, Option<&str>)) -> bool {
    metric.dimensions.iter().any(|(n, v)| n == name && value.is_none_or(|value| v == value))
}

fn write(metric: &Metric) -> Value {
    let dimension = |(name, value): &(String, String)| json!({ "Name": name, "Value": value });
    json!({
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": metric.dimensions.iter().map(dimension).collect::<Vec<_>>(),
    })
}
