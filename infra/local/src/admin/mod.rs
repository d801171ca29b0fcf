//! The pages under `/_local/`: what is there, what was called, which faults are in force.

mod faults;
mod guard;
mod seed;

use crate::cloud::Cloud;
use crate::meter::CallRecord;
use crate::wire::{WireRequest, WireResponse};
use bytes::Bytes;
use serde_json::{Value, json};

/// What all addresses of these pages begin with.
pub(crate) const ROOT: &str = "/_local/";

/// The pages there are, for who asks for another one.
const LIST: [&str; 10] = [
    "GET /_local/health",
    "GET /_local/status",
    "GET /_local/requests",
    "GET /_local/calls?after=N&limit=N",
    "GET /_local/faults",
    "POST /_local/faults",
    "DELETE /_local/faults",
    "DELETE /_local/faults/NUMBER",
    "POST /_local/seed",
    "GET /_local/ca.pem",
];

/// How many calls one page shows unless asked otherwise.
const CALLS: usize = 10_000;

/// What the pages show beside the cloud itself.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// The certificate authority of the databases, PEM.
    pub ca_pem: Option<String>,
}

/// Answers one page; `loopback` says that only this machine can reach the port.
pub(crate) fn answer(
    cloud: &Cloud,
    pages: &Pages,
    loopback: bool,
    request: &WireRequest,
) -> WireResponse {
    if let Some(reason) = guard::refused(request, loopback) {
        tracing::warn!(reason, "refused a page");
        return json_page(403, &json!({ "message": reason }));
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let page = path.strip_prefix(ROOT).unwrap_or_default();
    match (request.method.as_str(), page) {
        ("GET", "health") => json_page(200, &json!({ "status": "ok" })),
        ("GET", "status") => json_page(200, &status(cloud)),
        ("GET", "requests") => json_page(200, &requests(cloud)),
        ("GET", "calls") => json_page(200, &calls(cloud, query)),
        ("GET", "faults") => faults::list(cloud),
        ("POST", "faults") => faults::add(cloud, &request.body),
        ("DELETE", "faults") => faults::clear(cloud, None),
        ("DELETE", page) if page.starts_with("faults/") => {
            faults::clear(cloud, page.strip_prefix("faults/"))
        }
        ("POST", "seed") => seed::seed(cloud, &request.body),
        ("GET", "ca.pem") => ca(pages),
        _ => json_page(404, &json!({ "message": "no such page", "pages": LIST })),
    }
}

fn page(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> WireResponse {
    WireResponse { status, content_type, headers: Vec::new(), body: body.into() }
}

fn json_page(status: u16, value: &Value) -> WireResponse {
    page(status, "application/json", value.to_string())
}

fn ca(pages: &Pages) -> WireResponse {
    match &pages.ca_pem {
        Some(pem) => page(200, "application/x-pem-file", pem.clone()),
        None => json_page(404, &json!({ "message": "there are no databases, so no authority" })),
    }
}

fn status(cloud: &Cloud) -> Value {
    let now_ms = cloud.now_ms();
    let mut world = cloud.world();
    world.rds.advance(now_ms);
    json!({
        "now_ms": now_ms,
        "queues": world.sqs.summary(now_ms),
        "rds": world.rds.summary(),
    })
}

/// Totals by service and operation.
fn requests(cloud: &Cloud) -> Value {
    let world = cloud.world();
    let totals = world.meter.totals().iter().map(|((service, operation), totals)| {
        let mut row = json!(totals);
        row["service"] = json!(service);
        row["operation"] = json!(operation);
        row
    });
    json!({ "operations": totals.collect::<Vec<_>>() })
}

fn parameter(query: &str, name: &str) -> Option<u64> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(k, _)| k == name).and_then(|(_, v)| v.parse().ok())
}

/// The calls after a number, oldest first: ask again after the last one for more.
fn calls(cloud: &Cloud, query: &str) -> Value {
    let after = parameter(query, "after").unwrap_or(0);
    let limit = parameter(query, "limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(CALLS);
    let calls: Vec<CallRecord> = {
        let world = cloud.world();
        world.meter.recent().filter(|c| c.n > after).take(limit).cloned().collect()
    };
    json!({ "calls": calls })
}
