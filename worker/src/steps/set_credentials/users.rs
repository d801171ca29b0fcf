//! The users of the request, once the master password is in force: there, with the passwords of
//! their secrets, and with their grants. Repeating it is harmless.

use crate::database::{self, Granted, NewUser};
use crate::rds::{self, Cluster, Instance};
use crate::step::{Done, Outcome, StepContext, StepResult, done};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::job::How;
use aurora_restore_shared::watch::WatchKind;
use std::collections::BTreeMap;

/// The output that says which version of a user's secret was set. Kept for those only as whom the
/// verification connects.
pub(in crate::steps) fn version_output(user: &str) -> String {
    format!("user_secret_{user}")
}

/// Has the users there. Waits while there is no instance to connect to.
pub(super) async fn run(cx: &StepContext<'_>, cluster: &Cluster, master: Done) -> StepResult {
    let users = &cx.spec.request.access.users;
    if users.is_empty() {
        return Ok(master.into());
    }
    if !answers(&rds::instances(&rds::target(cx).await?, cx).await?) {
        let note = "waits for an instance, to create the users";
        let wait = cx.wait_for(WatchKind::Members, Operation::CreateInstances, note);
        return Ok(Outcome::WaitFor(wait));
    }
    let login = database::needed_master_login(cx, cluster).await?;
    let mut new = Vec::new();
    let mut outputs = master.outputs;
    for user in users {
        let secret = database::read_secret(cx, &user.secret, None).await?;
        if cx.spec.request.verify.connect_as.iter().any(|name| name == user.name.as_str()) {
            outputs.insert(version_output(user.name.as_str()), secret.version);
        }
        new.push(NewUser { user, password: secret.secret });
    }
    let granted = cx.worker.databases.grant(&login, &new).await?;
    let note = format!("{}; {} users with their grants", master.note, granted.len());
    let details = details(&granted, &new);
    Ok(Done { outputs, details, ..done(How::Did, note) }.into())
}

/// Whether there is an instance that answers.
fn answers(instances: &[Instance]) -> bool {
    instances.iter().any(|instance| instance.status == "available")
}

fn details(granted: &[Granted], users: &[NewUser<'_>]) -> BTreeMap<String, String> {
    let each = granted.iter().zip(users).map(|(granted, new)| {
        let made = if granted.is_new { "created" } else { "was there, has its new password" };
        let grants: Vec<String> = new.user.grants.iter().map(ToString::to_string).collect();
        (format!("user {}", granted.user), format!("{made}; {}", grants.join("; ")))
    });
    each.collect()
}

/// Connects as each user that the request says must be able to, with the password that was set.
/// Returns each with what came of it.
///
/// # Errors
/// `connect_failed` for the first that cannot; as of [`database::read_secret`].
pub(in crate::steps) async fn connect_as(
    cx: &StepContext<'_>,
    cluster: &Cluster,
) -> Result<BTreeMap<String, String>, Failure> {
    let request = &cx.spec.request;
    let names = &request.verify.connect_as;
    let mut details = BTreeMap::new();
    for user in request.access.users.iter().filter(|u| names.iter().any(|n| n == u.name.as_str())) {
        let name = user.name.as_str();
        let version = cx.job.outputs.get(&version_output(name)).cloned();
        let secret = database::read_secret(cx, &user.secret, version).await?;
        let login = database::login(cx, cluster, name, secret.secret)?;
        cx.worker.databases.connect_as(&login).await?;
        details.insert(format!("connect as {name}"), "passed".to_owned());
    }
    Ok(details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_restore_shared::request::User;
    use serde_json::json;

    #[test]
    fn one_available_instance_is_enough() {
        let instance = |status: &str| Instance { id: "i".into(), status: status.into() };
        assert!(!answers(&[]));
        assert!(!answers(&[instance("creating")]));
        assert!(answers(&[instance("creating"), instance("available")]));
    }

    #[test]
    fn the_details_name_users_and_grants_and_no_password() {
        let user: User = serde_json::from_value(json!({
            "name": "app", "secret": "s", "grants": ["CONNECT ON DATABASE o"]
        }))
        .unwrap();
        let new = [NewUser { user: &user, password: database::Hidden::new("sesame") }];
        let granted = [Granted { user: "app".into(), is_new: true }];
        let details = details(&granted, &new);
        assert_eq!(details["user app"], "created; CONNECT ON DATABASE o");
        assert!(!format!("{new:?}").contains("sesame"));
    }
}
