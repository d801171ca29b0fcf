//! AWS STS: who am I, and: let me be a role.

mod assume;
mod wish;

use crate::identity::Identity;
use crate::params::Params;
use crate::world::{Answer, Context, Reply, unknown_operation};
use crate::xml::Xml;

/// Handles one call.
pub fn handle(identity: &mut Identity, cx: &mut Context<'_>, params: &Params) -> Answer {
    match cx.call.operation.as_str() {
        "GetCallerIdentity" => Ok(caller_identity(cx)),
        "AssumeRole" => assume::assume_role(identity, cx, params),
        _ => Err(unknown_operation(cx.call)),
    }
}

fn caller_identity(cx: &Context<'_>) -> Reply {
    let principal = &cx.call.principal;
    let result = Xml::new("GetCallerIdentityResult")
        .text("Arn", principal.arn())
        .text("UserId", principal.user_id())
        .text("Account", principal.account());
    Reply::Xml(result)
}
