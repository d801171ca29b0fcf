//! Items: what they may be, and one call on one item.

use super::{Table, n, refusal, s};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use std::collections::BTreeMap;

facts!("dynamodb":
    an_item_with_every_type_is_stored_and_read_back: "DG, Supported data types and naming rules",
    a_put_if_absent_succeeds_once: "DG, Condition expressions: conditional put",
    an_update_returns_what_was_asked_for: "API UpdateItem: ReturnValues",
    an_update_creates_an_item_unless_it_only_removes: "API UpdateItem; DG, Update expressions",
    items_above_400_kib_are_refused: "DG, Quotas: item size",
    malformed_items_and_keys_are_refused:
        "API PutItem: Errors; DG, Quotas: partition and sort keys",
);

async fn an_item_with_every_type_is_stored_and_read_back(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let attributes = [
        ("bin", AttributeValue::B(Blob::new([0, 255]))),
        ("flag", AttributeValue::Bool(true)),
        ("none", AttributeValue::Null(true)),
        ("list", AttributeValue::L(vec![n("1.5"), s("")])),
        ("map", AttributeValue::M([("k".to_owned(), n(-3))].into())),
        ("ss", AttributeValue::Ss(vec!["a".into(), "b".into()])),
        ("ns", AttributeValue::Ns(vec!["1".into(), "2".into()])),
        ("bs", AttributeValue::Bs(vec![Blob::new([1])])),
    ];
    table.put("job#1", "state", &attributes).await;
    let item = table.get("job#1").await.unwrap();
    for (name, value) in attributes {
        assert_eq!(item[name], value, "{name}");
    }
    assert_eq!(table.get("job#2").await, None);
    table.put("job#3", "state", &[("num", n("007.50e1"))]).await;
    assert_eq!(table.get("job#3").await.unwrap()["num"], n("75"));
    Ok(())
}

async fn a_put_if_absent_succeeds_once(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let submit = |hash: &str| {
        table
            .client
            .put_item()
            .table_name(&table.name)
            .item("pk", s("job#1"))
            .item("sk", s("spec"))
            .item("digest", s(hash))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
    };
    submit("h1").await.unwrap();
    let e = submit("h2").await.unwrap_err().into_service_error();
    assert!(e.is_conditional_check_failed_exception());
    Ok(())
}

async fn an_update_returns_what_was_asked_for(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for (wanted, expected) in [
        (ReturnValue::None, vec![]),
        (ReturnValue::AllOld, vec![("a", 1), ("b", 2), ("gone", 3)]),
        (ReturnValue::AllNew, vec![("a", 2), ("b", 2)]),
        (ReturnValue::UpdatedOld, vec![("a", 1), ("gone", 3)]),
        (ReturnValue::UpdatedNew, vec![("a", 2)]),
    ] {
        table.put("job#1", "state", &[("a", n(1)), ("b", n(2)), ("gone", n(3))]).await;
        let update = table
            .update("job#1", "SET a = a + :one REMOVE gone")
            .expression_attribute_values(":one", n(1))
            .return_values(wanted.clone());
        let answer = update.send().await.unwrap();
        let mut found = BTreeMap::from_iter(answer.attributes.unwrap_or_default());
        found.retain(|name, _| name != "pk" && name != "sk");
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), n(value))).collect();
        assert_eq!(found, expected, "{wanted:?}");
    }
    let delete = table.client.delete_item().table_name(&table.name);
    let delete = delete.key("pk", s("job#1")).key("sk", s("state"));
    let answer = delete.return_values(ReturnValue::AllOld).send().await.unwrap();
    assert_eq!(answer.attributes.unwrap()["a"], n(2));
    assert_eq!(table.get("job#1").await, None);
    Ok(())
}

async fn an_update_creates_an_item_unless_it_only_removes(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.update("job#1", "REMOVE x").send().await.unwrap();
    assert_eq!(table.get("job#1").await, None);
    let add = table.update("job#1", "ADD holders.x :one, cnt :one");
    let refused = refusal(add.expression_attribute_values(":one", n(1)).send().await);
    assert!(refused.1.contains("document path"), "{refused:?}");
    let add = table.update("job#1", "ADD cnt :one");
    add.expression_attribute_values(":one", n(1)).send().await.unwrap();
    assert_eq!(table.get("job#1").await.unwrap()["cnt"], n(1));
    Ok(())
}

async fn items_above_400_kib_are_refused(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let put = |bytes: usize| {
        let put = table.client.put_item().table_name(&table.name);
        put.item("pk", s("a")).item("sk", s("state")).item("x", s("x".repeat(bytes))).send()
    };
    let keys = "pk".len() + "a".len() + "sk".len() + "state".len() + "x".len();
    put(400 * 1024 - keys).await.unwrap();
    let (code, text) = refusal(put(400 * 1024 - keys + 1).await);
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("ValidationException", "Item size has exceeded the maximum allowed size")
    );
    let grow = table.update("a", "SET y = :y").expression_attribute_values(":y", n(1));
    assert_eq!(
        refusal(grow.send().await).1,
        "Item size to update has exceeded the maximum allowed size"
    );
    Ok(())
}

async fn malformed_items_and_keys_are_refused(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let put = || table.client.put_item().table_name(&table.name).item("pk", s("a"));
    for (put, expected) in [
        (put(), "Missing the key sk in the item"),
        (put().item("sk", n(1)), "Type mismatch for key sk expected: S actual: N"),
        (put().item("sk", s("")), "cannot contain an empty string value. Key: sk"),
        (put().item("sk", s("x".repeat(1025))), "exceeded the size limit of 1024 bytes"),
        (
            put().item("sk", s("s")).item("due_at", s("1")),
            "Type mismatch for Index Key due_at Expected: N Actual: S IndexName: due",
        ),
        (
            put().item("sk", s("s")).item("due_shard", s("")),
            "empty string value. IndexName: due, IndexKey: due_shard",
        ),
        (
            put().item("sk", s("s")).item("v", AttributeValue::N("x".into())),
            "cannot be converted to a numeric value: x",
        ),
        (put().item("sk", s("s")).item("v", AttributeValue::Ss(vec![])), "set  may not be empty"),
    ] {
        let (code, text) = refusal(put.send().await);
        assert_eq!(code, "ValidationException");
        assert!(text.contains(expected), "{text}");
    }
    let short = table.client.get_item().table_name(&table.name).key("pk", s("a")).send().await;
    assert_eq!(refusal(short).1, "The provided key element does not match the schema");
    let key = table.update("a", "SET sk = :v").expression_attribute_values(":v", s("v"));
    let (_, text) = refusal(key.send().await);
    assert!(
        text.ends_with("Cannot update attribute sk. This attribute is part of the key"),
        "{text}"
    );
    let wrong_type = table.update("a", "SET due_at = :v").expression_attribute_values(":v", s("v"));
    assert!(refusal(wrong_type.send().await).1.contains("Type mismatch for Index Key due_at"));
    assert_eq!(table.get("a").await, None, "nothing of a refused update has happened");
    Ok(())
}
