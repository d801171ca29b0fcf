//! What comes into queues.

use super::{call, rule, target};
use crate::bed::{ACCOUNT, Bed, REGION};
use crate::fact::{Outcome, Skip, facts};
use crate::sqs::Queue;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::rds::model::Place;
use aurora_restore_local::rds::names::Kind;
use aurora_restore_local::rds::notices::Notice;
use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};
use std::time::Duration;

facts!("events":
    an_event_of_rds_comes_into_the_queues_of_rules_it_matches:
        "RDS UG, event messages; UG, event patterns",
    an_event_that_matches_no_rule_comes_nowhere: "UG, event patterns",
    a_rule_that_is_disabled_sends_nothing: "API DisableRule",
    a_long_poll_is_woken_by_an_event: "API ReceiveMessage, WaitTimeSeconds",
    a_long_poll_is_woken_when_a_cluster_becomes_available:
        "RDS UG, RDS-EVENT-0170; API ReceiveMessage, WaitTimeSeconds",
    what_happened_before_a_queue_was_a_target_is_not_told: "UG, rules",
    an_event_of_another_place_comes_nowhere: "UG, event buses",
    events_may_be_lost_or_come_twice: "RDS UG, events: best effort",
    own_events_can_be_put: "API PutEvents",
);

fn notice(bed: &Bed, account: &str, event_id: &'static str, category: &'static str) -> Notice {
    Notice {
        place: Place { account: account.into(), region: REGION.into() },
        kind: Kind::Cluster,
        identifier: "orders".into(),
        event_id,
        category,
        message: "DB cluster created".into(),
        at_ms: bed.now_ms(),
    }
}

/// Has RDS say something, and one call made after it.
async fn happens(bed: &Bed, notice: Notice) -> Result<(), Skip> {
    bed.cloud()?.world().rds.notify(notice);
    bed.rds().describe_db_clusters().send().await.unwrap();
    Ok(())
}

/// A queue that gets what a pattern means.
async fn listening(bed: &Bed, pattern: Value) -> Result<Queue, Skip> {
    bed.cloud()?;
    let queue = Queue::new(bed, "q.fifo", &[]).await;
    rule(bed, "r", pattern).await?;
    target(bed, "r", "q.fifo").await?;
    Ok(queue)
}

fn event(message: &Message) -> Value {
    serde_json::from_str(message.body().unwrap()).unwrap()
}

async fn an_event_of_rds_comes_into_the_queues_of_rules_it_matches(bed: Bed) -> Outcome {
    let pattern = json!({
        "source": ["aws.rds"],
        "detail-type": [{ "prefix": "RDS DB Cluster" }],
        "detail": { "EventID": ["RDS-EVENT-0170"], "SourceArn": [{ "exists": true }] },
    });
    let queue = listening(&bed, pattern).await?;
    happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation")).await?;
    let messages = queue.receive(10).await;
    let [only] = &messages[..] else { panic!("{messages:?}") };
    let event = event(only);
    let arn = format!("arn:aws:rds:{REGION}:{ACCOUNT}:cluster:orders");
    assert_eq!(event["version"], "0");
    assert_eq!(event["source"], "aws.rds");
    assert_eq!(event["detail-type"], "RDS DB Cluster Event");
    assert_eq!(event["account"], ACCOUNT);
    assert_eq!(event["region"], REGION);
    assert_eq!(event["resources"], json!([arn]));
    let time = event["time"].as_str().unwrap();
    assert!(time.starts_with("2027-01-15T08:00:") && time.ends_with('Z'), "{time}");
    let detail = &event["detail"];
    assert_eq!(detail["EventCategories"], json!(["creation"]));
    assert_eq!(detail["SourceType"], "CLUSTER");
    assert_eq!(detail["SourceArn"], arn);
    assert_eq!(detail["SourceIdentifier"], "orders");
    assert_eq!(detail["EventID"], "RDS-EVENT-0170");
    assert_eq!(detail["Message"], "DB cluster created");
    Ok(())
}

async fn an_event_that_matches_no_rule_comes_nowhere(bed: Bed) -> Outcome {
    let pattern = json!({ "detail": { "EventCategories": [{ "anything-but": "creation" }] } });
    let queue = listening(&bed, pattern).await?;
    happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation")).await?;
    assert!(queue.receive(10).await.is_empty());
    happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0171", "deletion")).await?;
    assert_eq!(queue.receive(10).await.len(), 1);
    Ok(())
}

async fn a_rule_that_is_disabled_sends_nothing(bed: Bed) -> Outcome {
    let queue = listening(&bed, json!({ "source": ["aws.rds"] })).await?;
    call(&bed, "DisableRule", json!({ "Name": "r" })).await?;
    happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation")).await?;
    call(&bed, "EnableRule", json!({ "Name": "r" })).await?;
    assert!(queue.receive(10).await.is_empty());
    Ok(())
}

