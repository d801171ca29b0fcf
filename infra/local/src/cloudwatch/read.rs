//! GetMetricData and GetMetricStatistics.

use super::input::{list, metric, missing, moment, needed, text, whole};
use super::series::Stats;
use super::{Metric, Metrics, combination, invalid};
use crate::error::AwsError;
use crate::world::{Context, unsupported_parameter};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The statistics there are.
const STATISTICS: [&str; 5] = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"];
/// The most data points of GetMetricStatistics.
const MAX_POINTS: i64 = 1_440;
/// The most queries of GetMetricData.
const MAX_QUERIES: usize = 500;

/// From when to when is asked for.
fn span(input: &Value) -> Result<(i64, i64), AwsError> {
    let from_ms = moment(input, "StartTime")?.ok_or_else(|| missing("StartTime"))?;
    let to_ms = moment(input, "EndTime")?.ok_or_else(|| missing("EndTime"))?;
    if from_ms >= to_ms {
        let text = "The parameter StartTime must be less than the parameter EndTime.";
        return Err(AwsError::new("ValidationError", text));
    }
    Ok((from_ms, to_ms))
}

fn period_ms(input: &Value) -> Result<i64, AwsError> {
    let seconds = whole(input, "Period")?.ok_or_else(|| missing("Period"))?;
    let known = matches!(seconds, 1 | 5 | 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0);
    if known && seconds <= 86_400 * 365 {
        return Ok(seconds * 1_000);
    }
    Err(invalid(format!("The value {seconds} for parameter Period is invalid.")))
}

fn check_statistic(cx: &Context<'_>, name: &str) -> Result<(), AwsError> {
    if STATISTICS.contains(&name) {
        return Ok(());
    }
    Err(unsupported_parameter(cx.call, &format!("statistic {name}")))
}

/// The values of a metric by period.
fn periods<'a>(
    metrics: &'a mut Metrics,
    metric: &Metric,
    span: (i64, i64),
    period_ms: i64,
    unit: Option<&str>,
    now_ms: i64,
) -> BTreeMap<i64, (Stats, &'a str)> {
    let Some(series) = metrics.get_mut(metric) else { return BTreeMap::new() };
    series.forget(now_ms);
    series.periods(span, period_ms, unit)
}

#[expect(clippy::cast_precision_loss, reason = "a date in milliseconds is far below 2^52")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

/// `GetMetricStatistics`.
pub(super) fn get_metric_statistics(
    metrics: &mut Metrics,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    if !list(input, "ExtendedStatistics").is_empty() {
        return Err(unsupported_parameter(cx.call, "ExtendedStatistics"));
    }
    let metric = metric(input)?;
    cx.record.resource = format!("{}/{}", metric.namespace, metric.name);
    let (span, period_ms) = (span(input)?, period_ms(input)?);
    let points = (span.1 - span.0) / period_ms;
    if points > MAX_POINTS {
        return Err(combination(format!(
            "You have requested up to {points} datapoints, which exceeds the limit of {MAX_POINTS}."
        )));
    }
    let wanted: Vec<_> = list(input, "Statistics").iter().filter_map(Value::as_str).collect();
    if wanted.is_empty() {
        return Err(missing("Statistics"));
    }
    wanted.iter().try_for_each(|name| check_statistic(cx, name))?;
    let found = periods(metrics, &metric, span, period_ms, text(input, "Unit"), cx.now_ms);
    let points = found.iter().map(|(ms, (stats, unit))| {
        let mut point = json!({ "Timestamp": seconds(*ms), "Unit": unit });
        for name in &wanted {
            point[*name] = json!(stats.statistic(name));
        }
        point
    });
    let points: Vec<_> = points.collect();
    cx.record.items = points.len() as u64;
    Ok(json!({ "Label": metric.name, "Datapoints": points }))
}

/// `GetMetricData`: queries of one statistic of one metric each; no expressions.
pub(super) fn get_metric_data(
    metrics: &mut Metrics,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    for name in ["NextToken", "LabelOptions"] {
        if input.get(name).is_some() {
            return Err(unsupported_parameter(cx.call, name));
        }
    }
    let queries = list(input, "MetricDataQueries");
    if queries.is_empty() {
        return Err(missing("MetricDataQueries"));
    }
    if queries.len() > MAX_QUERIES {
        let text = format!("The collection MetricDataQueries has more than {MAX_QUERIES} members.");
        return Err(invalid(text));
    }
    let (span, descending) = (span(input)?, descending(input)?);
    let mut ids = BTreeSet::new();
    let mut results = Vec::new();
    for query in queries {
        let id = needed(query, "Id")?;
        if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !ids.insert(id) {
            return Err(AwsError::new(
                "ValidationError",
                format!(
                    "The value {id} for parameter Id is invalid: it must be unique and begin with a \
                 lowercase letter."
                ),
            ));
        }
        let result = one(metrics, cx, query, span, descending)?;
        results.extend(result);
    }
    cx.record.items = results.len() as u64;
    Ok(json!({ "MetricDataResults": results, "Messages": [] }))
}

fn descending(input: &Value) -> Result<bool, AwsError> {
    match text(input, "ScanBy") {
        None | Some("TimestampDescending") => Ok(true),
        Some("TimestampAscending") => Ok(false),
        Some(other) => Err(invalid(format!("The value {other} for parameter ScanBy is invalid."))),
    }
}

/// The result of one query, unless it says that it wants none.
fn one(
    metrics: &mut Metrics,
    cx: &Context<'_>,
    query: &Value,
    span: (i64, i64),
    descending: bool,
) -> Result<Option<Value>, AwsError> {
    for name in ["Expression", "AccountId"] {
        if query.get(name).is_some() {
            return Err(unsupported_parameter(cx.call, name));
        }
    }
    let wanted = query.get("MetricStat").ok_or_else(|| missing("MetricStat"))?;
    let metric = metric(wanted.get("Metric").ok_or_else(|| missing("Metric"))?)?;
    let (period_ms, statistic) = (period_ms(wanted)?, needed(wanted, "Stat")?);
    check_statistic(cx, statistic)?;
    let found = periods(metrics, &metric, span, period_ms, text(wanted, "Unit"), cx.now_ms);
    let mut points: Vec<_> = found.into_iter().collect();
    if descending {
        points.reverse();
    }
    let times: Vec<_> = points.iter().map(|(ms, _)| seconds(*ms)).collect();
    let values: Vec<_> = points.iter().map(|(_, (stats, _))| stats.statistic(statistic)).collect();
    let returned = query.get("ReturnData").and_then(flag).unwrap_or(true);
    Ok(returned.then(|| {
        json!({
            "Id": query["Id"],
            "Label": text(query, "Label").unwrap_or(&metric.name),
            "Timestamps": times,
            "Values": values,
            "StatusCode": "Complete",
        })
    }))
}

fn flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}
