//! AWS STS: who am I.

use crate::params::Params;
use crate::world::{Answer, Context, Reply, unknown_operation};
use crate::xml::Xml;

/// Handles one call.
pub fn handle(cx: &mut Context<'_>, _params: &Params) -> Answer {
    match cx.call.operation.as_str() {
        "GetCallerIdentity" => {
            let account = &cx.call.account;
            let result = Xml::new("GetCallerIdentityResult")
                .text("Arn", format!("arn:aws:iam::{account}:root"))
                .text("UserId", account)
                .text("Account", account);
            Ok(Reply::Xml(result))
        }
        _ => Err(unknown_operation(cx.call)),
    }
}
