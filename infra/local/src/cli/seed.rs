//! `seed`: gives a running local cloud what a seed file says.

use super::client::{Client, Output, Remote};
use super::seed_file;
use super::status::tables_of;
use super::text::{document, say, section};
use super::trouble::Trouble;
use anyhow::anyhow;
use aurora_restore_local::seed;
use aurora_restore_local::server::Limits;
use clap::Args;
use comfy_table::Cell;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often is looked whether all is available, and how many times at most: ten minutes.
const TURN: Duration = Duration::from_millis(100);
const TURNS: u32 = 6_000;

/// The flags of `seed`.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// The seed file, JSON.
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Only check the file, as if for an empty local cloud: none has to run.
    #[arg(long)]
    check: bool,
    /// Print the JSON Schema of seed files.
    #[arg(long, conflicts_with_all = ["file", "check"])]
    schema: bool,
    #[command(flatten)]
    remote: Remote,
}

/// Checks a seed file, has it applied, and waits until all that was made is available.
pub(super) fn seed(args: &Seed) -> Result<(), Trouble> {
    let Some(path) = &args.file else { return Ok(document(&seed::schema())?) };
    let text = seed_file::read(path)?;
    if args.check {
        seed_file::try_out(path, &text)?;
        return Ok(say(&format!("{}: no faults", path.display()))?);
    }
    let client = Client::new(&args.remote)?;
    check_size(path, &text)?;
    let made = client.post("seed", &text).map_err(|trouble| match trouble {
        Trouble::BadFlags(faults) => seed_file::refused(path, faults),
        other => other,
    })?;
    let rds = watch(&client, &made)?;
    match args.remote.output {
        Output::Json => document(&json!({ "made": made, "rds": rds }))?,
        Output::Table => say(&tables(&made, &rds))?,
    }
    let failed = named_with(&rds, |status| !is_pending(status) && status != "available");
    if failed.is_empty() {
        return Ok(());
    }
    Err(anyhow!("the log of the local cloud says why these are not available: {failed}").into())
}

/// Checks that a running local cloud takes a seed file at once.
fn check_size(path: &Path, text: &Value) -> Result<(), Trouble> {
    let (bytes, most) = (text.to_string().len(), Limits::default().body_bytes);
    if bytes <= most {
        return Ok(());
    }
    let fault = format!(
        "(the whole): has {bytes} bytes with its data; must have up to {most}, or come with \
         `serve --seed-file`"
    );
    Err(seed_file::refused(path, vec![fault]))
}

/// Waits until nothing that was made is on its way any more; the status page then, with that alone.
fn watch(client: &Client, made: &Value) -> Result<Value, Trouble> {
    let total = ["clusters", "instances", "snapshots"].map(|list| arns(made, list).len());
    let bar = match io::stderr().is_terminal() {
        true => ProgressBar::new(total.iter().map(|n| *n as u64).sum()),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} available {wide_msg}") {
        bar.set_style(style);
    }
    for _ in 0..TURNS {
        let rds = only(&client.get("status")?["rds"], made);
        let pending = named_with(&rds, is_pending);
        bar.set_position(count(&rds, |status| !is_pending(status)));
        bar.set_message(pending.clone());
        if pending.is_empty() {
            bar.finish_and_clear();
            return Ok(rds);
        }
        client.pause(TURN);
    }
    Err(anyhow!("after ten minutes not all that was made is available: see `status`").into())
}

fn is_pending(status: &str) -> bool {
    matches!(status, "creating" | "configuring-enhanced-monitoring")
}

fn arns<'a>(made: &'a Value, list: &str) -> Vec<&'a str> {
    made[list].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What of the status page was made.
fn only(rds: &Value, made: &Value) -> Value {
    let kept = |list: &str, kind: &str| {
        let arns = arns(made, list);
        let is_made = |row: &&Value| {
            let member = |name: &str| row[name].as_str().unwrap_or_default();
            let (region, account, id) = (member("region"), member("account"), member("identifier"));
            arns.contains(&format!("arn:aws:rds:{region}:{account}:{kind}:{id}").as_str())
        };
        rds[list].as_array().into_iter().flatten().filter(is_made).cloned().collect::<Vec<_>>()
    };
    json!({
        "clusters": kept("clusters", "cluster"),
        "instances": kept("instances", "db"),
        "snapshots": kept("snapshots", "cluster-snapshot"),
    })
}

fn rows(rds: &Value) -> impl Iterator<Item = (&str, &str)> {
    let lists = ["clusters", "instances", "snapshots"].map(|list| rds[list].as_array());
    let rows = lists.into_iter().flatten().flatten();
    rows.filter_map(|row| Some((row["identifier"].as_str()?, row["status"].as_str()?)))
}

fn named_with(rds: &Value, of_interest: impl Fn(&str) -> bool) -> String {
    let named = rows(rds).filter(|(_, status)| of_interest(status)).map(|(name, _)| name);
    named.collect::<Vec<_>>().join(", ")
}

fn count(rds: &Value, of_interest: impl Fn(&str) -> bool) -> u64 {
    rows(rds).filter(|(_, status)| of_interest(status)).count() as u64
}

fn tables(made: &Value, rds: &Value) -> String {
    let by_arn = [("Roles", "roles"), ("Keys", "keys"), ("Secrets", "secrets")];
    let lists = by_arn.map(|(title, list)| {
        let rows = arns(made, list).into_iter().map(|arn| vec![Cell::new(arn)]);
        section(title, &["arn"], &[0], rows.collect())
    });
    let own = tables_of(&json!({ "rds": rds }), &["Clusters", "Instances", "Snapshots"]);
    std::iter::once(own).chain(lists).collect::<Vec<_>>().join("\n")
}
