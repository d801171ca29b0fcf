//! Calls that are refused for who makes them, by every service in its protocol's code.

use super::{HUB, assume, roles, sts_of, trusting};
use crate::bed::{ACCOUNT, Bed, REGION};
use crate::fact::{Outcome, Skip, facts};
use crate::refusal::refusal;
use aws_credential_types::Credentials;
use serde_json::json;
use std::collections::BTreeMap;

facts!("sts":
    unknown_credentials_are_refused_by_every_service: "API Reference, Common Errors",
    a_session_needs_its_own_token: "IAM, using temporary security credentials",
    an_expired_session_is_refused_in_the_code_of_the_protocol: "API Reference, Common Errors",
    an_action_that_is_not_allowed_is_refused_in_the_code_of_the_protocol:
        "IAM, troubleshoot access denied error messages",
    what_a_role_allows_its_sessions_may_do: "IAM, AWS JSON policy elements: Action",
);

/// By service, the status, code and text with which a harmless call is refused.
async fn refusals(
    bed: &Bed,
    key: &Credentials,
) -> Result<BTreeMap<&'static str, (u16, String, String)>, Skip> {
    let key = || key.clone();
    let events = bed.raw_call_as(&key(), "events", "AWSEvents.ListRules", json!({})).await?;
    let text = |name: &str| events.1[name].as_str().unwrap().to_owned();
    let sns = bed.sns_as(key(), REGION);
    let kms = bed.kms_as(key(), REGION);
    Ok(BTreeMap::from([
        ("sqs", refusal(bed.sqs_as(key(), REGION).list_queues().send().await)),
        ("dynamodb", refusal(bed.dynamodb_as(key(), REGION).list_tables().send().await)),
        ("rds", refusal(bed.rds_as(key(), REGION).describe_db_clusters().send().await)),
        ("secrets", refusal(bed.secrets_as(key(), REGION).list_secrets().send().await)),
        ("kms", refusal(kms.describe_key().key_id("alias/aws/rds").send().await)),
        ("sns", refusal(sns.list_topics().send().await)),
        ("cloudwatch", refusal(bed.cloudwatch_as(key(), REGION).list_metrics().send().await)),
        ("events", (events.0, text("__type"), text("message"))),
    ]))
}

/// Checks that every service refuses a key: the query services with one code, those that speak
/// JSON with another.
async fn refused(bed: &Bed, key: &Credentials, query: &str, json: &str) -> Outcome {
    for (service, (status, code, _)) in refusals(bed, key).await? {
        let is_query = matches!(service, "rds" | "sns" | "cloudwatch");
        // SQS tells the code of its old query protocol in a header.
        let expected = match (service, query) {
            ("sqs", "ExpiredToken") => query,
            _ if is_query => query,
            _ => json,
        };
        assert_eq!((status, code.as_str()), (403, expected), "{service}");
    }
    let (status, code, _) = refusal(sts_of(bed, key).get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (403, query));
    Ok(())
}

async fn unknown_credentials_are_refused_by_every_service(bed: Bed) -> Outcome {
    for id in ["AKIANOBODY", "ASIANOBODY", "11111111111", "1111111111111", "11111111111x"] {
        let key = Credentials::new(id, "local", None, None, "tests");
        refused(&bed, &key, "InvalidClientTokenId", "UnrecognizedClientException").await?;
    }
    Ok(())
}

async fn a_session_needs_its_own_token(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT)])?;
    let (one, other) = (assume(&bed.sts(), HUB).await, assume(&bed.sts(), HUB).await);
    let others = other.session_token().map(str::to_owned);
    for (id, token) in [
        (one.access_key_id(), None),
        (one.access_key_id(), Some("wrong".to_owned())),
        (one.access_key_id(), others.clone()),
        (ACCOUNT, others),
    ] {
        let key = Credentials::new(id, "local", token, None, "tests");
        refused(&bed, &key, "InvalidClientTokenId", "UnrecognizedClientException").await?;
    }
    Ok(())
}

async fn an_expired_session_is_refused_in_the_code_of_the_protocol(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT)])?;
    let session = assume(&bed.sts(), HUB).await;
    sts_of(&bed, &session).get_caller_identity().send().await.unwrap();
    bed.seconds(3_600).await?;
    refused(&bed, &session, "ExpiredToken", "ExpiredTokenException").await
}

async fn an_action_that_is_not_allowed_is_refused_in_the_code_of_the_protocol(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT).allowing(&["iam:*"])])?;
    let session = assume(&bed.sts(), HUB).await;
    for (service, (status, code, text)) in refusals(&bed, &session).await? {
        let (expected, action) = match service {
            "sqs" => ("AccessDenied", "sqs:ListQueues"),
            "rds" => ("AccessDenied", "rds:DescribeDBClusters"),
            "cloudwatch" => ("AccessDenied", "cloudwatch:ListMetrics"),
            "sns" => ("AuthorizationError", "sns:ListTopics"),
            "dynamodb" => ("AccessDeniedException", "dynamodb:ListTables"),
            "secrets" => ("AccessDeniedException", "secretsmanager:ListSecrets"),
            "kms" => ("AccessDeniedException", "kms:DescribeKey"),
            _ => ("AccessDeniedException", "events:ListRules"),
        };
        assert_eq!((status, code.as_str()), (403, expected), "{service}");
        let who = "arn:aws:sts::222222222222:assumed-role/hub/tests";
        let sentence = format!("User: {who} is not authorized to perform: {action}");
        assert!(text.starts_with(&sentence), "{text}");
    }
    let (_, code, text) = refusal(super::ask(&sts_of(&bed, &session), HUB).send().await);
    assert_eq!(code, "AccessDenied");
    assert!(text.contains("sts:AssumeRole"), "{text}");
    Ok(())
}

async fn what_a_role_allows_its_sessions_may_do(bed: Bed) -> Outcome {
    let allowed = ["sqs:List*", "dynamodb:ListTables"];
    roles(&bed, [trusting(HUB, ACCOUNT).allowing(&allowed)])?;
    let session = assume(&bed.sts(), HUB).await;
    let sqs = bed.sqs_as(session.clone(), REGION);
    sqs.list_queues().send().await.unwrap();
    bed.dynamodb_as(session.clone(), REGION).list_tables().send().await.unwrap();
    let denied = sqs.get_queue_url().queue_name("q.fifo").send().await;
    assert_eq!(refusal(denied).1, "AccessDenied");
    // A batch needs the permission of a single message.
    roles(&bed, [trusting(HUB, ACCOUNT).allowing(&["sqs:SendMessage"])])?;
    let url = format!("http://sqs.local/{}/none.fifo", HUB.split(':').nth(4).unwrap());
    let batch = sqs.send_message_batch().queue_url(&url).send().await;
    assert_ne!(refusal(batch).1, "AccessDenied");
    let batch = sqs.delete_message_batch().queue_url(&url).send().await;
    assert_eq!(refusal(batch).1, "AccessDenied");
    // A policy that changes counts for sessions that are there.
    roles(&bed, [trusting(HUB, ACCOUNT).allowing(&["rds:*"])])?;
    assert_eq!(refusal(sqs.list_queues().send().await).1, "AccessDenied");
    bed.rds_as(session, REGION).describe_db_clusters().send().await.unwrap();
    Ok(())
}
