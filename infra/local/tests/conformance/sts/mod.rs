//! AWS STS and who may do what. API = API Reference, IAM = IAM User Guide.

pub(crate) mod chains;
pub(crate) mod refusals;
pub(crate) mod sessions;
pub(crate) mod trust;

use crate::bed::{Bed, REGION};
use crate::fact::Skip;
use aurora_restore_local::identity::{Role, Session, Trust};
use aws_credential_types::Credentials;
use aws_sdk_sts::Client;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;

/// A role of a second account.
pub(crate) const HUB: &str = "arn:aws:iam::222222222222:role/hub";
/// A role of a third account.
pub(crate) const SPOKE: &str = "arn:aws:iam::333333333333:role/spoke";

/// A role that trusts one principal.
pub(crate) fn trusting(arn: &str, principal: &str) -> Role {
    Role::new(arn, vec![Trust::of(principal).unwrap()])
}

/// Makes roles.
pub(crate) fn roles<const N: usize>(bed: &Bed, roles: [Role; N]) -> Result<(), Skip> {
    let mut world = bed.cloud()?.world();
    for role in roles {
        world.identity.add_role(role).unwrap();
    }
    Ok(())
}

/// A request for a session of a role.
pub(crate) fn ask(client: &Client, role: &str) -> AssumeRoleFluentBuilder {
    client.assume_role().role_arn(role).role_session_name("tests")
}

/// What was given for a session.
pub(crate) fn given(output: &AssumeRoleOutput) -> Credentials {
    let given = output.credentials().unwrap();
    let token = given.session_token().to_owned();
    Credentials::new(given.access_key_id(), given.secret_access_key(), Some(token), None, "sts")
}

/// A session of a role.
pub(crate) async fn assume(client: &Client, role: &str) -> Credentials {
    given(&ask(client, role).send().await.unwrap())
}

/// A client of STS for a session.
pub(crate) fn sts_of(bed: &Bed, session: &Credentials) -> Client {
    bed.sts_as(session.clone(), REGION)
}

/// A session as the local cloud sees it.
pub(crate) fn seen(bed: &Bed, session: &Credentials) -> Result<Session, Skip> {
    let world = bed.cloud()?.world();
    Ok(world.identity.session(session.access_key_id()).unwrap().clone())
}
