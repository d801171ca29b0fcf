//! The operations of KMS.

use super::key::{Key, Manager, State, page, seconds, text};
use super::{Home, Named, malformed_policy, not_found, unsupported, uuid, validation};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply, unknown_operation};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
/// What the names of aliases begin with that AWS keeps for itself.
const RESERVED: &str = "alias/aws/";

/// Handles one call.
pub fn handle(cx: &mut Context<'_>, input: &Value) -> Answer {
    cx.kms.bury(cx.now_ms);
    let answer = match cx.call.operation.as_str() {
        "CreateKey" => create_key(cx, input),
        "DescribeKey" => describe_key(cx, input),
        "ListKeys" => list_keys(cx, input),
        "EnableKey" => set_state(cx, input, State::Enabled),
        "DisableKey" => set_state(cx, input, State::Disabled),
        "ScheduleKeyDeletion" => schedule_deletion(cx, input),
        "CancelKeyDeletion" => cancel_deletion(cx, input),
        "GetKeyPolicy" => get_policy(cx, input),
        "PutKeyPolicy" => put_policy(cx, input),
        "CreateAlias" => create_alias(cx, input),
        "DeleteAlias" => delete_alias(cx, input),
        "ListAliases" => list_aliases(cx, input),
        _ => Err(unknown_operation(cx.call)),
    };
    answer.map(Reply::Json)
}

fn home(cx: &Context<'_>) -> Home {
    (cx.call.account.clone(), cx.call.region.clone())
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    text(input, name).ok_or_else(|| validation(format!("{name} must not be null")))
}

/// The key a request names, if the caller may know of it.
fn named<'a>(cx: &'a mut Context<'_>, input: &Value) -> Result<&'a mut Key, AwsError> {
    let given = required(input, "KeyId")?;
    cx.record.resource = given.to_owned();
    cx.record.items = 1;
    let call = cx.call;
    let (account, region) = (&call.account, &call.region);
    let there = Named::parse(given, account, region);
    if there.home.1 != *region {
        return Err(not_found(format!("Invalid arn {}", there.home.1)));
    }
    let (owner, kind) = (&there.home.0, if there.is_alias { "" } else { "key/" });
    let arn = format!("arn:aws:kms:{region}:{owner}:{kind}{}", there.name);
    let missing = if there.is_alias {
        format!("Alias {arn} is not found.")
    } else {
        format!("Key '{arn}' does not exist")
    };
    let key = cx.kms.named(given, account, region).ok_or_else(|| not_found(missing))?;
    if key.admits(account) { Ok(key) } else { Err(denied(call, &arn)) }
}

fn denied(call: &crate::call::Call, arn: &str) -> AwsError {
    let (account, op) = (&call.account, &call.operation);
    let text = format!(
        "User: arn:aws:iam::{account}:root is not authorized to perform: kms:{op} on resource: {arn}"
    );
    AwsError::new("AccessDeniedException", text)
}

/// The key a request is about to change: one of the caller's own, not one that AWS manages.
fn own<'a>(cx: &'a mut Context<'_>, input: &Value) -> Result<&'a mut Key, AwsError> {
    let call = cx.call;
    let key = named(cx, input)?;
    if key.account != call.account || key.manager == Manager::Aws {
        return Err(denied(call, &key.arn));
    }
    Ok(key)
}

fn invalid_state(key: &Key) -> AwsError {
    let what = match key.state {
        State::PendingDeletion { .. } => "is pending deletion.",
        State::Enabled | State::Disabled => "is not pending deletion.",
    };
    AwsError::new("KMSInvalidStateException", format!("{} {what}", key.arn))
}

/// The same, if it does not wait for its deletion.
fn living<'a>(cx: &'a mut Context<'_>, input: &Value) -> Result<&'a mut Key, AwsError> {
    let key = own(cx, input)?;
    match key.state {
        State::Enabled | State::Disabled => Ok(key),
        State::PendingDeletion { .. } => Err(invalid_state(key)),
    }
}

/// Refuses the members of an input that ask for something else than is done here.
fn refuse_others(input: &Value, usual: &[(&str, Value)]) -> Result<(), AwsError> {
    let other = |(name, value): &&(&str, Value)| input.get(*name).is_some_and(|v| v != value);
    match usual.iter().find(other) {
        Some((name, _)) => Err(unsupported(&format!("this value of {name}"))),
        None => Ok(()),
    }
}

fn create_key(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let usual = [
        ("KeySpec", json!("SYMMETRIC_DEFAULT")),
        ("CustomerMasterKeySpec", json!("SYMMETRIC_DEFAULT")),
        ("KeyUsage", json!("ENCRYPT_DECRYPT")),
        ("Origin", json!("AWS_KMS")),
        ("MultiRegion", json!(false)),
        ("CustomKeyStoreId", Value::Null),
        ("XksKeyId", Value::Null),
        ("Tags", json!([])),
    ];
    refuse_others(input, &usual)?;
    let home = home(cx);
    let id = uuid(cx.rng.u64(..), cx.rng.u64(..));
    let mut key = Key::new(&home, &id, Manager::Customer);
    key.created_ms = cx.now_ms;
    text(input, "Description").unwrap_or_default().clone_into(&mut key.description);
    if let Some(policy) = text(input, "Policy") {
        key.set_policy(policy)?;
        check_not_locked_out(&key, input)?;
    }
    let metadata = key.metadata();
    cx.record.resource.clone_from(&id);
    cx.kms.vault(&home).keys.insert(id, key);
    Ok(json!({ "KeyMetadata": metadata }))
}

