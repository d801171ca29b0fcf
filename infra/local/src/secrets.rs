//! AWS Secrets Manager: secrets with versions and staging labels, per account and Region.

mod listing;
mod owned;
mod seeded;

pub use owned::Owned;

use crate::error::AwsError;
use crate::world::{Answer, Context, Reply, unknown_operation};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
const DAY_MS: i64 = 86_400_000;

/// One version of a secret's value.
#[derive(Debug, Clone)]
struct Version {
    created_ms: i64,
    /// `SecretString` or `SecretBinary`, as given.
    value: Map<String, Value>,
    stages: BTreeSet<String>,
}

/// A secret.
#[derive(Debug, Clone)]
struct Secret {
    name: String,
    arn: String,
    description: Option<String>,
    kms_key_id: Option<String>,
    /// The service that owns it, if not a user does.
    owner: Option<&'static str>,
    tags: BTreeMap<String, String>,
    created_ms: i64,
    changed_ms: i64,
    /// Set while it waits for its deletion: when it was marked, and when it will be gone.
    deleted: Option<(i64, i64)>,
    versions: BTreeMap<String, Version>,
}

/// An account and a Region.
type Home = (String, String);

/// The secrets of one account in one Region, by name.
type Vault = BTreeMap<String, Secret>;

/// All secrets of all accounts and Regions.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    vaults: BTreeMap<Home, Vault>,
    owned_versions: u64,
}

impl Secrets {
    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Value) -> Answer {
        let place = (cx.call.account.clone(), cx.call.region.clone());
        let vault = self.vaults.entry(place).or_default();
        vault.retain(|_, secret| secret.deleted.is_none_or(|(_, gone_ms)| gone_ms > cx.now_ms));
        let answer = match cx.call.operation.as_str() {
            "CreateSecret" => create(vault, cx, input),
            "GetSecretValue" => get_value(vault, cx, input),
            "PutSecretValue" => put_value(vault, cx, input),
            "DescribeSecret" => describe(vault, cx, input),
            "DeleteSecret" => delete(vault, cx, input),
            "ListSecrets" => listing::list(vault, cx, input),
            _ => Err(unknown_operation(cx.call)),
        };
        answer.map(Reply::Json)
    }

    /// The current string of a secret (by name or ARN), without a call.
    #[must_use]
    pub fn current(&self, account: &str, region: &str, id: &str) -> Option<&str> {
        let vault = self.vaults.get(&(account.to_owned(), region.to_owned()))?;
        let secret = vault.get(&name_of(vault, id)?)?;
        let version = secret.versions.values().find(|v| v.stages.contains(CURRENT))?;
        version.value.get("SecretString")?.as_str()
    }
}

fn not_found(text: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", text)
}

fn invalid_parameter(text: &str) -> AwsError {
    AwsError::new("InvalidParameterException", text)
}

fn invalid_request(text: &str) -> AwsError {
    AwsError::new("InvalidRequestException", text)
}

fn text(input: &Value, name: &str) -> Option<String> {
    input.get(name)?.as_str().map(str::to_owned)
}

fn seconds(ms: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "a date in milliseconds is far below 2^52")]
    let seconds = ms as f64 / 1000.0;
    json!(seconds)
}

/// The members that are there.
fn members<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect()
}

/// The name meant by a name, an ARN, or an ARN without its random suffix.
fn name_of(vault: &Vault, id: &str) -> Option<String> {
    if !id.starts_with("arn:") {
        return vault.contains_key(id).then(|| id.to_owned());
    }
    let means = |s: &&Secret| s.arn == id || s.arn.rsplit_once('-').is_some_and(|(a, _)| a == id);
    vault.values().find(means).map(|s| s.name.clone())
}

/// The secret a request names.
fn named<'a>(
    vault: &'a mut Vault,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<&'a mut Secret, AwsError> {
    let id = text(input, "SecretId").ok_or_else(|| invalid_parameter("SecretId is missing"))?;
    cx.record.resource.clone_from(&id);
    cx.record.items = 1;
    let missing = || not_found("Secrets Manager can't find the specified secret.");
    let name = name_of(vault, &id).ok_or_else(missing)?;
    vault.get_mut(&name).ok_or_else(missing)
}

/// The secret a request names, if it does not wait for its deletion.
fn usable<'a>(
    vault: &'a mut Vault,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<&'a mut Secret, AwsError> {
    let secret = named(vault, cx, input)?;
    if secret.deleted.is_none() {
        return Ok(secret);
    }
    Err(invalid_request(
        "You can't perform this operation on the secret because it was marked \
        for deletion.",
    ))
}

