//! The report for a person.

use super::cost::Cost;
use super::report::{JobReport, Report};
use super::road::Evidence;
use super::screen::span;
use super::sql::Content;
use crate::table::{number, plain};
use comfy_table::{Cell, Color};

/// The whole report.
pub(super) fn text(report: &Report) -> String {
    let mut parts = vec![jobs(report)];
    if report.source.at_snapshot.is_some() {
        parts.extend([rows(report), checks(report)]);
    } else {
        parts.push(
            "Control plane only, without PostgreSQL: no rows were restored, no passwords set and no \
             checks asked."
                .into(),
        );
    }
    parts.extend([times(report), costs(report)]);
    parts.extend(report.road.as_ref().map(|road| evidence(report, &road.evidence)));
    parts.push(claims(report));
    parts.extend(report.kept.as_ref().map(super::keep::Kept::advice));
    let speed = report.speed;
    parts.push(format!(
        "{} in all. AWS's long operations passed {speed} times as fast as in AWS; nothing else did.",
        span(report.took_ms)
    ));
    parts.join("\n\n") + "\n"
}

fn table(title: &str, header: &[&str], rows: Vec<Vec<Cell>>) -> String {
    format!("{title}\n{}", plain(header, rows, (2, 0)))
}

fn time(ms: Option<i64>) -> Cell {
    number(ms.map_or_else(|| "-".into(), span))
}

fn yes(holds: bool) -> Cell {
    if holds { Cell::new("yes").fg(Color::Green) } else { Cell::new("NO").fg(Color::Red) }
}

fn jobs(report: &Report) -> String {
    let row = |job: &JobReport| {
        let color = if job.status == "succeeded" { Color::Green } else { Color::Red };
        let workers: Vec<&str> = job.workers.iter().map(String::as_str).collect();
        let is_killed = report.killing.job == job.id;
        let note = job.failure.clone().unwrap_or_else(|| match (&report.takeover, is_killed) {
            (Some(takeover), true) => {
                format!("taken over from {} by {}", report.killing.worker, takeover.worker)
            }
            _ => String::new(),
        });
        vec![
            Cell::new(&job.cluster),
            Cell::new(job.priority),
            Cell::new(job.status).fg(color),
            time(Some(job.elapsed_ms)),
            Cell::new(workers.join(", ")),
            Cell::new(note),
        ]
    };
    let header = ["cluster", "priority", "result", "took", "ticks by", ""];
    table("Jobs", &header, report.jobs.iter().map(row).collect())
}

fn rows(report: &Report) -> String {
    let source = &report.source;
    let row = |name: &str, content: Option<&Content>, same: Cell| {
        let count = |n: Option<i64>| number(n.map_or_else(|| "-".into(), |n| n.to_string()));
        let (customers, orders) =
            (count(content.map(|c| c.customers)), count(content.map(|c| c.orders)));
        vec![Cell::new(name), customers, orders, same]
    };
    let nothing = || Cell::new("");
    let mut rows = vec![
        row("source at the snapshot", source.at_snapshot.as_ref(), nothing()),
        row("source now", source.later.as_ref(), Cell::new("no: it was written to since")),
    ];
    let with_content = report.jobs.iter().filter(|job| job.content.is_some());
    rows.extend(with_content.map(|job| {
        let same = yes(job.content == source.at_snapshot);
        row(&job.cluster, job.content.as_ref(), same)
    }));
    if let (Some(road), Some(longest)) = (&report.road, report.jobs.last()) {
        let masked = Cell::new("orders yes, customers masked");
        let content = road.rows.as_ref().map(|rows| &rows.content);
        rows.push(row(&longest.cluster, content, masked));
    }
    let header = ["database", "customers", "orders", "every row as at the snapshot"];
    table("Rows, counted over TLS", &header, rows)
}

fn checks(report: &Report) -> String {
    let rows = report.jobs.iter().flat_map(|job| {
        job.checks.iter().map(|check| {
            let answer = Cell::new(&check.answer);
            vec![Cell::new(&job.cluster), Cell::new(&check.name), yes(check.passed), answer]
        })
    });
    let header = ["cluster", "check", "passed", "answer"];
    table("Checks, asked by the workers", &header, rows.collect())
}

fn times(report: &Report) -> String {
    let row = |job: &JobReport| {
        let restore = job.took_ms("restore_cluster");
        vec![
            Cell::new(&job.cluster),
            time(job.queue_wait_ms),
            time(
                job.took_ms("resolve_source").zip(job.took_ms("check_target")).map(|(a, b)| a + b),
            ),
            time(restore),
            time(job.took_ms("create_instances")),
            time(job.took_ms("set_credentials")),
            time(job.took_ms("verify_restore")),
            time(Some(job.elapsed_ms)),
        ]
    };
    let header = [
        "cluster",
        "queue wait",
        "plan",
        "restore",
        "instances",
        "credentials",
        "verify",
        "in all",
    ];
    let note = "  (instances and credentials run side by side; the tick that was cut off counts as \
                queue wait)";
    let rows = report.jobs.iter().map(row).collect();
    format!("{}\n{note}", table("Time by step", &header, rows))
}

fn costs(report: &Report) -> String {
    let row = |name: &str, cost: &Cost| {
        vec![
            Cell::new(name),
            number(cost.sqs_requests),
            number(cost.dynamodb_requests),
            number(format!("{:.1}", cost.write_units)),
            number(format!("{:.1}", cost.read_units)),
            number(cost.rds_changes),
            number(cost.rds_reads),
            number(cost.others),
        ]
    };
    let costs = &report.costs;
    let mut rows: Vec<_> = report.jobs.iter().map(|job| row(&job.cluster, &job.cost)).collect();
    rows.extend([
        row("the jobs together", &costs.shared),
        row("idle polling", &costs.idle),
        row("set-up", &costs.set_up),
        row("this demo, looking on", &costs.looking_on),
        row("in all", &costs.total),
    ]);
    let header =
        ["", "SQS", "DynamoDB", "write units", "read units", "RDS changes", "RDS reads", "others"];
    let note = "  (idle polling, by a fleet as sped up as its AWS; a job's RDS reads include the \
                observer's looks while nothing else was watched)";
    format!("{}\n{note}", table("Requests, as the local cloud counted them", &header, rows))
}

/// The figures of the evidence report of the longest road.
fn evidence(report: &Report, told: &Evidence) -> String {
    let old = told.rpo_seconds.map(|seconds| span(seconds * 1_000));
    let kept = match &report.kept {
        Some(_) => format!("the page: {}", told.report.display()),
        None => "the page is left with --keep".to_owned(),
    };
    let row = |name: &str, text: String| vec![Cell::new(name), Cell::new(text)];
    let rows = vec![
        row("age of the data at the end (RPO)", old.unwrap_or_else(|| "-".into())),
        row("time to the end (RTO)", told.rto_ms.map_or_else(|| "-".into(), span)),
        row("hash chain over its records", told.chain.clone()),
        row("`aurora-restore report`", kept),
    ];
    table("Evidence of the masked swap into another account and Region", &["", ""], rows)
}

fn claims(report: &Report) -> String {
    let row = |claim: &super::report::Claim| vec![yes(claim.holds), Cell::new(&claim.what)];
    table("Does it hold?", &["", ""], report.claims.iter().map(row).collect())
}
