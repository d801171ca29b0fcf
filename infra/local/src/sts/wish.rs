//! What AssumeRole is asked for, and the rules of its parameters.

use crate::error::AwsError;
use crate::params::Params;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The most tags a session has.
pub(super) const MAX_TAGS: usize = 50;

/// What is asked for.
pub(super) struct Wish<'a> {
    pub(super) role: &'a str,
    pub(super) name: &'a str,
    pub(super) duration_s: i64,
    pub(super) external_id: Option<&'a str>,
    pub(super) source_identity: Option<&'a str>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) transitive: BTreeSet<String>,
}

/// A `ValidationError`.
pub(super) fn invalid(text: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", text)
}

fn broken(member: &str, value: &str, constraint: &str) -> AwsError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {constraint}"
    ))
}

/// Checks the length of a text, and that it has only word characters and some others.
fn check(
    member: &str,
    value: &str,
    length: RangeInclusive<usize>,
    others: &str,
) -> Result<(), AwsError> {
    let chars = value.chars().count();
    if chars < *length.start() {
        let constraint = format!("have length greater than or equal to {}", length.start());
        return Err(broken(member, value, &constraint));
    }
    if chars > *length.end() {
        let constraint = format!("have length less than or equal to {}", length.end());
        return Err(broken(member, value, &constraint));
    }
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || others.contains(c);
    if value.chars().all(known) {
        return Ok(());
    }
    let constraint = format!("satisfy regular expression pattern: [\\w{others}]*");
    Err(broken(member, value, &constraint))
}

fn needed<'a>(params: &'a Params, name: &str, member: &str) -> Result<&'a str, AwsError> {
    params.get(name).ok_or_else(|| broken(member, "null", "not be null"))
}

/// Reads a request.
pub(super) fn read(params: &Params) -> Result<Wish<'_>, AwsError> {
    let role = needed(params, "RoleArn", "roleArn")?;
    if !(20..=2_048).contains(&role.len()) {
        return Err(broken("roleArn", role, "have length between 20 and 2048"));
    }
    if !role.starts_with("arn:") {
        return Err(invalid(format!("{role} is invalid")));
    }
    let name = needed(params, "RoleSessionName", "roleSessionName")?;
    check("roleSessionName", name, 2..=64, "+=,.@-")?;
    let external_id = params.get("ExternalId");
    external_id.map_or(Ok(()), |id| check("externalId", id, 2..=1_224, "+=,.@:/-"))?;
    let source_identity = params.get("SourceIdentity");
    source_identity.map_or(Ok(()), |id| check("sourceIdentity", id, 2..=64, "+=,.@-"))?;
    let tags = tags(params)?;
    let transitive = transitive(params, &tags)?;
    let duration_s = duration_s(params)?;
    Ok(Wish { role, name, duration_s, external_id, source_identity, tags, transitive })
}

fn duration_s(params: &Params) -> Result<i64, AwsError> {
    let Some(text) = params.get("DurationSeconds") else { return Ok(3_600) };
    let seconds: i64 = text.parse().map_err(|_| {
        invalid(format!("DurationSeconds is {text:?}, must be a whole number of seconds"))
    })?;
    let member = "durationSeconds";
    match seconds {
        900..=43_200 => Ok(seconds),
        ..900 => Err(broken(member, text, "have value greater than or equal to 900")),
        _ => Err(broken(member, text, "have value less than or equal to 43200")),
    }
}

fn tags(params: &Params) -> Result<BTreeMap<String, String>, AwsError> {
    let mut tags = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for tag in params.structs("Tags.member") {
        let key = needed(&tag, "Key", "tags.member.key")?;
        let value = tag.get("Value").unwrap_or_default();
        check_tag("tags.member.key", key, 1..=128)?;
        check_tag("tags.member.value", value, 0..=256)?;
        if !seen.insert(key.to_lowercase()) {
            return Err(invalid(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > MAX_TAGS {
        let constraint = format!("have length less than or equal to {MAX_TAGS}");
        return Err(broken("tags", &format!("{} tags", tags.len()), &constraint));
    }
    Ok(tags)
}

fn check_tag(member: &str, text: &str, length: RangeInclusive<usize>) -> Result<(), AwsError> {
    let known = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    if length.contains(&text.chars().count()) && text.chars().all(known) {
        return Ok(());
    }
    let constraint = format!(
        "have length between {} and {} and satisfy regular expression pattern: \
         [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*",
        length.start(),
        length.end(),
    );
    Err(broken(member, text, &constraint))
}

/// Keys of tags that stay along a chain: each must be the key of a tag.
fn transitive(
    params: &Params,
    tags: &BTreeMap<String, String>,
) -> Result<BTreeSet<String>, AwsError> {
    let keys: BTreeSet<_> = params.list("TransitiveTagKeys.member").into_iter().collect();
    match keys.iter().find(|key| !tags.contains_key(*key)) {
        Some(key) => Err(invalid(format!(
            "The specified transitive tag key {key} must be included in the requested tags."
        ))),
        None => Ok(keys),
    }
}