/// A policy must leave the owner able to change it again, unless that is said to be meant.
fn check_not_locked_out(key: &Key, input: &Value) -> Result<(), AwsError> {
    let meant = input.get("BypassPolicyLockoutSafetyCheck") == Some(&json!(true));
    if meant || key.admits(&key.account) {
        return Ok(());
    }
    Err(malformed_policy(
        "The new key policy will not allow you to update the key policy in the future.",
    ))
}

fn describe_key(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    Ok(json!({ "KeyMetadata": named(cx, input)?.metadata() }))
}

fn list_keys(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let home = home(cx);
    let keys = &cx.kms.vault(&home).keys;
    let all = keys.values().map(|k| (k.id.clone(), json!({ "KeyId": k.id, "KeyArn": k.arn })));
    page(all, "Keys", input)
}

fn set_state(cx: &mut Context<'_>, input: &Value, state: State) -> Result<Value, AwsError> {
    living(cx, input)?.state = state;
    cx.kms.changes += 1;
    Ok(json!({}))
}

fn schedule_deletion(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let days = match input.get("PendingWindowInDays").map(Value::as_i64) {
        None => 30,
        Some(Some(days @ 7..=30)) => days,
        Some(_) => return Err(validation("PendingWindowInDays must be between 7 and 30")),
    };
    let gone_ms = cx.now_ms + days * DAY_MS;
    let key = living(cx, input)?;
    key.state = State::PendingDeletion { gone_ms };
    let answer = json!({
        "KeyId": key.arn,
        "DeletionDate": seconds(gone_ms),
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": days,
    });
    cx.kms.changes += 1;
    Ok(answer)
}

fn cancel_deletion(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let key = own(cx, input)?;
    if !matches!(key.state, State::PendingDeletion { .. }) {
        return Err(invalid_state(key));
    }
    key.state = State::Disabled;
    let answer = json!({ "KeyId": key.arn });
    cx.kms.changes += 1;
    Ok(answer)
}

fn check_policy_name(input: &Value) -> Result<(), AwsError> {
    match text(input, "PolicyName") {
        None | Some("default") => Ok(()),
        Some(other) => Err(not_found(format!("No such policy exists: {other}"))),
    }
}

fn get_policy(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    check_policy_name(input)?;
    let call = cx.call;
    let key = named(cx, input)?;
    if key.account != call.account {
        return Err(denied(call, &key.arn));
    }
    Ok(json!({ "Policy": key.policy, "PolicyName": "default" }))
}

fn put_policy(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    check_policy_name(input)?;
    let policy = required(input, "Policy")?;
    let key = living(cx, input)?;
    let mut changed = key.clone();
    changed.set_policy(policy)?;
    check_not_locked_out(&changed, input)?;
    *key = changed;
    cx.kms.changes += 1;
    Ok(json!({}))
}

fn create_alias(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let alias = required(input, "AliasName")?;
    check_alias(alias)?;
    let target = json!({ "KeyId": required(input, "TargetKeyId")? });
    let home = home(cx);
    let id = living(cx, &target)?.id.clone();
    let aliases = &mut cx.kms.vault(&home).aliases;
    if aliases.contains_key(alias) {
        let (account, region) = &home;
        let text =
            format!("An alias with the name arn:aws:kms:{region}:{account}:{alias} already exists");
        return Err(AwsError::new("AlreadyExistsException", text));
    }
    aliases.insert(alias.to_owned(), id);
    Ok(json!({}))
}

fn check_alias(alias: &str) -> Result<(), AwsError> {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-');
    let name = alias.strip_prefix("alias/").filter(|n| !n.is_empty() && n.bytes().all(known));
    if name.is_none() || alias.len() > 256 {
        let text = format!("Invalid alias name: {alias}");
        return Err(AwsError::new("InvalidAliasNameException", text));
    }
    if alias.starts_with(RESERVED) {
        let text = format!("Aliases that begin with {RESERVED} are reserved.");
        return Err(AwsError::new("NotAuthorizedException", text));
    }
    Ok(())
}

fn delete_alias(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let alias = required(input, "AliasName")?;
    check_alias(alias)?;
    let home = home(cx);
    cx.record.resource = alias.to_owned();
    let gone = cx.kms.vault(&home).aliases.remove(alias);
    let (account, region) = &home;
    let missing = || format!("Alias arn:aws:kms:{region}:{account}:{alias} is not found.");
    gone.map(|_| json!({})).ok_or_else(|| not_found(missing()))
}

fn list_aliases(cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let home = home(cx);
    let of = match text(input, "KeyId") {
        Some(_) => Some(named(cx, input)?.id.clone()),
        None => None,
    };
    let (account, region) = &home;
    let aliases = &cx.kms.vault(&home).aliases;
    let wanted = aliases.iter().filter(|(_, id)| of.as_ref().is_none_or(|of| of == *id));
    let all = wanted.map(|(name, id)| {
        let arn = format!("arn:aws:kms:{region}:{account}:{name}");
        (name.clone(), json!({ "AliasName": name, "AliasArn": arn, "TargetKeyId": id }))
    });
    page(all, "Aliases", input)
}
