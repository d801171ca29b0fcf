//! PutMetricData, and the two protocols.

use super::{dimension, from_now, jobs};
use crate::bed::{ACCOUNT, Bed, key_of};
use crate::fact::{Outcome, facts};
use crate::raw::Raw;
use crate::refusal::refusal;
use aws_sdk_cloudwatch::types::{MetricDatum, Statistic};

facts!("cloudwatch":
    a_request_has_up_to_1000_metrics_and_may_be_compressed: "API PutMetricData",
    values_must_be_given_in_one_way: "API MetricDatum",
    a_moment_may_be_two_weeks_back_and_two_hours_ahead: "API MetricDatum, Timestamp",
    a_namespace_of_aws_is_refused: "API PutMetricData, Namespace",
    what_is_wrong_with_one_metric_keeps_all_out: "API PutMetricData",
    the_query_protocol_is_understood_too: "API Reference, making query requests",
    a_body_that_is_no_cbor_is_refused: "Smithy RPC v2 CBOR",
    metrics_are_listed_by_what_they_have: "API ListMetrics",
);

async fn a_request_has_up_to_1000_metrics_and_may_be_compressed(bed: Bed) -> Outcome {
    let client = bed.cloudwatch();
    let namespace = bed.name("jobs");
    let data = |n: i32| (0..n).map(|n| jobs().value(f64::from(n)).build()).collect::<Vec<_>>();
    // Far more than the 10 KiB from which on the SDK compresses.
    let put = client.put_metric_data().namespace(&namespace).set_metric_data(Some(data(1_000)));
    put.send().await.unwrap();
    let put = client.put_metric_data().namespace(&namespace).set_metric_data(Some(data(1_001)));
    assert_eq!(refusal(put.send().await).1, "InvalidParameterValue");
    let read = client.get_metric_statistics().namespace(namespace).metric_name("Jobs");
    let read = read.dimensions(dimension("Queue", "q")).period(3_600);
    let read = read.start_time(from_now(&bed, -3_600)).end_time(from_now(&bed, 60));
    let read = read.statistics(Statistic::Sum).statistics(Statistic::SampleCount);
    let read = read.send().await.unwrap();
    let [only] = read.datapoints() else { panic!("{read:?}") };
    assert_eq!((only.sum(), only.sample_count()), (Some(499_500.0), Some(1_000.0)));
    Ok(())
}

async fn values_must_be_given_in_one_way(bed: Bed) -> Outcome {
    let client = bed.cloudwatch();
    let put = |datum: MetricDatum| {
        client.put_metric_data().namespace(bed.name("jobs")).metric_data(datum).send()
    };
    put(jobs().values(1.0).values(2.0).counts(3.0).counts(4.0).build()).await.unwrap();
    for (wrong, code) in [
        (jobs().build(), "InvalidParameterCombination"),
        (jobs().value(1.0).values(2.0).build(), "InvalidParameterCombination"),
        (jobs().values(1.0).values(2.0).counts(3.0).build(), "InvalidParameterValue"),
        (jobs().value(f64::NAN).build(), "InvalidParameterValue"),
        (jobs().value(f64::INFINITY).build(), "InvalidParameterValue"),
        (MetricDatum::builder().value(1.0).build(), "MissingParameter"),
    ] {
        let (status, is, _) = refusal(put(wrong.clone()).await);
        assert_eq!((status, is.as_str()), (400, code), "{wrong:?}");
    }
    Ok(())
}

async fn a_moment_may_be_two_weeks_back_and_two_hours_ahead(bed: Bed) -> Outcome {
    let client = bed.cloudwatch();
    let put = |seconds: i64| {
        let datum = jobs().value(1.0).timestamp(from_now(&bed, seconds)).build();
        client.put_metric_data().namespace(bed.name("jobs")).metric_data(datum).send()
    };
    let day = 86_400;
    for right in [-14 * day + 60, 2 * 3_600 - 60] {
        put(right).await.unwrap();
    }
    for wrong in [-14 * day - 60, 2 * 3_600 + 60] {
        assert_eq!(refusal(put(wrong).await).1, "InvalidParameterValue");
    }
    Ok(())
}

async fn a_namespace_of_aws_is_refused(bed: Bed) -> Outcome {
    let datum = jobs().value(1.0).build();
    let put = bed.cloudwatch().put_metric_data().namespace("AWS/RDS").metric_data(datum);
    assert_eq!(refusal(put.send().await).1, "InvalidParameterValue");
    Ok(())
}

