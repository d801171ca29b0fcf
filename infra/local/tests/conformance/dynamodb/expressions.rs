//! Expressions: conditions, updates, projections, key conditions, as written by their grammar.

use super::{Table, n, refusal, s, used};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as Value;
use std::collections::BTreeMap;

facts!("dynamodb":
    conditions_hold_as_their_grammar_says:
        "DG, Condition and filter expressions, operators, and functions",
    conditions_that_do_not_hold_refuse_the_write:
        "DG, Condition and filter expressions, operators, and functions",
    wrong_conditions_are_refused_whatever_the_item:
        "DG, Condition expressions; DG, Reserved words; API Common Errors: ValidationException",
    updates_change_what_their_grammar_says: "DG, Update expressions",
    updates_that_make_no_sense_change_nothing: "DG, Update expressions; API UpdateItem: Errors",
    a_projection_gives_nested_parts: "DG, Projection expressions",
    key_conditions_select_by_range_of_the_sort_key: "DG, Key condition expressions for queries",
    filters_judge_as_conditions_do: "DG, Filter expressions for the query operation",
);

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::M(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn strings(values: &[&str]) -> Value {
    Value::Ss(values.iter().map(|v| (*v).to_owned()).collect())
}

fn numbers(values: &[&str]) -> Value {
    Value::Ns(values.iter().map(|v| (*v).to_owned()).collect())
}

/// One attribute of every kind.
fn attributes() -> Vec<(&'static str, Value)> {
    vec![
        ("num", n(5)),
        ("neg", n("-1.5")),
        ("flag", Value::Bool(true)),
        ("nul", Value::Null(true)),
        ("bin", Value::B(Blob::new([1, 2, 3]))),
        ("txt", s("h\u{e9}llo")),
        ("tags", strings(&["a", "b"])),
        ("nums", numbers(&["1", "2"])),
        ("lst", Value::L(vec![n(1), map([("deep", s("x"))])])),
        ("doc", map([("a", n(1)), ("b.c", s("dotted")), ("steps", Value::L(vec![s("s0")]))])),
    ]
}

fn value(name: &str) -> Value {
    match name {
        ":one" => n(1),
        ":five" => n("5.0"),
        ":ten" => n(10),
        ":x" => s("x"),
        ":he" => s("h\u{e9}"),
        ":job" => s("job#"),
        ":yes" => Value::Bool(true),
        ":a" => s("a"),
        ":ab" => strings(&["b", "a"]),
        ":bc" => strings(&["b", "c"]),
        ":n23" => numbers(&["2", "3"]),
        ":n12" => numbers(&["1", "2"]),
        ":kindNS" => s("NS"),
        ":kindS" => s("S"),
        ":bin" => Value::B(Blob::new([1, 2])),
        ":list" => Value::L(vec![n(9)]),
        ":deep" => map([("deep", s("x"))]),
        ":null" => Value::Null(true),
        other => panic!("no value {other}"),
    }
}

fn name(placeholder: &str) -> &'static str {
    match placeholder {
        "#d" => "doc",
        "#bc" => "b.c",
        "#status" => "status",
        other => panic!("no name {other}"),
    }
}

/// The update with the names and values that it and its condition use.
fn filled(table: &Table, pk: &str, expression: &str, condition: &str) -> UpdateItemFluentBuilder {
    let mut update = table.update(pk, expression);
    if !condition.is_empty() {
        update = update.condition_expression(condition);
    }
    let both = format!("{expression} {condition}");
    for placeholder in used(&both, ':') {
        update = update.expression_attribute_values(placeholder, value(placeholder));
    }
    for placeholder in used(&both, '#') {
        update = update.expression_attribute_names(placeholder, name(placeholder));
    }
    update
}

async fn conditions_hold_as_their_grammar_says(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &attributes()).await;
    for condition in [
        "num = :five",
        "num <> :ten",
        "absent <> :one",
        "num < :ten AND num > :one AND num <= :five AND num >= :five",
        "neg < :one",
        "num BETWEEN :one AND :ten",
        "num BETWEEN :one AND :ten AND flag = :yes",
        "num IN (:one, :five)",
        "attribute_exists(doc.a)",
        "attribute_exists(#d.#bc)",
        "attribute_exists(lst[1].deep)",
        "attribute_not_exists(lst[7])",
        "attribute_not_exists(#status)",
        "attribute_type(nums, :kindNS) and attribute_type(txt, :kindS)",
        "begins_with(pk, :job)",
        "begins_with(bin, :bin)",
        "contains(txt, :he)",
        "contains(tags, :a)",
        "contains(nums, :one)",
        "contains(lst, :deep)",
        "size(tags) < :five",
        "size(txt) = :five",
        "size(bin) BETWEEN :one AND :five",
        "size(#d.steps) = :one",
        "tags = :ab",
        "lst[1] = :deep",
        "nul = :null",
        "NOT num = :one",
        "NOT absent = :one",
        "(num = :one OR num = :five) AND (flag = :yes)",
        "num = :five OR num = :one AND num = :ten",
        "lst[0] = doc.a",
    ] {
        let update = filled(&table, "job#1", "REMOVE zz", condition);
        assert!(update.send().await.is_ok(), "{condition}");
    }
    Ok(())
}

