//! What goes wrong with SQL, in words that hold no data: they end in logs, records and mails.

use super::{Login, NewUser};
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use aurora_restore_shared::request::Script;

/// There is no connection, or it went away.
pub(super) fn not_connected(login: &Login, why: &str) -> Failure {
    let Login { host, port, user, .. } = login;
    let text = format!("connecting to {host}:{port} as {user}: {why}");
    Failure::transient(FailureCode::ConnectFailed, text)
}

/// The server has not done it, for reasons of its own.
pub(super) fn passing(doing: &str, why: &str) -> Failure {
    Failure::transient(FailureCode::ConnectFailed, format!("{doing}: {why}"))
}

/// Another session holds what is needed.
pub(super) fn locked(doing: &str) -> Failure {
    let text = format!("{doing}: another session holds it");
    Failure::new(FailureKind::Busy, FailureCode::ResourceBusy, text)
}

/// What a script is called in a failure.
pub(super) fn of_script(script: &Script) -> String {
    format!("masking script {:?}", script.name)
}

/// A script of the same name has run, and was another one.
pub(super) fn another_script(script: &Script) -> Failure {
    let text = format!(
        "{}: one of this name has run already for this job, and its text was another",
        of_script(script)
    );
    Failure::permanent(FailureCode::MaskFailed, text)
}

/// The master user is not one to be made.
pub(super) fn refuse_master(login: &Login, users: &[NewUser<'_>]) -> Result<(), Failure> {
    if !users.iter().any(|new| new.user.name.as_str() == login.user) {
        return Ok(());
    }
    let text =
        format!("user {:?}: is the master user, whose password is another matter", login.user);
    Err(Failure::permanent(FailureCode::GrantFailed, text))
}

/// A message of a server up to its first quote: what is quoted in some messages is data.
pub(super) fn without_values(message: &str) -> String {
    match message.find(['\'', '"', '`']) {
        Some(at) => format!("{}(the rest may hold data)", &message[..at]),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_quotes_is_cut_off() {
        let said = without_values("Duplicate entry 'it's@home' for key 'email'");
        assert_eq!(said, "Duplicate entry (the rest may hold data)");
        assert_eq!(without_values("division by zero"), "division by zero");
    }
}
