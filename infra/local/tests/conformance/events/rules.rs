//! Rules and their targets.

use super::{call, queue_target, refused, rule, target};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use serde_json::json;

facts!("events":
    a_rule_is_described_as_it_was_made: "API PutRule, DescribeRule",
    rules_are_listed_by_prefix: "API ListRules",
    a_pattern_that_is_none_is_refused: "UG, event patterns; API PutRule, Errors",
    a_rule_with_targets_is_not_deleted: "API DeleteRule",
    a_rule_that_is_not_there_is_not_found: "API DescribeRule, Errors",
    a_fifo_queue_needs_a_message_group: "API SqsParameters",
    a_rule_has_up_to_five_targets: "UG, quotas",
    targets_other_than_queues_are_refused_loudly: "the local cloud",
    the_parameters_of_schedules_are_refused_loudly: "the local cloud",
    a_rule_that_is_changed_keeps_its_targets: "API PutRule",
);

async fn a_rule_is_described_as_it_was_made(bed: Bed) -> Outcome {
    let pattern = json!({ "source": ["aws.rds"] });
    let arn = rule(&bed, "r", pattern.clone()).await?["RuleArn"].clone();
    assert_eq!(arn, "arn:aws:events:us-east-1:111111111111:rule/r");
    let described = call(&bed, "DescribeRule", json!({ "Name": "r" })).await?;
    assert_eq!(described["Arn"], arn);
    assert_eq!(described["State"], "ENABLED");
    assert_eq!(described["EventPattern"], pattern.to_string());
    for (operation, state) in [("DisableRule", "DISABLED"), ("EnableRule", "ENABLED")] {
        call(&bed, operation, json!({ "Name": "r" })).await?;
        let described = call(&bed, "DescribeRule", json!({ "Name": "r" })).await?;
        assert_eq!(described["State"], state);
    }
    assert_eq!(bed.cloud()?.world().events.summary()[0]["arn"], arn);
    Ok(())
}

async fn rules_are_listed_by_prefix(bed: Bed) -> Outcome {
    for name in ["a-1", "a-2", "b-1"] {
        rule(&bed, name, json!({ "source": ["aws.rds"] })).await?;
    }
    let listed = call(&bed, "ListRules", json!({ "NamePrefix": "a-" })).await?;
    let names: Vec<_> = listed["Rules"].as_array().unwrap().iter().map(|r| &r["Name"]).collect();
    assert_eq!(names, ["a-1", "a-2"]);
    Ok(())
}

async fn a_pattern_that_is_none_is_refused(bed: Bed) -> Outcome {
    for pattern in ["{", "[]", "{\"source\": \"x\"}", "{\"source\": [{\"cidr\": \"10.0.0.0/8\"}]}"]
    {
        let code =
            refused(&bed, "PutRule", json!({ "Name": "r", "EventPattern": pattern })).await?;
        assert_eq!(code, "InvalidEventPatternException", "{pattern}");
    }
    assert_eq!(refused(&bed, "PutRule", json!({ "Name": "r" })).await?, "ValidationException");
    let unnamed = json!({ "Name": "a b", "EventPattern": "{\"source\": [\"x\"]}" });
    assert_eq!(refused(&bed, "PutRule", unnamed).await?, "ValidationException");
    Ok(())
}

async fn a_rule_with_targets_is_not_deleted(bed: Bed) -> Outcome {
    rule(&bed, "r", json!({ "source": ["aws.rds"] })).await?;
    target(&bed, "r", "q.fifo").await?;
    let delete = json!({ "Name": "r" });
    assert_eq!(refused(&bed, "DeleteRule", delete.clone()).await?, "ValidationException");
    let ids = json!({ "Rule": "r", "Ids": ["1", "2"] });
    let removed = call(&bed, "RemoveTargets", ids).await?;
    assert_eq!(removed["FailedEntryCount"], 1);
    assert_eq!(removed["FailedEntries"][0]["TargetId"], "2");
    for _ in 0..2 {
        call(&bed, "DeleteRule", delete.clone()).await?;
    }
    Ok(())
}