async fn conditions_that_do_not_hold_refuse_the_write(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &attributes()).await;
    for condition in [
        "num = :one",
        "num = :x",
        "absent = :one",
        "absent < :one",
        "txt < :one",
        "num BETWEEN :five AND :ten AND num = :one",
        "num IN (:one, :x)",
        "attribute_exists(doc.absent)",
        "attribute_exists(doc[0])",
        "attribute_not_exists(num)",
        "attribute_type(txt, :kindNS)",
        "begins_with(txt, :x)",
        "contains(tags, :x)",
        "contains(num, :one)",
        "size(num) > :one",
        "NOT (num = :one OR num = :five)",
        "(num = :five OR num = :one) AND num = :ten",
    ] {
        let update = filled(&table, "job#1", "SET touched = :yes", condition);
        let (code, _) = refusal(update.send().await);
        assert_eq!(code, "ConditionalCheckFailedException", "{condition}");
    }
    assert!(!table.get("job#1").await.unwrap().contains_key("touched"));
    Ok(())
}

async fn wrong_conditions_are_refused_whatever_the_item(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for (condition, expected) in [
        ("num = ", "Syntax error"),
        ("num == :one", "Syntax error"),
        ("(num = :one", "Syntax error"),
        ("attribute_exist(num)", "Invalid function name; function: attribute_exist"),
        ("status = :one", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("num BETWEEN :ten AND :one", "upper bound to be greater than or equal to lower bound"),
        ("begins_with(pk, :one)", "operator or function: begins_with, operand type: N"),
        ("num < :yes", "operator or function: <, operand type: BOOL"),
    ] {
        let (code, text) = refusal(filled(&table, "job#1", "REMOVE a", condition).send().await);
        assert_eq!(code, "ValidationException", "{condition}");
        assert!(text.contains(expected), "{condition}: {text}");
    }
    let unused = table.update("job#1", "REMOVE a").expression_attribute_values(":one", n(1));
    assert_eq!(refusal(unused.send().await).0, "ValidationException");
    let missing = table.update("job#1", "SET a = :one");
    assert_eq!(refusal(missing.send().await).0, "ValidationException");
    Ok(())
}

async fn updates_change_what_their_grammar_says(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let two = |first: Value, second: Value| Value::L(vec![first, second]);
    let cases: Vec<(&str, &str, Option<Value>)> = vec![
        ("SET num = num + :one", "num", Some(n(6))),
        ("SET num = :ten - num", "num", Some(n(5))),
        ("SET neg = neg + num", "neg", Some(n("3.5"))),
        ("SET num = if_not_exists(num, :ten)", "num", Some(n(5))),
        ("SET fresh = if_not_exists(fresh, :ten)", "fresh", Some(n(10))),
        ("SET fresh = if_not_exists(fresh, :ten) + :one", "fresh", Some(n(11))),
        (
            "SET lst = list_append(lst, :list)",
            "lst",
            Some(Value::L(vec![n(1), map([("deep", s("x"))]), n(9)])),
        ),
        (
            "SET #d.a = :ten",
            "doc",
            Some(map([("a", n(10)), ("b.c", s("dotted")), ("steps", Value::L(vec![s("s0")]))])),
        ),
        (
            "SET #d.steps[5] = :x REMOVE #d.a, #d.#bc",
            "doc",
            Some(map([("steps", two(s("s0"), s("x")))])),
        ),
        ("SET lst[0] = :ten", "lst", Some(two(n(10), map([("deep", s("x"))])))),
        ("SET lst[1].deep = :a", "lst", Some(two(n(1), map([("deep", s("a"))])))),
        ("REMOVE lst[0]", "lst", Some(Value::L(vec![map([("deep", s("x"))])]))),
        ("SET txt = neg, neg = txt", "txt", Some(n("-1.5"))),
        ("REMOVE txt, tags", "tags", None),
        ("ADD num :ten", "num", Some(n(15))),
        ("ADD cnt :one", "cnt", Some(n(1))),
        ("ADD tags :bc", "tags", Some(strings(&["a", "b", "c"]))),
        ("ADD nums :n23", "nums", Some(numbers(&["1", "2", "3"]))),
        ("ADD fresh :ab", "fresh", Some(strings(&["a", "b"]))),
        ("DELETE tags :bc", "tags", Some(strings(&["a"]))),
        ("DELETE nums :n12", "nums", None),
        ("DELETE absent :ab", "absent", None),
        ("SET num = :one ADD neg :one DELETE tags :bc REMOVE txt", "neg", Some(n("-0.5"))),
    ];
    for (expression, attribute, expected) in cases {
        table.put("job#1", "state", &attributes()).await;
        let updated = filled(&table, "job#1", expression, "").send().await;
        assert!(updated.is_ok(), "{expression}: {updated:?}");
        let item = table.get("job#1").await.unwrap();
        assert_eq!(item.get(attribute).map(sorted), expected.as_ref().map(sorted), "{expression}");
    }
    Ok(())
}

/// A set has no order.
fn sorted(value: &Value) -> Value {
    let in_order = |values: &Vec<String>| {
        let mut values = values.clone();
        values.sort_unstable();
        values
    };
    match value {
        Value::Ss(values) => Value::Ss(in_order(values)),
        Value::Ns(values) => Value::Ns(in_order(values)),
        other => other.clone(),
    }
}

async fn updates_that_make_no_sense_change_nothing(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &attributes()).await;
    let before = table.get("job#1").await;
    for expression in [
        "SET num = absent",
        "SET num = txt + :one",
        "SET absent.a = :one",
        "SET num.a = :one",
        "SET num = :one, num = :ten",
        "SET #d.a = :one, doc = :list",
        "SET lst = list_append(num, :list)",
        "ADD txt :one",
        "ADD lst :ab",
        "DELETE num :ab",
        "DELETE tags :a",
        "SET pk = :a",
        "SET num = :one SET txt = :a",
    ] {
        let e = filled(&table, "job#1", expression, "").send().await.unwrap_err();
        assert_eq!(e.code(), Some("ValidationException"), "{expression}");
    }
    assert_eq!(table.get("job#1").await, before);
    Ok(())
}