async fn what_is_wrong_with_one_metric_keeps_all_out(bed: Bed) -> Outcome {
    let client = bed.cloudwatch();
    let put = client.put_metric_data().namespace(bed.name("jobs"));
    let put = put.metric_data(jobs().value(1.0).build()).metric_data(jobs().build());
    assert_eq!(refusal(put.send().await).1, "InvalidParameterCombination");
    let listed = client.list_metrics().namespace(bed.name("jobs")).send().await.unwrap();
    assert!(listed.metrics().is_empty());
    Ok(())
}

async fn the_query_protocol_is_understood_too(bed: Bed) -> Outcome {
    let put = "Action=PutMetricData&Version=2010-08-01&Namespace=jobs\
        &MetricData.member.1.MetricName=Jobs&MetricData.member.1.Dimensions.member.1.Name=Queue\
        &MetricData.member.1.Dimensions.member.1.Value=q&MetricData.member.1.Value=2.5\
        &MetricData.member.1.Timestamp=2027-01-15T08%3A00%3A00Z\
        &MetricData.member.2.MetricName=Jobs&MetricData.member.2.Dimensions.member.1.Name=Queue\
        &MetricData.member.2.Dimensions.member.1.Value=q&MetricData.member.2.Value=4\
        &MetricData.member.2.Timestamp=2027-01-15T08%3A00%3A30Z";
    let (status, answer) = bed.raw_form("monitoring", put).await?;
    assert_eq!(status, 200, "{answer}");
    let read = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=jobs&MetricName=Jobs\
        &Dimensions.member.1.Name=Queue&Dimensions.member.1.Value=q&Period=60\
        &StartTime=2027-01-15T08%3A00%3A00Z&EndTime=2027-01-15T08%3A01%3A00Z\
        &Statistics.member.1=Sum&Statistics.member.2=Average";
    let (status, answer) = bed.raw_form("monitoring", read).await?;
    assert_eq!(status, 200, "{answer}");
    for part in [
        "<GetMetricStatisticsResponse xmlns=",
        "<Label>Jobs</Label>",
        "<Datapoints><member>",
        "<Timestamp>2027-01-15T08:00:00Z</Timestamp>",
        "<Sum>6.5</Sum>",
        "<Average>3.25</Average>",
    ] {
        assert!(answer.contains(part), "{part} in {answer}");
    }
    let wrong = "Action=PutMetricData&Namespace=jobs&MetricData.member.1.MetricName=Jobs\
        &MetricData.member.1.Value=many";
    let (status, answer) = bed.raw_form("monitoring", wrong).await?;
    assert_eq!(status, 400);
    assert!(answer.contains("<Code>InvalidParameterValue</Code>"), "{answer}");
    // What one protocol put, the other reads.
    let listed = bed.cloudwatch().list_metrics().namespace("jobs").send().await.unwrap();
    assert_eq!(listed.metrics().len(), 1);
    Ok(())
}

async fn a_body_that_is_no_cbor_is_refused(bed: Bed) -> Outcome {
    let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
    let cbor = [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")];
    let gzip = [cbor[0], cbor[1], ("content-encoding", "gzip")];
    for (headers, body) in [(&cbor[..], &b"\xff\xff"[..]), (&gzip[..], &b"no gzip"[..])] {
        let raw = Raw { service: "monitoring", path, headers, body };
        let (status, answer) = bed.raw(&key_of(ACCOUNT), &raw).await?;
        assert_eq!(status, 400);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("SerializationException"), "{answer}");
    }
    Ok(())
}

async fn metrics_are_listed_by_what_they_have(bed: Bed) -> Outcome {
    let client = bed.cloudwatch();
    let namespace = bed.name("jobs");
    let put = client.put_metric_data().namespace(&namespace).metric_data(jobs().value(1.0).build());
    let other = MetricDatum::builder().metric_name("Errors").value(1.0).build();
    put.metric_data(other).send().await.unwrap();
    let list = || client.list_metrics().namespace(&namespace);
    assert_eq!(list().send().await.unwrap().metrics().len(), 2);
    assert_eq!(list().metric_name("Errors").send().await.unwrap().metrics().len(), 1);
    let filter = aws_sdk_cloudwatch::types::DimensionFilter::builder().name("Queue");
    let with = list().dimensions(filter.clone().build()).send().await.unwrap();
    assert_eq!(with.metrics()[0].metric_name(), Some("Jobs"));
    let without = list().dimensions(filter.value("other").build()).send().await.unwrap();
    assert!(without.metrics().is_empty());
    Ok(())
}
