//! `notify`: wants those who asked to know: by an SNS topic or an EventBridge bus, in the log always.
//! Told at least once: whoever hears it twice finds the same job id in it.

use crate::step::{Done, StepContext, StepResult, done, request_ids};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::{AccountId, RegionName};
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::Notify;
use aws_sdk_eventbridge::operation::RequestId;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

/// What stands in an event as its source and kind.
const EVENT_SOURCE: &str = "aurora-restore";
const EVENT_TYPE: &str = "Aurora Restore Job Succeeded";

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let target = &cx.spec.request.target;
    tracing::info!(job = %cx.spec.id, cluster = %target.cluster, region = %target.region,
        caller = cx.spec.request.caller_name(), "restored and verified");
    let news = news(&cx);
    let mut ids = Vec::new();
    for receiver in &cx.spec.request.notify {
        ids.extend(tell(&cx, receiver, &news).await?);
    }
    let note = format!("{} is restored and verified; {} told", target.cluster, ids.len());
    Ok(Done { details: request_ids(ids), ..done(How::Did, note) }.into())
}

fn news(cx: &StepContext<'_>) -> Value {
    let target = &cx.spec.request.target;
    json!({
        "job": cx.spec.id.to_string(),
        "status": "succeeded",
        "account": target.account,
        "region": target.region,
        "cluster": target.cluster,
        "caller": cx.spec.request.caller_name(),
        "labels": cx.spec.request.labels,
    })
}

async fn tell(
    cx: &StepContext<'_>,
    receiver: &Notify,
    news: &Value,
) -> Result<Option<String>, Failure> {
    match receiver {
        Notify::Sns(arn) => {
            let (account, region) = place_of(arn)?;
            let sns = cx.worker.env.place(&account, &region).await?.sns();
            let call = sns.publish().topic_arn(arn).message(news.to_string());
            let subject = format!("aurora-restore: {} is restored", cx.spec.request.target.cluster);
            let answer = call.subject(subject.chars().take(100).collect::<String>()).send().await;
            let answer = answer.map_err(|e| Failure::from_sdk("telling the SNS topic", &e))?;
            Ok(answer.request_id().map(str::to_owned))
        }
        Notify::EventBridge(arn) => {
            let (account, region) = place_of(arn)?;
            let events = cx.worker.env.place(&account, &region).await?.events();
            let entry = PutEventsRequestEntry::builder()
                .event_bus_name(arn)
                .source(EVENT_SOURCE)
                .detail_type(EVENT_TYPE)
                .detail(news.to_string());
            let answer = events.put_events().entries(entry.build()).send().await;
            let answer = answer.map_err(|e| Failure::from_sdk("telling the event bus", &e))?;
            if answer.failed_entry_count() > 0 {
                let text = format!("the event bus {arn} did not take the event");
                return Err(Failure::transient(FailureCode::AwsUnavailable, text));
            }
            Ok(answer.request_id().map(str::to_owned))
        }
        Notify::Webhook(address) => {
            let text = format!("this release tells no webhook ({address})");
            Err(Failure::permanent(FailureCode::PlanRefused, text))
        }
    }
}

/// The account and Region in an ARN.
fn place_of(arn: &str) -> Result<(AccountId, RegionName), Failure> {
    let mut parts = arn.split(':').skip(3);
    let region = parts.next().and_then(|text| text.parse().ok());
    let account = parts.next().and_then(|text| text.parse().ok());
    account.zip(region).ok_or_else(|| {
        let text = format!("{arn:?} is no ARN with a Region and an account");
        Failure::permanent(FailureCode::RefusedByAws, text)
    })
}
