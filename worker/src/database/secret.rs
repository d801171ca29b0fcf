//! Passwords: texts that are never printed, read from Secrets Manager.

use crate::step::StepContext;
use aurora_restore_shared::environment::Place;
use aurora_restore_shared::failure::{Failure, FailureCode, wire_code};
use aurora_restore_shared::request::Master;
use serde_json::Value;
use std::fmt;

/// The output that says which version of the request's secret is the master password.
pub const SECRET_VERSION: &str = "secret_version";

/// The output with the ARN of the secret in which RDS manages the master password.
pub const MASTER_SECRET: &str = "master_secret";

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A secret at one version.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The password it holds.
    pub secret: Hidden,
    /// Its version.
    pub version: String,
}

/// Reads a secret, at one version when one is named.
///
/// # Errors
/// `secret_unusable` when it is missing or holds no password; whatever AWS answers, classified.
pub async fn read_secret(
    cx: &StepContext<'_>,
    name: &str,
    version: Option<String>,
) -> Result<Secret, Failure> {
    let (text, version) = read_text(&cx.target().await?, name, version).await?;
    let password = password_of(text.as_str()).ok_or_else(|| unusable(name, "holds no password"))?;
    Ok(Secret { secret: Hidden::new(password), version })
}

/// Reads the text of a secret where it is, and its version.
///
/// # Errors
/// `secret_unusable` when it is missing or holds no text; whatever AWS answers, classified.
pub async fn read_text(
    place: &Place,
    name: &str,
    version: Option<String>,
) -> Result<(Hidden, String), Failure> {
    let call = place.secrets().get_secret_value().secret_id(name).set_version_id(version);
    let answer = call.send().await.map_err(|e| match wire_code(&e) {
        Some("ResourceNotFoundException") => {
            unusable(name, &format!("does not exist in {} {}", place.account(), place.region()))
        }
        _ => Failure::from_sdk("reading the secret", &e),
    })?;
    let text = answer.secret_string().ok_or_else(|| unusable(name, "holds no text"))?;
    Ok((Hidden::new(text), answer.version_id().unwrap_or_default().to_owned()))
}

/// Reads the master password in force: the request's secret at the version that was set, or the one
/// that RDS manages. None when the source's password stays, which nobody has told.
///
/// # Errors
/// As of [`read_secret`].
pub async fn read_master_password(cx: &StepContext<'_>) -> Result<Option<Secret>, Failure> {
    let output = |name: &str| cx.job.outputs.get(name).cloned();
    let (name, version) = match cx.spec.request.master() {
        Some(Master::Secret(name)) => (Some(name.clone()), output(SECRET_VERSION)),
        Some(Master::Managed) => (output(MASTER_SECRET), None),
        None => (None, None),
    };
    let Some(name) = name else { return Ok(None) };
    read_secret(cx, &name, version).await.map(Some)
}

fn unusable(name: &str, why: &str) -> Failure {
    let text =
        format!("secret {name:?} {why}; it must be a text, or JSON with a member \"password\"");
    Failure::permanent(FailureCode::SecretUnusable, text)
}

/// The password in a secret: the member `password` of a JSON object (as RDS writes them), else the
/// whole text.
fn password_of(text: &str) -> Option<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(map)) => map.get("password")?.as_str().map(str::to_owned),
        _ => Some(text.to_owned()).filter(|t| !t.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_json_member_or_the_whole_text() {
        assert_eq!(password_of(r#"{"username":"a","password":"p"}"#).as_deref(), Some("p"));
        assert_eq!(password_of("plain").as_deref(), Some("plain"));
        assert_eq!(password_of("12345678").as_deref(), Some("12345678"));
        assert_eq!(password_of(r#"{"user":"a"}"#), None);
        assert_eq!(password_of(""), None);
    }

    #[test]
    fn a_hidden_text_is_never_printed() {
        assert_eq!(format!("{:?}", Hidden::new("hunter2")), "(hidden)");
    }
}
