//! Expressions as a call carries them, against items.

use super::super::input::Input;
use super::super::schema::{KeyAttr, KeySchema, KeyType};
use super::super::value::{Item, item_from_json, item_to_json};
use super::names::Scope;
use super::{holds, parse, parse_update};
use crate::error::AwsError;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

fn item() -> Item {
    item_from_json(&json!({
        "pk": {"S": "job#1"}, "n": {"N": "5"}, "neg": {"N": "-1.5"}, "flag": {"BOOL": true},
        "nul": {"NULL": true}, "bin": {"B": "AQID"}, "txt": {"S": "h\u{e9}llo"},
        "tags": {"SS": ["a", "b"]}, "nums": {"NS": ["1", "2"]},
        "lst": {"L": [{"N": "1"}, {"M": {"deep": {"S": "x"}}}]},
        "doc": {"M": {"a": {"N": "1"}, "b.c": {"S": "dotted"}, "steps": {"L": [{"S": "s0"}]}}},
    }))
    .unwrap()
}

fn call(expression: &str, member: &str) -> Value {
    let mut call = json!({
        "ExpressionAttributeNames": {"#d": "doc", "#bc": "b.c", "#status": "status"},
        "ExpressionAttributeValues": {
            ":one": {"N": "1"}, ":five": {"N": "5.0"}, ":ten": {"N": "10"}, ":s": {"S": "x"},
            ":he": {"S": "h\u{e9}"}, ":job": {"S": "job#"}, ":t": {"BOOL": true}, ":a": {"S": "a"},
            ":ab": {"SS": ["b", "a"]}, ":ns": {"S": "NS"}, ":S": {"S": "S"}, ":bin": {"B": "AQI="},
            ":l": {"L": [{"N": "9"}]}, ":m": {"M": {"deep": {"S": "x"}}}, ":null": {"NULL": true},
            ":z": {"S": "z"}, ":empty": {"S": ""},
        },
    });
    call[member] = json!(expression);
    call
}

fn judge(expression: &str) -> Result<bool, AwsError> {
    let call = call(expression, "ConditionExpression");
    let mut scope = Scope::of(Input::of(&call).unwrap()).unwrap();
    let condition = scope.condition("ConditionExpression")?;
    Ok(holds(condition.as_ref(), &item(), scope.values()))
}

fn update(expression: &str) -> Result<Value, AwsError> {
    let call = call(expression, "UpdateExpression");
    let mut scope = Scope::of(Input::of(&call).unwrap()).unwrap();
    let update = scope.update()?.unwrap();
    update.apply(&item(), scope.values()).map(|item| item_to_json(&item))
}

#[test]
fn conditions_that_hold() {
    for expression in [
        "n = :five",
        "n <> :ten",
        "absent <> :one",
        "n < :ten AND n > :one AND n <= :five AND n >= :five",
        "neg < :one",
        "n BETWEEN :one AND :ten",
        "n BETWEEN :one AND :ten AND flag = :t",
        "n IN (:one, :five)",
        "attribute_exists(doc.a)",
        "attribute_exists(#d.#bc)",
        "attribute_exists(lst[1].deep)",
        "attribute_not_exists(lst[7])",
        "attribute_not_exists(#status)",
        "attribute_not_exists(n.x)",
        "attribute_type(nums, :ns) and attribute_type(txt, :S)",
        "begins_with(pk, :job)",
        "begins_with(bin, :bin)",
        "contains(txt, :he)",
        "contains(tags, :a)",
        "contains(nums, :one)",
        "contains(lst, :m)",
        "size(tags) < :five",
        "size(txt) = :five",
        "size(#d.steps) = :one",
        "tags = :ab",
        "lst[1] = :m",
        "nul = :null",
        "NOT n = :one",
        "NOT absent = :one",
        "not not n = :five",
        "(n = :one OR n = :five) AND (flag = :t)",
        "n = :five OR n = :one AND n = :ten",
        "doc.a=:one AND(lst[0]=:one)",
        "lst[0] = doc.a",
        ":one < n",
    ] {
        assert!(judge(expression).unwrap(), "{expression}");
    }
}

