//! PutMetricData.

use super::input::{dimensions, finite, list, missing, moment, needed, number, text, whole};
use super::series::Stats;
use super::{Metric, Metrics, combination, invalid};
use crate::error::AwsError;
use crate::world::{Context, unsupported_parameter};
use serde_json::{Value, json};

/// The most metrics in a request.
const MAX_METRICS: usize = 1_000;
/// The most different values of one metric in a request.
const MAX_VALUES: usize = 150;
/// How far back and how far ahead a moment may lie.
const BACK_MS: i64 = 14 * 24 * 3_600_000;
const AHEAD_MS: i64 = 2 * 3_600_000;

/// A datum that is right.
struct Datum {
    metric: Metric,
    at_ms: i64,
    resolution_ms: i64,
    unit: String,
    stats: Vec<Stats>,
}

/// `PutMetricData`: all of a request, or nothing.
pub(super) fn put_metric_data(
    metrics: &mut Metrics,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    if !list(input, "EntityMetricData").is_empty() {
        return Err(unsupported_parameter(cx.call, "EntityMetricData"));
    }
    let namespace = needed(input, "Namespace")?;
    cx.record.resource = namespace.to_owned();
    check_namespace(namespace)?;
    let given = list(input, "MetricData");
    if given.is_empty() {
        return Err(missing("MetricData"));
    }
    if given.len() > MAX_METRICS {
        let text = format!("The collection MetricData must not have more than {MAX_METRICS}.");
        return Err(invalid(text));
    }
    let data: Result<Vec<_>, _> = given.iter().map(|d| datum(namespace, d, cx.now_ms)).collect();
    for datum in data? {
        let series = metrics.entry(datum.metric).or_default();
        for stats in datum.stats {
            series.add(datum.at_ms, datum.resolution_ms, &datum.unit, stats);
        }
    }
    cx.record.items = given.len() as u64;
    Ok(json!({}))
}

fn check_namespace(namespace: &str) -> Result<(), AwsError> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_-/#.: ".contains(c);
    if namespace.len() > 255 || namespace.starts_with(':') || !namespace.chars().all(known) {
        return Err(invalid(format!("The value {namespace} for parameter Namespace is invalid.")));
    }
    if namespace.starts_with("AWS/") {
        return Err(invalid("The value AWS/ for parameter Namespace is invalid."));
    }
    Ok(())
}

fn datum(namespace: &str, input: &Value, now_ms: i64) -> Result<Datum, AwsError> {
    let at_ms = moment(input, "Timestamp")?.unwrap_or(now_ms);
    if at_ms < now_ms - BACK_MS || at_ms > now_ms + AHEAD_MS {
        return Err(invalid(
            "The parameter MetricData.member.Timestamp must specify a time within the past two \
             weeks and no more than two hours ahead.",
        ));
    }
    let resolution_ms = match whole(input, "StorageResolution")? {
        None | Some(60) => 60_000,
        Some(1) => 1_000,
        Some(other) => {
            let text = format!("The value {other} for parameter StorageResolution is invalid.");
            return Err(invalid(text));
        }
    };
    let metric = Metric {
        namespace: namespace.to_owned(),
        name: needed(input, "MetricName")?.to_owned(),
        dimensions: dimensions(input)?,
    };
    let unit = text(input, "Unit").unwrap_or("None").to_owned();
    Ok(Datum { metric, at_ms, resolution_ms, unit, stats: stats(input)? })
}

/// One value, a list of values with their counts, or what is known of some values.
fn stats(input: &Value) -> Result<Vec<Stats>, AwsError> {
    let value = number(input, "Value")?;
    let (values, set) = (list(input, "Values"), input.get("StatisticValues"));
    match (value, values, set) {
        (Some(value), [], None) => Ok(vec![Stats::of(value, 1.0)]),
        (None, [_, ..], None) => counted(values, list(input, "Counts")),
        (None, [], Some(set)) => Ok(vec![summed_up(set)?]),
        (None, [], None) => Err(combination(
            "At least one of the parameters Value, Values or StatisticValues must be specified.",
        )),
        _ => Err(combination(
            "The parameters Value, Values and StatisticValues are mutually exclusive.",
        )),
    }
}

fn counted(values: &[Value], counts: &[Value]) -> Result<Vec<Stats>, AwsError> {
    if values.len() > MAX_VALUES {
        return Err(invalid(format!("The array Values must not have more than {MAX_VALUES}.")));
    }
    if !counts.is_empty() && counts.len() != values.len() {
        return Err(invalid("The arrays Values and Counts must have the same length."));
    }
    let pairs = values.iter().enumerate().map(|(n, value)| {
        let count = counts.get(n).map_or(Some(1.0), finite).filter(|count| *count > 0.0);
        Some(Stats::of(finite(value)?, count?))
    });
    let stats: Option<Vec<_>> = pairs.collect();
    stats.ok_or_else(|| invalid("The arrays Values and Counts must hold numbers."))
}

fn summed_up(set: &Value) -> Result<Stats, AwsError> {
    let member = |name: &str| number(set, name)?.ok_or_else(|| missing(name));
    let stats = Stats {
        count: member("SampleCount")?,
        sum: member("Sum")?,
        min: member("Minimum")?,
        max: member("Maximum")?,
    };
    if stats.count <= 0.0 || stats.min > stats.max {
        return Err(invalid("The value for parameter StatisticValues is invalid."));
    }
    Ok(stats)
}
