//! Reading metrics back.

use super::{from_now, jobs, of_jobs};
use crate::bed::{Bed, REGION, key_of};
use crate::fact::{Outcome, Skip, facts};
use crate::refusal::refusal;
use aws_sdk_cloudwatch::types::{
    MetricDataQuery, MetricDataResult, ScanBy, StandardUnit, StatisticSet,
};

facts!("cloudwatch":
    values_are_read_back_by_period_and_statistic: "API GetMetricData",
    sets_of_statistics_count_like_their_values: "API StatisticSet",
    what_was_put_elsewhere_is_not_seen: "CloudWatch UG, concepts: namespaces",
    values_are_kept_for_15_days: "CloudWatch UG, metrics retention",
    what_is_not_computed_here_is_refused_loudly: "the local cloud",
    more_than_1440_points_are_refused: "API GetMetricStatistics",
);

/// Puts 1, 3 (in the first minute from the start of the bed's hour), 5 (in the second).
async fn put(bed: &Bed) {
    let start_s = bed.now_ms() / 3_600_000 * 3_600;
    let mut put = bed.cloudwatch().put_metric_data().namespace(bed.name("jobs"));
    for (second, value) in [(0, 1.0), (59, 3.0), (60, 5.0)] {
        let at = aws_sdk_cloudwatch::primitives::DateTime::from_secs(start_s + second);
        put = put.metric_data(jobs().value(value).unit(StandardUnit::Count).timestamp(at).build());
    }
    put.send().await.unwrap();
}

async fn read(bed: &Bed, statistic: &str, period: i32) -> MetricDataResult {
    let query = MetricDataQuery::builder().id("jobs");
    let query = query.metric_stat(of_jobs(&bed.name("jobs"), statistic, period)).build();
    let hours = (from_now(bed, -3_600 * 24 * 15), from_now(bed, 3_600));
    let read = bed.cloudwatch().get_metric_data().metric_data_queries(query);
    let read = read.start_time(hours.0).end_time(hours.1).scan_by(ScanBy::TimestampAscending);
    let answer = read.send().await.unwrap();
    answer.metric_data_results()[0].clone()
}

async fn values_are_read_back_by_period_and_statistic(bed: Bed) -> Outcome {
    put(&bed).await;
    for (statistic, minutes, hour) in [
        ("Sum", [4.0, 5.0], 9.0),
        ("Average", [2.0, 5.0], 3.0),
        ("Minimum", [1.0, 5.0], 1.0),
        ("Maximum", [3.0, 5.0], 5.0),
        ("SampleCount", [2.0, 1.0], 3.0),
    ] {
        let by_minute = read(&bed, statistic, 60).await;
        assert_eq!(by_minute.values(), minutes, "{statistic}");
        let times = by_minute.timestamps();
        assert_eq!(times[1].secs() - times[0].secs(), 60);
        assert_eq!(read(&bed, statistic, 3_600).await.values(), [hour], "{statistic}");
    }
    Ok(())
}

async fn sets_of_statistics_count_like_their_values(bed: Bed) -> Outcome {
    let set = StatisticSet::builder().sample_count(4.0).sum(10.0).minimum(1.0).maximum(4.0);
    let both = [jobs().statistic_values(set.build()).build(), jobs().value(10.0).build()];
    let put = bed.cloudwatch().put_metric_data().namespace(bed.name("jobs"));
    put.set_metric_data(Some(both.to_vec())).send().await.unwrap();
    assert_eq!(read(&bed, "Sum", 86_400).await.values(), [20.0]);
    assert_eq!(read(&bed, "Average", 86_400).await.values(), [4.0]);
    assert_eq!(read(&bed, "Maximum", 86_400).await.values(), [10.0]);
    Ok(())
}

async fn what_was_put_elsewhere_is_not_seen(bed: Bed) -> Outcome {
    bed.cloud()?;
    put(&bed).await;
    for (account, region) in [("222222222222", REGION), ("111111111111", "eu-west-1")] {
        let there = bed.cloudwatch_as(key_of(account), region);
        assert!(there.list_metrics().send().await.unwrap().metrics().is_empty());
    }
    Ok(())
}

async fn values_are_kept_for_15_days(bed: Bed) -> Outcome {
    put(&bed).await;
    bed.seconds(15 * 86_400 - 3_600).await?;
    assert_eq!(read(&bed, "SampleCount", 3_600).await.values(), [3.0]);
    bed.seconds(2 * 3_600).await?;
    let listed = bed.cloudwatch().list_metrics().namespace(bed.name("jobs")).send().await;
    assert!(listed.unwrap().metrics().is_empty());
    Ok(())
}

async fn what_is_not_computed_here_is_refused_loudly(bed: Bed) -> Outcome {
    bed.cloud()?;
    let refuse = async |query: MetricDataQuery| -> Result<String, Skip> {
        let read = bed.cloudwatch().get_metric_data().metric_data_queries(query);
        let read = read.start_time(from_now(&bed, -60)).end_time(from_now(&bed, 60));
        let (_, code, text) = refusal(read.send().await);
        assert!(text.contains("does not implement"), "{text}");
        Ok(code)
    };
    let percentile = of_jobs("jobs", "p99", 60);
    let percentile = MetricDataQuery::builder().id("a").metric_stat(percentile).build();
    assert_eq!(refuse(percentile).await?, "InvalidParameterCombination");
    let expression = MetricDataQuery::builder().id("a").expression("SUM(METRICS())").build();
    assert_eq!(refuse(expression).await?, "InvalidParameterCombination");
    Ok(())
}

async fn more_than_1440_points_are_refused(bed: Bed) -> Outcome {
    let read = bed.cloudwatch().get_metric_statistics().namespace("jobs").metric_name("Jobs");
    let read = read.period(60).statistics(aws_sdk_cloudwatch::types::Statistic::Sum);
    let read = read.start_time(from_now(&bed, -86_400 - 60)).end_time(from_now(&bed, 0));
    assert_eq!(refusal(read.send().await).1, "InvalidParameterCombination");
    Ok(())
}
