//! Conditions, judged with the write.

use super::{Table, n, refusal, s};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::settings::WorldSettings;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use futures::future::join_all;

facts!("dynamodb":
    a_race_of_eight_conditional_updates_has_exactly_one_winner:
        "DG, Condition expressions; DG, Optimistic locking",
    a_race_on_slow_roads_has_exactly_one_winner_too [slow]: "DG, Condition expressions",
    a_failed_condition_returns_the_item_that_was_in_the_way:
        "API UpdateItem: ReturnValuesOnConditionCheckFailure",
);

/// A cloud whose calls take a while, so that they overlap.
fn slow() -> WorldSettings {
    WorldSettings { latency_ms: (1, 20), ..WorldSettings::default() }
}

/// Eight workers claim a job at the same time.
async fn race(bed: &Bed) {
    let table = Table::new(bed).await;
    table.put("job#1", "state", &[("seq", n(7)), ("epoch", n(0))]).await;
    let claims = (0..8).map(|worker| {
        let claim = table
            .update("job#1", "SET lease = :me ADD epoch :one")
            .condition_expression("seq = :seq AND attribute_not_exists(lease)")
            .expression_attribute_values(":me", s(format!("worker-{worker}")))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":seq", n(7));
        claim.send()
    });
    let answers = join_all(claims).await;
    let codes = answers.iter().filter_map(|answer| answer.as_ref().err()?.code());
    assert_eq!(codes.collect::<Vec<_>>(), ["ConditionalCheckFailedException"; 7]);
    let item = table.get("job#1").await.unwrap();
    assert_eq!(item["epoch"], n(1));
    let winner = answers.iter().position(Result::is_ok).unwrap();
    assert_eq!(item["lease"], s(format!("worker-{winner}")));
}

async fn a_race_of_eight_conditional_updates_has_exactly_one_winner(bed: Bed) -> Outcome {
    race(&bed).await;
    Ok(())
}

async fn a_race_on_slow_roads_has_exactly_one_winner_too(bed: Bed) -> Outcome {
    race(&bed).await;
    Ok(())
}

async fn a_failed_condition_returns_the_item_that_was_in_the_way(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &[("owner", s("w1")), ("fill", s("x".repeat(2000)))]).await;
    let attempt = |wanted| {
        table
            .update("job#1", "SET #o = :me")
            .condition_expression("attribute_not_exists(#o)")
            .expression_attribute_names("#o", "owner")
            .expression_attribute_values(":me", s("w2"))
            .return_values_on_condition_check_failure(wanted)
            .send()
    };
    let e = attempt(ReturnValuesOnConditionCheckFailure::AllOld).await.unwrap_err();
    let UpdateItemError::ConditionalCheckFailedException(e) = e.into_service_error() else {
        panic!("another error");
    };
    assert_eq!(e.item().unwrap()["owner"], s("w1"));
    let e = attempt(ReturnValuesOnConditionCheckFailure::None).await.unwrap_err();
    let UpdateItemError::ConditionalCheckFailedException(e) = e.into_service_error() else {
        panic!("another error");
    };
    assert_eq!(e.item(), None);
    let absent = table.update("job#9", "SET x = x").condition_expression("attribute_exists(pk)");
    assert_eq!(refusal(absent.send().await).0, "ConditionalCheckFailedException");
    assert_eq!(table.get("job#9").await, None);
    Ok(())
}
