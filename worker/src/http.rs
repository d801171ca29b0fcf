//! `/healthz` (the process lives), `/readyz` (it takes work), `/metrics` (Prometheus).

use crate::fleet::Worker;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves until the worker has drained.
///
/// # Errors
/// When the listener fails.
pub async fn serve(worker: Arc<Worker>, listener: TcpListener) -> std::io::Result<()> {
    let stop = worker.drain.clone();
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(worker);
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// Ready: not draining, and the table and the queues answer.
async fn ready(State(worker): State<Arc<Worker>>) -> (StatusCode, String) {
    if worker.drain.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n".into());
    }
    let checked = tokio::join!(worker.store.check(), worker.check_queues());
    let faults: Vec<String> =
        [checked.0.err().map(|e| e.to_string()), checked.1.err().map(|e| e.to_string())]
            .into_iter()
            .flatten()
            .collect();
    if faults.is_empty() {
        (StatusCode::OK, "ready\n".into())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, faults.join("\n") + "\n")
    }
}

async fn metrics(State(worker): State<Arc<Worker>>) -> axum::response::Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match worker.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()).into_response(),
    }
}
