//! `status`: what a running local cloud has, and what was called.

use super::client::{Client, Output, Remote};
use super::text::{document, row, say, section};
use super::trouble::Trouble;
use clap::Args;
use comfy_table::Cell;
use serde_json::{Value, json};

/// The flags of `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    remote: Remote,
}

/// Shows clusters, instances, snapshots, queues and requests.
pub(super) fn status(args: &Status) -> Result<(), Trouble> {
    let client = Client::new(&args.remote)?;
    let mut all = client.get("status")?;
    all["requests"] = client.get("requests")?["operations"].take();
    match args.remote.output {
        Output::Json => document(&all)?,
        Output::Table => say(&tables(&all))?,
    }
    Ok(())
}

/// One table: its title, its header, the members of its rows, the columns that may be wrapped.
type Plan = (&'static str, &'static [&'static str], &'static [&'static str], &'static [usize]);

const PLANS: [(&str, Plan); 5] = [
    (
        "/rds/clusters",
        (
            "Clusters",
            &["cluster", "status", "version", "GiB", "account", "region", "endpoint"],
            &["identifier", "status", "engine_version", "gib", "account", "region", "endpoint"],
            &[0, 6],
        ),
    ),
    (
        "/rds/instances",
        (
            "Instances",
            &["instance", "cluster", "status", "class", "account", "region"],
            &["identifier", "cluster", "status", "class", "account", "region"],
            &[0, 1],
        ),
    ),
    (
        "/rds/snapshots",
        (
            "Snapshots",
            &["snapshot", "cluster", "status", "type", "GiB", "account", "region"],
            &["identifier", "cluster", "status", "type", "gib", "account", "region"],
            &[0, 1],
        ),
    ),
    (
        "/queues",
        (
            "Queues",
            &["queue", "visible", "in flight", "delayed", "groups", "account", "region"],
            &["name", "visible", "in_flight", "delayed", "groups", "account", "region"],
            &[0],
        ),
    ),
    (
        "/requests",
        (
            "Requests",
            &["service", "operation", "calls", "refused", "items", "write units", "read units"],
            &["service", "operation", "calls", "refused", "items", "write_units", "read_units"],
            &[1],
        ),
    ),
];

fn tables(all: &Value) -> String {
    tables_of(all, &PLANS.map(|(_, (title, ..))| title))
}

/// The tables with some titles.
pub(super) fn tables_of(all: &Value, titles: &[&str]) -> String {
    let wanted = PLANS.iter().filter(|(_, (title, ..))| titles.contains(title));
    let sections = wanted.map(|(pointer, (title, header, members, wide))| {
        let list = all.pointer(pointer).unwrap_or(&json!([])).clone();
        let rows: Vec<Vec<Cell>> =
            list.as_array().into_iter().flatten().map(|line| row(line, members)).collect();
        section(title, header, wide, rows)
    });
    sections.collect::<Vec<_>>().join("\n")
}
