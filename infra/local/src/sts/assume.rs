//! AssumeRole: from a caller, a session of a role.

use super::wish::{self, MAX_TAGS, Wish, invalid};
use crate::error::AwsError;
use crate::identity::{Credentials, Identity, Role, Session, not_authorized};
use crate::moment::iso;
use crate::params::Params;
use crate::world::{Answer, Context, Reply, unsupported_parameter};
use crate::xml::Xml;
use std::collections::{BTreeMap, BTreeSet};

/// The longest session of a role that was assumed from a role, seconds.
const CHAINED_S: i64 = 3_600;

/// What could make a session able to do less than its role, and other things that are not done.
const UNSUPPORTED: [&str; 5] =
    ["PolicyArns", "Policy", "SerialNumber", "TokenCode", "ProvidedContexts"];

/// `AssumeRole`. That there is no such role, and that the role does not trust the caller, is one
/// and the same refusal.
pub(super) fn assume_role(
    identity: &mut Identity,
    cx: &mut Context<'_>,
    params: &Params,
) -> Answer {
    if let Some(name) = UNSUPPORTED.iter().find(|name| !params.under(name).is_empty()) {
        return Err(unsupported_parameter(cx.call, name));
    }
    let wish = wish::read(params)?;
    cx.record.resource = wish.role.to_owned();
    let trusted = |role: &&Role| role.trusts(&cx.call.principal, wish.external_id);
    let role = identity.role(wish.role).filter(trusted).ok_or_else(|| denied(cx, &wish))?;
    let caller = cx.call.principal.session();
    check_duration(role, caller, wish.duration_s)?;
    let credentials = Credentials::fresh(cx.rng);
    let session = session(role, caller, &wish, cx, &credentials.token)?;
    let result = answer(&session, &credentials);
    identity.begin(&credentials.access_key, session, cx.now_ms);
    Ok(Reply::Xml(result))
}

fn denied(cx: &Context<'_>, wish: &Wish<'_>) -> AwsError {
    not_authorized(cx.call, &format!("sts:AssumeRole on resource: {}", wish.role))
}

fn check_duration(role: &Role, caller: Option<&Session>, wanted_s: i64) -> Result<(), AwsError> {
    if caller.is_some() && wanted_s > CHAINED_S {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining",
        ));
    }
    if wanted_s > role.max_session_s {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(())
}

fn session(
    role: &Role,
    caller: Option<&Session>,
    wish: &Wish<'_>,
    cx: &Context<'_>,
    token: &str,
) -> Result<Session, AwsError> {
    let (tags, transitive) = tags(caller, wish)?;
    Ok(Session {
        token: token.to_owned(),
        role: role.arn.clone(),
        account: role.account().unwrap_or_default().to_owned(),
        role_name: role.name().to_owned(),
        role_id: role.id(),
        name: wish.name.to_owned(),
        source_identity: source_identity(caller, wish, cx)?,
        tags,
        transitive,
        expires_ms: cx.now_ms + wish.duration_s * 1_000,
    })
}

/// The source identity along a chain: once set, it stays.
fn source_identity(
    caller: Option<&Session>,
    wish: &Wish<'_>,
    cx: &Context<'_>,
) -> Result<Option<String>, AwsError> {
    let inherited = caller.and_then(|session| session.source_identity.as_deref());
    match (inherited, wish.source_identity) {
        (Some(is), Some(wanted)) if is != wanted => {
            let what = format!("sts:SetSourceIdentity on resource: {}", wish.role);
            Err(not_authorized(cx.call, &what))
        }
        (is, wanted) => Ok(is.or(wanted).map(str::to_owned)),
    }
}

/// The tags of the new session, and which of them are transitive: those asked for and those
/// inherited, which cannot be asked for anew.
fn tags(
    caller: Option<&Session>,
    wish: &Wish<'_>,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>), AwsError> {
    let (mut tags, mut transitive) = (wish.tags.clone(), wish.transitive.clone());
    let asked_for: BTreeSet<_> = wish.tags.keys().map(|key| key.to_lowercase()).collect();
    if let Some(session) = caller {
        for key in &session.transitive {
            if asked_for.contains(&key.to_lowercase()) {
                return Err(invalid(format!(
                    "The tag key {key} is already a transitive tag of the calling session."
                )));
            }
            let value = session.tags.get(key).cloned().unwrap_or_default();
            tags.insert(key.clone(), value);
            transitive.insert(key.clone());
        }
    }
    if tags.len() > MAX_TAGS {
        return Err(invalid(format!("A session can have at most {MAX_TAGS} tags.")));
    }
    Ok((tags, transitive))
}

fn answer(session: &Session, credentials: &Credentials) -> Xml {
    let given = Xml::new("Credentials")
        .text("AccessKeyId", &credentials.access_key)
        .text("SecretAccessKey", &credentials.secret_key)
        .text("SessionToken", &credentials.token)
        .text("Expiration", iso(session.expires_ms));
    let (role, name) = (&session.role_name, &session.name);
    let arn = format!("arn:aws:sts::{}:assumed-role/{role}/{name}", session.account);
    let user = Xml::new("AssumedRoleUser")
        .text("AssumedRoleId", format!("{}:{name}", session.role_id))
        .text("Arn", arn);
    Xml::new("AssumeRoleResult")
        .with(given)
        .with(user)
        .maybe("SourceIdentity", session.source_identity.as_ref())
}