async fn a_long_poll_is_woken_by_an_event(bed: Bed) -> Outcome {
    let queue = listening(&bed, json!({ "source": ["aws.rds"] })).await?;
    let asked_ms = bed.now_ms();
    let meanwhile = async {
        bed.until_parked(1).await;
        happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation")).await
    };
    let (messages, happened) = futures::join!(queue.receive_for(10, 30, 20), meanwhile);
    happened?;
    assert_eq!(messages.len(), 1);
    assert!(bed.now_ms() - asked_ms < 20_000);
    Ok(())
}

async fn a_long_poll_is_woken_when_a_cluster_becomes_available(bed: Bed) -> Outcome {
    let queue = listening(&bed, json!({ "detail": { "EventID": ["RDS-EVENT-0170"] } })).await?;
    let create = bed.rds().create_db_cluster().db_cluster_identifier("orders");
    let create = create.engine("aurora-postgresql").master_username("postgres");
    create.master_user_password("correct-horse").send().await.unwrap();
    let due_ms = bed.cloud()?.world().rds.next_due_ms(bed.now_ms()).unwrap();
    let shortly_before = u64::try_from(due_ms - bed.now_ms() - 5_000).unwrap();
    bed.pass(Duration::from_millis(shortly_before)).await?;
    let asked_ms = bed.now_ms();
    let poll = async {
        let messages = queue.receive_for(10, 30, 20).await;
        (messages, bed.now_ms())
    };
    let meanwhile = async {
        bed.until_parked(1).await;
        bed.seconds(6).await
    };
    let ((messages, woken_ms), passed) = futures::join!(poll, meanwhile);
    passed?;
    let [only] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(event(only)["detail"]["SourceIdentifier"], "orders");
    assert!(woken_ms - asked_ms < 20_000, "{} ms", woken_ms - asked_ms);
    Ok(())
}

async fn what_happened_before_a_queue_was_a_target_is_not_told(bed: Bed) -> Outcome {
    bed.cloud()?;
    happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation")).await?;
    bed.seconds(1).await?;
    let queue = listening(&bed, json!({ "source": ["aws.rds"] })).await?;
    assert!(queue.receive(10).await.is_empty());
    Ok(())
}

async fn an_event_of_another_place_comes_nowhere(bed: Bed) -> Outcome {
    let queue = listening(&bed, json!({ "source": ["aws.rds"] })).await?;
    happens(&bed, notice(&bed, "222222222222", "RDS-EVENT-0170", "creation")).await?;
    let mut elsewhere = notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation");
    elsewhere.place.region = "eu-west-1".into();
    happens(&bed, elsewhere).await?;
    assert!(queue.receive(10).await.is_empty());
    Ok(())
}

async fn events_may_be_lost_or_come_twice(bed: Bed) -> Outcome {
    let queue = listening(&bed, json!({ "source": ["aws.rds"] })).await?;
    bed.cloud()?.world().faults.add(FaultRule::always(FaultKind::LoseEvents));
    happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation")).await?;
    assert!(queue.receive(10).await.is_empty());
    bed.cloud()?.world().faults.clear();
    bed.cloud()?.world().faults.add(FaultRule::always(FaultKind::DoubleEvents));
    happens(&bed, notice(&bed, ACCOUNT, "RDS-EVENT-0170", "creation")).await?;
    let messages = queue.receive(10).await;
    let [one, other] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(event(one)["id"], event(other)["id"]);
    Ok(())
}

async fn own_events_can_be_put(bed: Bed) -> Outcome {
    let queue = listening(&bed, json!({ "source": ["jobs"], "detail": { "n": [7] } })).await?;
    let entry = |source: &str, detail: &str| json!({ "Source": source, "DetailType": "job ended", "Detail": detail });
    let entries = [
        entry("jobs", "{\"n\": 7}"),
        entry("jobs", "{\"n\": 8}"),
        entry("jobs", "no json"),
        entry("aws.rds", "{\"n\": 7}"),
    ];
    let answer = call(&bed, "PutEvents", json!({ "Entries": entries })).await?;
    assert_eq!(answer["FailedEntryCount"], 2, "{answer}");
    assert_eq!(answer["Entries"][2]["ErrorCode"], "MalformedDetail");
    assert_eq!(answer["Entries"][3]["ErrorCode"], "NotAuthorizedForSourceException");
    let messages = queue.receive(10).await;
    let [only] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(event(only)["id"], answer["Entries"][0]["EventId"]);
    assert_eq!(event(only)["detail"], json!({ "n": 7 }));
    Ok(())
}
