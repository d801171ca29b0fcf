//! Amazon CloudWatch metrics. API = API Reference.

pub(crate) mod put;
pub(crate) mod read;

use crate::bed::Bed;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::builders::MetricDatumBuilder;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDatum, MetricStat};

/// A dimension.
pub(crate) fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

/// A value of the metric `Jobs`.
pub(crate) fn jobs() -> MetricDatumBuilder {
    MetricDatum::builder().metric_name("Jobs").dimensions(dimension("Queue", "q"))
}

/// So many seconds from now.
pub(crate) fn from_now(bed: &Bed, seconds: i64) -> DateTime {
    DateTime::from_secs(bed.now_ms() / 1_000 + seconds)
}

/// A statistic of the metric `Jobs`.
pub(crate) fn of_jobs(namespace: &str, statistic: &str, period: i32) -> MetricStat {
    let metric = Metric::builder().namespace(namespace).metric_name("Jobs");
    let metric = metric.dimensions(dimension("Queue", "q")).build();
    MetricStat::builder().metric(metric).period(period).stat(statistic).build()
}