#[test]
fn conditions_that_do_not_hold() {
    for expression in [
        "n = :one",
        "n = :s",
        "absent = :one",
        "absent < :one",
        "txt < :one",
        "n BETWEEN :five AND :ten AND n = :one",
        "n IN (:one, :s)",
        "attribute_exists(doc.absent)",
        "attribute_exists(doc[0])",
        "attribute_not_exists(n)",
        "attribute_type(txt, :ns)",
        "begins_with(txt, :s)",
        "contains(tags, :s)",
        "contains(n, :one)",
        "size(n) > :one",
        "NOT (n = :one OR n = :five)",
        "(n = :five OR n = :one) AND n = :ten",
        "absent = also_missing",
    ] {
        assert!(!judge(expression).unwrap(), "{expression}");
    }
}

#[test]
fn wrong_conditions_are_refused_in_the_words_of_aws() {
    for (expression, text) in [
        ("", "The expression can not be empty;"),
        ("n = ", "Syntax error; token: \"<EOF>\""),
        ("n == :one", "Syntax error; token: \"=\""),
        ("n = :one AND", "Syntax error; token: \"<EOF>\""),
        ("n = :one)", "Syntax error; token: \")\""),
        ("(n = :one", "Syntax error; token: \"<EOF>\""),
        ("attribute_exist(n)", "Invalid function name; function: attribute_exist"),
        ("n = :nope", "value used in expression is not defined; attribute value: :nope"),
        ("#nope = :one", "in the document path is not defined; attribute name: #nope"),
        ("status = :one", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("doc.Region = :one", "Attribute name is a reserved keyword; reserved keyword: Region"),
        ("n BETWEEN :ten AND :one", "upper bound to be greater than or equal to lower bound"),
        ("n BETWEEN :one AND :s", "requires same data type for lower and upper bounds"),
        ("begins_with(pk, :one)", "operator or function: begins_with, operand type: N"),
        ("n < :t", "operator or function: <, operand type: BOOL"),
        ("attribute_type(n, :s)", "Invalid attribute type name found; type: x"),
    ] {
        let e = judge(expression).unwrap_err();
        assert_eq!(e.code, "ValidationException", "{expression}");
        assert!(e.message.starts_with("Invalid ConditionExpression: "), "{}", e.message);
        assert!(e.message.contains(text), "{expression}: {}", e.message);
    }
}

#[test]
fn placeholders_that_nothing_uses_are_refused() {
    for (call, text) in [
        (
            json!({"ConditionExpression": "n = :a", "ExpressionAttributeValues":
            {":a": {"N": "1"}, ":b": {"N": "1"}}}),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
        ),
        (
            json!({"ConditionExpression": "attribute_exists(n)",
                "ExpressionAttributeNames": {"#x": "x"}}),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}",
        ),
        (
            json!({"ExpressionAttributeNames": {"#x": "x"}}),
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
    ] {
        let mut scope = Scope::of(Input::of(&call).unwrap()).unwrap();
        scope.condition("ConditionExpression").unwrap();
        assert_eq!(scope.finish().unwrap_err().message, text);
    }
    for call in [
        json!({"ExpressionAttributeValues": {}}),
        json!({"ExpressionAttributeValues": {"a": {"N": "1"}}}),
        json!({"ExpressionAttributeValues": {":a": {"N": "x"}}}),
        json!({"ExpressionAttributeNames": {"#": "a"}}),
        json!({"ExpressionAttributeNames": {"#a": ""}}),
    ] {
        let refused = Scope::of(Input::of(&call).unwrap()).unwrap_err();
        assert_eq!(refused.code, "ValidationException", "{call}");
    }
}

#[test]
fn updates_change_what_they_name_and_nothing_else() {
    for (expression, path, expected) in [
        ("SET n = :one", "/n", json!({"N": "1"})),
        ("SET n = n + :one", "/n", json!({"N": "6"})),
        ("SET n = n - :ten, neg = n", "/n", json!({"N": "-5"})),
        ("SET neg = n, n = :one", "/neg", json!({"N": "5"})),
        ("SET fresh = if_not_exists(fresh, :one) + :one", "/fresh", json!({"N": "2"})),
        ("SET n = if_not_exists(n, :one)", "/n", json!({"N": "5"})),
        ("SET lst = list_append(:l, lst)", "/lst/L/0", json!({"N": "9"})),
        ("SET fresh = list_append(if_not_exists(fresh, :l), :l)", "/fresh/L/1", json!({"N": "9"})),
        ("SET #d.#bc = :s", "/doc/M/b.c", json!({"S": "x"})),
        ("SET doc.fresh = :s", "/doc/M/fresh", json!({"S": "x"})),
        ("SET lst[0] = :s", "/lst/L/0", json!({"S": "x"})),
        ("SET lst[9] = :s, lst[8] = :a", "/lst/L/2", json!({"S": "a"})),
        ("SET lst[1].deep = :a", "/lst/L/1/M/deep", json!({"S": "a"})),
        ("REMOVE lst[0]", "/lst/L/0", json!({"M": {"deep": {"S": "x"}}})),
        ("REMOVE lst[0], lst[1]", "/lst", json!({"L": []})),
        ("REMOVE doc.a, absent", "/doc/M/a", Value::Null),
        ("REMOVE n SET neg = :one", "/n", Value::Null),
        ("ADD n :one", "/n", json!({"N": "6"})),
        ("ADD fresh :ten", "/fresh", json!({"N": "10"})),
        ("ADD tags :ab", "/tags", json!({"SS": ["a", "b"]})),
        ("ADD doc.cnt :one", "/doc/M/cnt", json!({"N": "1"})),
        ("DELETE tags :ab", "/tags", Value::Null),
        ("DELETE absent :ab", "/absent", Value::Null),
    ] {
        let new = update(expression).unwrap();
        let found = new.pointer(path).cloned().unwrap_or(Value::Null);
        assert_eq!(found, expected, "{expression}");
        assert_eq!(new["flag"], json!({"BOOL": true}));
    }
}

#[test]
fn wrong_updates_are_refused() {
    for (expression, text) in [
        ("SET n = :one SET neg = :one", "\"SET\" section can only be used once"),
        ("SET n = absent", "refers to an attribute that does not exist in the item"),
        ("SET n = txt + :one", "operand in the update expression has an incorrect data type"),
        (
            "SET n = list_append(n, :l)",
            "operand in the update expression has an incorrect data type",
        ),
        ("ADD txt :one", "operand in the update expression has an incorrect data type"),
        ("DELETE nums :ab", "operand in the update expression has an incorrect data type"),
        ("ADD n :s", "operator: ADD, operand type: S"),
        ("DELETE tags :one", "operator: DELETE, operand type: N"),
        ("SET absent.x = :one", "document path provided in the update expression is invalid"),
        ("SET n.x = :one", "document path provided in the update expression is invalid"),
        ("REMOVE absent.x", "document path provided in the update expression is invalid"),
        ("SET doc.a = :one, doc = :m", "Two document paths overlap with each other"),
        ("SET doc.a = :one REMOVE doc[0]", "Two document paths conflict with each other"),
        ("SET n = :one REMOVE n", "Two document paths overlap with each other"),
        ("SET n :one", "Syntax error"),
        ("SET n = upper(n)", "Invalid function name; function: upper"),
        ("PUT n = :one", "Syntax error; token: \"PUT\""),
        ("SET status = :one", "reserved keyword: status"),
        ("ADD n :nope", "attribute value: :nope"),
    ] {
        let e = update(expression).unwrap_err();
        assert_eq!(e.code, "ValidationException", "{expression}");
        assert!(e.message.contains(text), "{expression}: {}", e.message);
    }
}

#[test]
fn a_projection_keeps_the_parts_it_names() {
    let call = json!({"ProjectionExpression": "pk, doc.steps[0], lst[1], absent, n.x"});
    let mut scope = Scope::of(Input::of(&call).unwrap()).unwrap();
    let kept = scope.projection().unwrap().unwrap().cut(&item());
    let expected = json!({"pk": {"S": "job#1"}, "doc": {"M": {"steps": {"L": [{"S": "s0"}]}}},
        "lst": {"L": [{"M": {"deep": {"S": "x"}}}]}});
    assert_eq!(item_to_json(&kept), expected);
}

fn key_condition(expression: &str) -> Result<super::Span, AwsError> {
    let attr = |name: &str, kind| KeyAttr { name: name.into(), kind };
    let schema = KeySchema { hash: attr("pk", KeyType::S), range: Some(attr("sk", KeyType::N)) };
    let call = call(expression, "KeyConditionExpression");
    Scope::of(Input::of(&call).unwrap()).unwrap().key_condition(&schema)
}

#[test]
fn key_conditions_describe_one_stretch() {
    for expression in
        ["pk = :s", "sk > :one AND pk = :s", "(pk = :s) AND (sk BETWEEN :one AND :ten)"]
    {
        let span = key_condition(expression).unwrap();
        assert!(span.from < span.to, "{expression}");
    }
    for (expression, text) in [
        ("sk = :one", "Query condition missed key schema element: pk"),
        ("pk = :s AND n = :one", "Query condition missed key schema element: sk"),
        ("pk > :s", "Query key condition not supported"),
        ("pk = :s OR sk = :one", "Invalid operator used in KeyConditionExpression: OR"),
        ("pk = :s AND sk <> :one", "Invalid operator used in KeyConditionExpression: <>"),
        ("pk = :s AND pk = :a", "must only contain one condition per key"),
        ("pk = :one", "Condition parameter type does not match schema type"),
        ("pk = :s AND begins_with(sk, :a)", "Condition parameter type does not match schema type"),
        ("pk = :empty", "cannot contain an empty string value. Key: pk"),
        ("pk = n", "Query key condition not supported"),
        ("pk = :s AND attribute_exists(sk)", "Query key condition not supported"),
    ] {
        let e = key_condition(expression).unwrap_err();
        assert!(e.message.contains(text), "{expression}: {}", e.message);
    }
}

#[test]
fn deep_nesting_is_refused_instead_of_exhausting_the_stack() {
    let nested = |n: usize| format!("{}n = :one{}", "(".repeat(n), ")".repeat(n));
    assert!(parse::condition(&nested(64)).is_ok());
    assert!(parse::condition(&nested(65)).is_err());
    assert!(parse::condition(&"NOT ".repeat(1000)).is_err());
    assert!(parse::condition(&format!("a = {}", "b".repeat(5000))).is_err());
}

#[test]
fn the_list_of_reserved_words_is_whole() {
    let words: Vec<_> = include_str!("reserved.txt").split_ascii_whitespace().collect();
    assert_eq!(words.len(), 573);
    assert!(words.is_sorted_by(|a, b| a < b));
}

const TOKENS: [&str; 31] = [
    "a",
    "#n",
    ":v",
    ".",
    "[",
    "0",
    "99999999999999999999999",
    "]",
    "(",
    ")",
    "=",
    "<>",
    "<",
    ",",
    "AND",
    "or",
    "NOT",
    "IN",
    "BETWEEN",
    "size",
    "contains",
    "SET",
    "REMOVE",
    "ADD",
    "DELETE",
    "+",
    "-",
    "if_not_exists",
    "list_append",
    "attribute_type",
    "\u{e9}",
];

fn parse_everything(text: &str) {
    let _ = parse::condition(text);
    let _ = parse::projection(text);
    let _ = parse_update::update(text);
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        cases: 1000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,80}") {
        parse_everything(&text);
    }

    #[test]
    fn no_mix_of_tokens_makes_a_parser_panic(
        tokens in prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..40),
        space in prop::sample::select(&["", " "][..]),
    ) {
        parse_everything(&tokens.join(space));
    }
}
