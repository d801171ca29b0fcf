//! The page that makes what a seed file says.

use super::json_page;
use crate::cloud::Cloud;
use crate::seed::{SeedFault, SeedFile};
use crate::wire::WireResponse;
use serde_json::{Value, json};

/// Makes what the seed file in a body says, and tells what was made; or makes nothing, and tells
/// every fault.
pub(super) fn seed(cloud: &Cloud, body: &[u8]) -> WireResponse {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(e) => {
            let problem = format!("not JSON: {e}");
            let fault =
                SeedFault { path: String::new(), problem, fix: "must be a seed file".into() };
            return refused(&[fault]);
        }
    };
    let now_ms = cloud.now_ms();
    match SeedFile::read(&value).and_then(|file| cloud.world().seed(&file, now_ms)) {
        Ok(report) => {
            tracing::info!("a seed file was applied");
            cloud.look_again();
            json_page(200, &json!(report))
        }
        Err(faults) => refused(&faults),
    }
}

fn refused(faults: &[SeedFault]) -> WireResponse {
    let problems: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let message = format!("not a good seed file: {}", problems.join("\n"));
    json_page(400, &json!({ "message": message, "problems": problems, "faults": faults }))
}
