//! The pages about injected faults.

use super::json_page;
use crate::cloud::Cloud;
use crate::faults::FaultRule;
use crate::wire::WireResponse;
use serde_json::{Value, json};

/// The rules in force, numbered, with how often each has fired.
pub(super) fn list(cloud: &Cloud) -> WireResponse {
    json_page(200, &json!(cloud.world().faults))
}

/// Adds the rule in a body, and lists all.
pub(super) fn add(cloud: &Cloud, body: &[u8]) -> WireResponse {
    let value: Result<Value, _> = serde_json::from_slice(body);
    let rule = match value {
        Ok(value) => FaultRule::read(&value),
        Err(e) => Err(vec![format!("not JSON: {e}")]),
    };
    match rule {
        Ok(rule) => {
            let number = cloud.world().faults.add(rule);
            tracing::info!(number, "a fault rule was added");
            list(cloud)
        }
        Err(problems) => {
            let text = format!("not a fault rule: {}", problems.join("; "));
            json_page(400, &json!({ "message": text, "problems": problems }))
        }
    }
}

/// Takes the rule of a number away (all rules, without one), and lists what is left.
pub(super) fn clear(cloud: &Cloud, number: Option<&str>) -> WireResponse {
    let Some(number) = number else {
        cloud.world().faults.clear();
        return list(cloud);
    };
    let removed = number.parse().is_ok_and(|number| cloud.world().faults.remove(number));
    if removed {
        return list(cloud);
    }
    json_page(404, &json!({ "message": format!("there is no fault rule {number}") }))
}