/// The value in a request: a string or bytes, if any.
fn value(input: &Value) -> Result<Option<Map<String, Value>>, AwsError> {
    let given = ["SecretString", "SecretBinary"].map(|name| (name, input.get(name).cloned()));
    let value = members(given);
    match value.len() {
        0 => Ok(None),
        1 => Ok(Some(value)),
        _ => Err(invalid_parameter("Specify either SecretString or SecretBinary, not both.")),
    }
}

/// The id of a new version: the request's token, else a random one.
fn version_id(cx: &mut Context<'_>, input: &Value) -> String {
    text(input, "ClientRequestToken").unwrap_or_else(|| {
        let id = format!("{:032x}", cx.rng.u128(..));
        [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
    })
}

fn suffix(rng: &mut fastrand::Rng) -> String {
    (0..6).map(|_| rng.alphanumeric()).collect()
}

fn read_tags(input: &Value) -> BTreeMap<String, String> {
    let given = input.get("Tags").and_then(Value::as_array).into_iter().flatten();
    given.filter_map(|t| Some((text(t, "Key")?, text(t, "Value").unwrap_or_default()))).collect()
}

pub(crate) fn check_name(name: &str) -> Result<(), AwsError> {
    let known = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if (1..=512).contains(&name.len()) && name.chars().all(known) {
        return Ok(());
    }
    Err(AwsError::new(
        "ValidationException",
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the \
         following: -/_+=.@!",
    ))
}

fn create(vault: &mut Vault, cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let name = text(input, "Name").ok_or_else(|| invalid_parameter("Name is missing"))?;
    cx.record.resource.clone_from(&name);
    cx.record.items = 1;
    check_name(&name)?;
    let value = value(input)?;
    let id = version_id(cx, input);
    match vault.get(&name) {
        Some(there) if there.deleted.is_some() => {
            return Err(invalid_request(
                "You can't create this secret because a secret with this \
                name is already scheduled for deletion.",
            ));
        }
        // The same request once more, after its answer was lost.
        Some(there)
            if there.versions.get(&id).is_some_and(|v| Some(&v.value) == value.as_ref()) =>
        {
            return Ok(json!({ "ARN": there.arn, "Name": name, "VersionId": id }));
        }
        Some(_) => {
            let text = format!("The operation failed because the secret {name} already exists.");
            return Err(AwsError::new("ResourceExistsException", text));
        }
        None => {}
    }
    let (region, account) = (&cx.call.region, &cx.call.account);
    let arn = format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{}", suffix(cx.rng));
    let mut secret = Secret {
        description: text(input, "Description"),
        kms_key_id: text(input, "KmsKeyId"),
        tags: read_tags(input),
        ..Secret::new(name.clone(), arn.clone(), cx.now_ms)
    };
    let mut answer = members([("ARN", Some(json!(arn))), ("Name", Some(json!(name)))]);
    if let Some(value) = value {
        secret.add(&id, value, [CURRENT.to_owned()].into(), cx.now_ms);
        answer.insert("VersionId".into(), json!(id));
    }
    vault.insert(name, secret);
    Ok(Value::Object(answer))
}

impl Secret {
    fn new(name: String, arn: String, now_ms: i64) -> Self {
        Self {
            name,
            arn,
            description: None,
            kms_key_id: None,
            owner: None,
            tags: BTreeMap::new(),
            created_ms: now_ms,
            changed_ms: now_ms,
            deleted: None,
            versions: BTreeMap::new(),
        }
    }

    /// Adds a version; its labels leave the versions that had them. What was current before is
    /// then the previous one.
    fn add(&mut self, id: &str, value: Map<String, Value>, stages: BTreeSet<String>, now_ms: i64) {
        let becomes_current = stages.contains(CURRENT);
        if becomes_current {
            for version in self.versions.values_mut() {
                version.stages.remove(PREVIOUS);
                if version.stages.remove(CURRENT) {
                    version.stages.insert(PREVIOUS.into());
                }
            }
        }
        for version in self.versions.values_mut() {
            version.stages.retain(|stage| !stages.contains(stage));
        }
        // A version without a label is deprecated and soon forgotten by AWS: forgotten here.
        self.versions.retain(|_, version| !version.stages.is_empty());
        self.versions.insert(id.to_owned(), Version { created_ms: now_ms, value, stages });
        self.changed_ms = now_ms;
    }

    fn stages(&self) -> Value {
        let stages = self.versions.iter().map(|(id, v)| (id.clone(), json!(v.stages)));
        Value::Object(stages.collect())
    }

    /// The description, with the versions under the name the operation uses.
    fn describe(&self, versions: &str) -> Value {
        let tags: Vec<_> = self.tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
        Value::Object(members([
            ("ARN", Some(json!(self.arn))),
            ("Name", Some(json!(self.name))),
            ("Description", self.description.as_ref().map(|d| json!(d))),
            ("KmsKeyId", self.kms_key_id.as_ref().map(|k| json!(k))),
            ("OwningService", owned::owning_service(self)),
            ("CreatedDate", Some(seconds(self.created_ms))),
            ("LastChangedDate", Some(seconds(self.changed_ms))),
            ("DeletedDate", self.deleted.map(|(marked_ms, _)| seconds(marked_ms))),
            ("Tags", Some(json!(tags))),
            (versions, Some(self.stages())),
        ]))
    }
}

fn get_value(vault: &mut Vault, cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let secret = usable(vault, cx, input)?;
    let id = text(input, "VersionId");
    let stage = text(input, "VersionStage");
    let wanted = match (&id, &stage) {
        (None, None) => Some(CURRENT),
        (_, stage) => stage.as_deref(),
    };
    let found = secret.versions.iter().find(|(version_id, version)| {
        id.as_ref().is_none_or(|id| id == *version_id)
            && wanted.is_none_or(|stage| version.stages.contains(stage))
    });
    let (version_id, version) = found.ok_or_else(|| {
        let stage = wanted.unwrap_or(CURRENT);
        not_found(&format!(
            "Secrets Manager can't find the specified secret value for staging label: {stage}"
        ))
    })?;
    let mut answer = members([
        ("ARN", Some(json!(secret.arn))),
        ("Name", Some(json!(secret.name))),
        ("VersionId", Some(json!(version_id))),
        ("VersionStages", Some(json!(version.stages))),
        ("CreatedDate", Some(seconds(version.created_ms))),
    ]);
    answer.extend(version.value.clone());
    Ok(Value::Object(answer))
}

fn put_value(vault: &mut Vault, cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let value = value(input)?.ok_or_else(|| {
        invalid_parameter("You must provide either SecretString or SecretBinary.")
    })?;
    let id = version_id(cx, input);
    let given = input.get("VersionStages").and_then(Value::as_array);
    let stages: BTreeSet<String> = match given {
        Some(given) => given.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect(),
        None => [CURRENT.to_owned()].into(),
    };
    let now_ms = cx.now_ms;
    let secret = usable(vault, cx, input)?;
    owned::check_not_owned(secret)?;
    let known = secret.versions.get(&id);
    if known.is_some_and(|version| version.value != value) {
        let text = "You can't use ClientRequestToken because that value is already in use for a \
            version of the secret.";
        return Err(AwsError::new("ResourceExistsException", text));
    }
    if known.is_none() {
        secret.add(&id, value, stages, now_ms);
    }
    let stages = secret.versions.get(&id).map(|v| v.stages.clone());
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": id, "VersionStages": stages }))
}

fn describe(vault: &mut Vault, cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    Ok(named(vault, cx, input)?.describe("VersionIdsToStages"))
}

fn delete(vault: &mut Vault, cx: &mut Context<'_>, input: &Value) -> Result<Value, AwsError> {
    let force = input.get("ForceDeleteWithoutRecovery").and_then(Value::as_bool) == Some(true);
    let window = input.get("RecoveryWindowInDays").and_then(Value::as_i64);
    if force && window.is_some() {
        return Err(invalid_parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction \
            with RecoveryWindowInDays.",
        ));
    }
    let days = window.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid_parameter("RecoveryWindowInDays must be between 7 and 30."));
    }
    let now_ms = cx.now_ms;
    let secret = if force { named(vault, cx, input)? } else { usable(vault, cx, input)? };
    owned::check_not_owned(secret)?;
    let gone_ms = if force { now_ms } else { now_ms + days * DAY_MS };
    secret.deleted = Some((now_ms, gone_ms));
    let (name, arn) = (secret.name.clone(), secret.arn.clone());
    if force {
        vault.remove(&name);
    }
    Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": seconds(gone_ms) }))
}