async fn a_rule_that_is_not_there_is_not_found(bed: Bed) -> Outcome {
    for (operation, member) in [("DescribeRule", "Name"), ("ListTargetsByRule", "Rule")] {
        let code = refused(&bed, operation, json!({ member: "absent" })).await?;
        assert_eq!(code, "ResourceNotFoundException");
    }
    let other_bus = json!({ "Name": "r", "EventBusName": "other" });
    assert_eq!(refused(&bed, "DescribeRule", other_bus).await?, "ResourceNotFoundException");
    Ok(())
}

async fn a_fifo_queue_needs_a_message_group(bed: Bed) -> Outcome {
    rule(&bed, "r", json!({ "source": ["aws.rds"] })).await?;
    let mut lacking = queue_target("1", "q.fifo");
    lacking["SqsParameters"] = json!({});
    let put = json!({ "Rule": "r", "Targets": [lacking] });
    assert_eq!(refused(&bed, "PutTargets", put).await?, "ValidationException");
    target(&bed, "r", "q.fifo").await?;
    let listed = call(&bed, "ListTargetsByRule", json!({ "Rule": "r" })).await?;
    assert_eq!(listed["Targets"], json!([queue_target("1", "q.fifo")]));
    Ok(())
}

async fn a_rule_has_up_to_five_targets(bed: Bed) -> Outcome {
    rule(&bed, "r", json!({ "source": ["aws.rds"] })).await?;
    let targets =
        |n: u32| (0..n).map(|n| queue_target(&n.to_string(), "q.fifo")).collect::<Vec<_>>();
    let six = json!({ "Rule": "r", "Targets": targets(6) });
    assert_eq!(refused(&bed, "PutTargets", six).await?, "LimitExceededException");
    for _ in 0..2 {
        call(&bed, "PutTargets", json!({ "Rule": "r", "Targets": targets(5) })).await?;
    }
    Ok(())
}

async fn targets_other_than_queues_are_refused_loudly(bed: Bed) -> Outcome {
    rule(&bed, "r", json!({ "source": ["aws.rds"] })).await?;
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    let put = json!({ "Rule": "r", "Targets": [{ "Id": "1", "Arn": function }] });
    let (_, answer) = bed.raw_call("events", "AWSEvents.PutTargets", put).await?;
    assert_eq!(answer["__type"], "ValidationException");
    assert!(answer["message"].as_str().unwrap().contains("does not implement"), "{answer}");
    let mut transformed = queue_target("1", "q.fifo");
    transformed["InputPath"] = json!("$.detail");
    let put = json!({ "Rule": "r", "Targets": [transformed] });
    assert_eq!(refused(&bed, "PutTargets", put).await?, "ValidationException");
    Ok(())
}

async fn the_parameters_of_schedules_are_refused_loudly(bed: Bed) -> Outcome {
    let schedule = json!({ "Name": "r", "ScheduleExpression": "rate(5 minutes)" });
    let (_, answer) = bed.raw_call("events", "AWSEvents.PutRule", schedule).await?;
    assert!(answer["message"].as_str().unwrap().contains("ScheduleExpression"), "{answer}");
    Ok(())
}

async fn a_rule_that_is_changed_keeps_its_targets(bed: Bed) -> Outcome {
    rule(&bed, "r", json!({ "source": ["aws.rds"] })).await?;
    target(&bed, "r", "q.fifo").await?;
    rule(&bed, "r", json!({ "source": ["other"] })).await?;
    let wrong = json!({ "Name": "r", "EventPattern": "{}", "State": "ENABLED" });
    assert_eq!(refused(&bed, "PutRule", wrong).await?, "InvalidEventPatternException");
    let listed = call(&bed, "ListTargetsByRule", json!({ "Rule": "r" })).await?;
    assert_eq!(listed["Targets"].as_array().unwrap().len(), 1);
    Ok(())
}