async fn a_projection_gives_nested_parts(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &attributes()).await;
    let get = table.client.get_item().table_name(&table.name).key("pk", s("job#1"));
    let get = get.key("sk", s("state")).projection_expression("num, #d.#bc, lst[1].deep, absent");
    let get = get.expression_attribute_names("#d", "doc").expression_attribute_names("#bc", "b.c");
    let found = get.consistent_read(true).send().await.unwrap().item.unwrap();
    let expected = [
        ("num", n(5)),
        ("doc", map([("b.c", s("dotted"))])),
        ("lst", Value::L(vec![map([("deep", s("x"))])])),
    ];
    let expected = expected.into_iter().map(|(name, value)| (name.to_owned(), value));
    assert_eq!(BTreeMap::from_iter(found), BTreeMap::from_iter(expected));
    Ok(())
}

async fn key_conditions_select_by_range_of_the_sort_key(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for sk in ["a", "ab", "b", "c"] {
        table.put("job#1", sk, &[]).await;
    }
    for (range, expected) in [
        ("sk = :v", vec!["b"]),
        ("sk < :v", vec!["a", "ab"]),
        ("sk <= :v", vec!["a", "ab", "b"]),
        ("sk > :v", vec!["c"]),
        ("sk >= :v", vec!["b", "c"]),
        ("sk BETWEEN :low AND :v", vec!["ab", "b"]),
        ("begins_with(sk, :low)", vec!["ab"]),
    ] {
        let query = table.client.query().table_name(&table.name).consistent_read(true);
        let mut query = query.key_condition_expression(format!("pk = :p AND {range}"));
        query = query.expression_attribute_values(":p", s("job#1"));
        for placeholder in used(range, ':') {
            let value = if placeholder == ":low" { "ab" } else { "b" };
            query = query.expression_attribute_values(placeholder, s(value));
        }
        let found = query.send().await.unwrap();
        let found: Vec<_> =
            found.items().iter().map(|i| i["sk"].as_s().unwrap().as_str()).collect();
        assert_eq!(found, expected, "{range}");
    }
    let query = |condition: &str| {
        let query = table.client.query().table_name(&table.name);
        let query = query.key_condition_expression(condition);
        query.expression_attribute_values(":p", s("job#1")).send()
    };
    for wrong in ["pk > :p", "sk = :p", "pk = :p OR sk = :p", "pk = :p AND sk <> :p"] {
        assert_eq!(refusal(query(wrong).await).0, "ValidationException", "{wrong}");
    }
    Ok(())
}

async fn filters_judge_as_conditions_do(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "a", &attributes()).await;
    table.put("job#1", "b", &[("num", n(50))]).await;
    for (filter, expected) in [
        ("num < :ten", vec!["a"]),
        ("attribute_not_exists(#d.a)", vec!["b"]),
        ("num > :one", vec!["a", "b"]),
        ("size(tags) = :ten OR num IN (:ten, :one)", vec![]),
    ] {
        let query = table.client.query().table_name(&table.name).consistent_read(true);
        let query = query.key_condition_expression("pk = :p").filter_expression(filter);
        let mut query = query.expression_attribute_values(":p", s("job#1"));
        for placeholder in used(filter, ':') {
            query = query.expression_attribute_values(placeholder, value(placeholder));
        }
        for placeholder in used(filter, '#') {
            query = query.expression_attribute_names(placeholder, name(placeholder));
        }
        let found = query.send().await.unwrap();
        assert_eq!(found.scanned_count(), 2, "{filter}");
        let found: Vec<_> =
            found.items().iter().map(|i| i["sk"].as_s().unwrap().as_str()).collect();
        assert_eq!(found, expected, "{filter}");
    }
    Ok(())
}
