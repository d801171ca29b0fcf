//! Faults that meet a call on its way, whatever it asks for.

use super::{fired, handled, inject, once};
use crate::bed::{ACCOUNT, Bed, key_of};
use crate::fact::{Outcome, facts};
use aurora_restore_local::call::Service;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::QueueAttributeName as Q;
use aws_smithy_runtime_api::http::Response;

facts!("sqs":
    a_throttled_call_is_refused_with_the_code_of_its_service: "local cloud, fault throttle",
    an_internal_error_has_status_500: "local cloud, fault internal_error",
    expired_credentials_are_refused_with_the_code_of_the_service:
        "local cloud, fault expired_credentials",
    a_lack_of_permission_is_refused_with_the_code_of_the_service:
        "local cloud, fault access_denied",
    a_refusal_has_the_code_and_status_of_its_rule: "local cloud, fault refuse",
    a_lost_request_has_no_effect_and_no_answer: "local cloud, fault lost_request",
    a_lost_response_has_an_effect_and_no_answer: "local cloud, fault lost_response",
    a_connection_reset_within_the_answer_comes_after_the_effect:
        "local cloud, fault connection_reset",
    a_latency_is_added_to_a_call: "local cloud, fault latency",
    a_silent_region_takes_calls_and_never_answers: "local cloud, fault silent",
    an_unreachable_region_breaks_connections_and_others_answer: "local cloud, fault unreachable",
    a_call_without_an_answer_is_tried_again_by_the_sdk: "local cloud, fault connection_reset",
);

/// Wire code and HTTP status of a refusal.
fn refusal<T: std::fmt::Debug, E>(answer: Result<T, SdkError<E, Response>>) -> (String, u16)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let refusal = answer.unwrap_err();
    let status = refusal.raw_response().unwrap().status().as_u16();
    (refusal.code().unwrap().to_owned(), status)
}

/// The refusals of one call of each of five services while a rule meets them all.
async fn refusals(bed: &Bed, fault: FaultKind) -> Result<[(String, u16); 5], crate::fact::Skip> {
    inject(bed, FaultRule::always(fault))?;
    let all = [
        refusal(bed.sqs().list_queues().send().await),
        refusal(bed.dynamodb().list_tables().send().await),
        refusal(bed.rds().describe_db_clusters().send().await),
        refusal(bed.sts().get_caller_identity().send().await),
        refusal(bed.secrets().list_secrets().send().await),
    ];
    assert_eq!(fired(bed)?, [5]);
    Ok(all)
}

fn expected(all: [(&str, u16); 5]) -> [(String, u16); 5] {
    all.map(|(code, status)| (code.to_owned(), status))
}

async fn a_throttled_call_is_refused_with_the_code_of_its_service(bed: Bed) -> Outcome {
    let throttled = expected([
        ("RequestThrottled", 400),
        ("ThrottlingException", 400),
        ("Throttling", 400),
        ("Throttling", 400),
        ("ThrottlingException", 400),
    ]);
    assert_eq!(refusals(&bed, FaultKind::Throttle).await?, throttled);
    Ok(())
}

async fn an_internal_error_has_status_500(bed: Bed) -> Outcome {
    let broken = expected([
        ("InternalServiceError", 500),
        ("InternalServerError", 500),
        ("InternalFailure", 500),
        ("InternalFailure", 500),
        ("InternalServiceError", 500),
    ]);
    assert_eq!(refusals(&bed, FaultKind::InternalError).await?, broken);
    Ok(())
}

async fn expired_credentials_are_refused_with_the_code_of_the_service(bed: Bed) -> Outcome {
    let expired = expected([
        ("ExpiredToken", 403),
        ("ExpiredTokenException", 400),
        ("ExpiredToken", 403),
        ("ExpiredToken", 403),
        ("ExpiredTokenException", 400),
    ]);
    assert_eq!(refusals(&bed, FaultKind::ExpiredCredentials).await?, expired);
    Ok(())
}

async fn a_lack_of_permission_is_refused_with_the_code_of_the_service(bed: Bed) -> Outcome {
    let denied = expected([
        ("AccessDenied", 403),
        ("AccessDeniedException", 400),
        ("AccessDenied", 403),
        ("AccessDenied", 403),
        ("AccessDeniedException", 400),
    ]);
    assert_eq!(refusals(&bed, FaultKind::AccessDenied).await?, denied);
    Ok(())
}

