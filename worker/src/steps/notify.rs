//! `notify`: wants those who asked to know: by an SNS topic, an EventBridge bus or a signed webhook, in
//! the log always.
//! Told at least once: whoever hears it twice finds the same job id in it.

use crate::database::read_text;
use crate::step::{Done, StepContext, StepResult, done, request_ids};
use aurora_restore_shared::clock::timestamp;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::{AccountId, RegionName};
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::Notify;
use aurora_restore_shared::webhook::{self, Message};
use aws_sdk_eventbridge::operation::RequestId;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

/// What stands in an event as its source and kind.
const EVENT_SOURCE: &str = "aurora-restore";
const EVENT_TYPE: &str = "Aurora Restore Job Succeeded";

/// The same for webhooks.
const WEBHOOK_TYPE: &str = "aurora_restore.job.succeeded";

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
        Notify::Webhook(address) => post(cx, address, news).await.map(Some),
    }
}

/// Tells a webhook; answers the id of the message, the same at each try.
async fn post(cx: &StepContext<'_>, address: &str, news: &Value) -> Result<String, Failure> {
    let refused = |text: String| Failure::permanent(FailureCode::WebhookRefused, text);
    let env = &cx.worker.env;
    let settings = &env.common.webhooks;
    let address = webhook::address(address).map_err(|why| refused(format!("the address {why}")))?;
    let host = address.host_str().unwrap_or_default();
    let secret = settings.secret.as_ref().filter(|_| settings.allows(host)).ok_or_else(|| {
        refused(format!("the settings of this worker do not name {host} in webhooks.hosts"))
    })?;
    let key = signing_key(cx, secret).await?;
    let at_ms = cx.worker.now_ms();
    let body = json!({ "type": WEBHOOK_TYPE, "timestamp": timestamp(at_ms), "data": news });
    let (id, body) = (format!("{}-succeeded", cx.spec.id), body.to_string());
    let message = Message { id: &id, at_s: at_ms / 1_000, body: &body, key: &key };
    let answer = env.webhooks.post(&address, &message).await;
    match answer {
        Ok(200..=299) => Ok(id),
        Ok(status @ (408 | 425 | 429 | 500..)) => {
            Err(unreachable_now(host, &format!("answers with status {status}")))
        }
        Ok(status) => Err(refused(format!("the webhook at {host} answers with status {status}"))),
        Err(why) => Err(unreachable_now(host, &why)),
    }
}

fn unreachable_now(host: &str, why: &str) -> Failure {
    let text = format!("the webhook at {host}: {why}");
    Failure::transient(FailureCode::WebhookUnreachable, text)
}

/// What messages are signed with: a secret of the home account, in the home Region.
async fn signing_key(cx: &StepContext<'_>, name: &str) -> Result<Vec<u8>, Failure> {
    let env = &cx.worker.env;
    let home = env.home_place(&env.common.region).await?;
    let (text, _) = read_text(&home, name, None).await?;
    webhook::key_of(text.as_str()).ok_or_else(|| {
        let text = format!(
            "secret {name:?} is no key to sign with: give 24 bytes or more, as whsec_<base64> or as text"
        );
        Failure::permanent(FailureCode::SecretUnusable, text)
    })
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
