//! SQL on restored databases, behind one small trait: real PostgreSQL over TLS, or a simulated one.

mod postgres;

pub use postgres::PostgresDatabases;

use crate::step::StepContext;
use aurora_restore_shared::failure::{Failure, FailureCode, wire_code};
use futures::future::BoxFuture;
use serde_json::Value;
use std::fmt;

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

/// Where and as whom to connect.
#[derive(Debug, Clone)]
pub struct Login {
    /// Host name, as in the certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// User.
    pub user: String,
    /// Password.
    pub password: Hidden,
}

/// What became of each query: its first value, or an error in words.
pub type Answers = Vec<Result<Value, String>>;

/// Something that can connect to databases.
pub trait Databases: Send + Sync + fmt::Debug {
    /// Connects once and asks each query, read-only; the first value of its first row is its
    /// answer. The error says why there was no connection.
    fn ask<'a>(
        &'a self,
        login: &'a Login,
        queries: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answers, String>>;
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
    let client = cx.target().await?.secrets();
    let call = client.get_secret_value().secret_id(name).set_version_id(version);
    let answer = call.send().await.map_err(|e| match wire_code(&e) {
        Some("ResourceNotFoundException") => unusable(name, "does not exist in the target Region"),
        _ => Failure::from_sdk("reading the secret", &e),
    })?;
    let text = answer.secret_string().ok_or_else(|| unusable(name, "holds no text"))?;
    let password = password_of(text).ok_or_else(|| unusable(name, "holds no password"))?;
    let version = answer.version_id().unwrap_or_default().to_owned();
    Ok(Secret { secret: Hidden::new(password), version })
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