async fn a_refusal_has_the_code_and_status_of_its_rule(bed: Bed) -> Outcome {
    once(&bed, "ListQueues", FaultKind::Refuse { code: "Teapot".into(), status: 418 })?;
    assert_eq!(refusal(bed.sqs().list_queues().send().await), ("Teapot".to_owned(), 418));
    bed.sqs().list_queues().send().await.unwrap();
    Ok(())
}

/// Creates a queue through a call that gets no answer; says whether the queue is there then.
async fn creates_without_answer(bed: &Bed, fault: FaultKind) -> Result<bool, crate::fact::Skip> {
    once(bed, "CreateQueue", fault)?;
    let create = bed.sqs().create_queue().queue_name("q.fifo").attributes(Q::FifoQueue, "true");
    let error = create.send().await.unwrap_err();
    assert!(error.as_service_error().is_none(), "{error:?}");
    Ok(bed.sqs().get_queue_url().queue_name("q.fifo").send().await.is_ok())
}

async fn a_lost_request_has_no_effect_and_no_answer(bed: Bed) -> Outcome {
    assert!(!creates_without_answer(&bed, FaultKind::LostRequest).await?);
    assert_eq!(handled(&bed, "CreateQueue")?, 0);
    Ok(())
}

async fn a_lost_response_has_an_effect_and_no_answer(bed: Bed) -> Outcome {
    assert!(creates_without_answer(&bed, FaultKind::LostResponse).await?);
    Ok(())
}

async fn a_connection_reset_within_the_answer_comes_after_the_effect(bed: Bed) -> Outcome {
    assert!(creates_without_answer(&bed, FaultKind::ConnectionReset).await?);
    let world = bed.cloud()?.world();
    assert!(world.meter.recent().any(|call| call.response_lost));
    Ok(())
}

async fn a_latency_is_added_to_a_call(bed: Bed) -> Outcome {
    once(&bed, "ListQueues", FaultKind::Latency { ms: 30 })?;
    let asked_ms = bed.now_ms();
    bed.sqs().list_queues().send().await.unwrap();
    assert!(bed.now_ms() - asked_ms >= 30);
    Ok(())
}

async fn a_silent_region_takes_calls_and_never_answers(bed: Bed) -> Outcome {
    let mut rule = FaultRule::always(FaultKind::Silent { ms: 30 });
    rule.region = Some("eu-west-1".into());
    inject(&bed, rule)?;
    let asked_ms = bed.now_ms();
    let there = bed.rds_as(key_of(ACCOUNT), "eu-west-1");
    let error = there.describe_db_clusters().send().await.unwrap_err();
    assert!(error.as_service_error().is_none(), "{error:?}");
    assert!(bed.now_ms() - asked_ms >= 30);
    assert_eq!(handled(&bed, "DescribeDBClusters")?, 0);
    bed.rds().describe_db_clusters().send().await.unwrap();
    Ok(())
}

async fn an_unreachable_region_breaks_connections_and_others_answer(bed: Bed) -> Outcome {
    let mut rule = FaultRule::always(FaultKind::Unreachable);
    rule.region = Some("eu-west-1".into());
    inject(&bed, rule)?;
    let there = bed.dynamodb_as(key_of(ACCOUNT), "eu-west-1");
    let error = there.list_tables().send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert_eq!(handled(&bed, "ListTables")?, 0);
    bed.dynamodb().list_tables().send().await.unwrap();
    assert_eq!(fired(&bed)?, [1]);
    Ok(())
}

async fn a_call_without_an_answer_is_tried_again_by_the_sdk(bed: Bed) -> Outcome {
    let faults = [FaultKind::ConnectionReset, FaultKind::LostResponse, FaultKind::Unreachable];
    for fault in faults {
        let mut rule = FaultRule::on("ListQueues", fault, 1);
        rule.service = Some(Service::Sqs);
        inject(&bed, rule)?;
    }
    let retries = aws_sdk_sqs::config::retry::RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(std::time::Duration::from_millis(1));
    let config = bed.sqs().config().to_builder().retry_config(retries);
    let config = config.sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
        aws_smithy_async::rt::sleep::TokioSleep::new(),
    ));
    aws_sdk_sqs::Client::from_conf(config.build()).list_queues().send().await.unwrap();
    assert_eq!(fired(&bed)?, [1, 1, 1]);
    Ok(())
}
