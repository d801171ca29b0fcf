//! What a report says to people, before it is Markdown or HTML: sections of facts and tables.

use super::{
    AwsRequest, CheckPart, CheckVerdict, EventPart, EvidenceReport, Outcome, SetGoing, Stage,
};
use crate::view::span;
use std::collections::BTreeMap;

/// A report for people.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) sections: Vec<Section>,
}

/// A part of it under one heading.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// What stands in a section.
pub(super) enum Block {
    /// A sentence.
    Text(String),
    /// Names and what they are.
    Facts(Vec<(&'static str, String)>),
    /// Rows under a head.
    Table { says: &'static str, head: &'static [&'static str], rows: Vec<Vec<String>> },
    /// Something that is shown as it is.
    Code(String),
    /// The stages as bars, where they can be drawn.
    Timeline,
}

pub(super) fn of(report: &EvidenceReport) -> Page {
    let target = &report.target;
    let mut sections = vec![job(report), source(report), restored_to(report), times(report)];
    sections.push(checks(report));
    sections.push(settings(report));
    sections.push(access(report));
    sections.extend(masking(report));
    if !report.old_cluster.is_empty() {
        sections
            .push(section("The cluster that had the name before", vec![map(&report.old_cluster)]));
    }
    sections.push(aws_requests(&report.aws_requests));
    sections.push(records(report));
    sections.push(events(&report.events));
    let request = serde_json::to_string_pretty(&report.request).unwrap_or_default();
    sections.push(section("The request", vec![Block::Code(request)]));
    Page {
        title: format!("Restore of {} in {} {}", target.cluster, target.account, target.region),
        summary: report.verdict.summary.clone(),
        sections,
    }
}

fn section(title: &'static str, blocks: Vec<Block>) -> Section {
    Section { title, blocks }
}

fn or_dash(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "–".into())
}

fn length(ms: Option<i64>) -> String {
    ms.map_or_else(|| "–".into(), span)
}

fn seconds(seconds: Option<i64>) -> String {
    length(seconds.map(|seconds| seconds.saturating_mul(1000)))
}

fn pairs(map: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = map.iter().map(|(name, text)| format!("{name}: {text}")).collect();
    pairs.join("; ")
}

fn map(map: &BTreeMap<String, String>) -> Block {
    let rows = map.iter().map(|(name, text)| vec![name.clone(), text.clone()]).collect();
    Block::Table { says: "names and values", head: &["what", "is"], rows }
}

fn job(report: &EvidenceReport) -> Section {
    let job = &report.job;
    let stands = match report.verdict.outcome {
        Outcome::Unfinished => format!("{} (not ended: the report is of this moment)", job.status),
        Outcome::Succeeded | Outcome::Failed => job.status.clone(),
    };
    let mut facts = vec![
        ("job", job.id.clone()),
        ("stands", stands),
        ("asked for by", job.caller.clone()),
        ("submitted by", job.submitted_by.clone()),
        ("accepted", job.accepted_at.clone()),
        ("ended", or_dash(job.ended_at.as_ref())),
        ("priority", job.priority.clone()),
        ("labels", pairs(&job.labels)),
        ("idempotency key", or_dash(job.idempotency_key.as_ref())),
        ("SHA-256 of the request", job.request_sha256.clone()),
        ("report", format!("{} at {}", report.generated_by, report.generated_at)),
    ];
    if let Some(failure) = &job.failure {
        let step = failure.step.as_ref().map_or_else(String::new, |step| format!(" at {step}"));
        facts.push(("failure", format!("{}{step}: {}", failure.code, failure.text)));
        facts.push(("what to do", failure.runbook.clone()));
    }
    let mut blocks = vec![Block::Facts(facts)];
    if !job.set_going_again.is_empty() {
        let row = |deed: &SetGoing| vec![deed.at.clone(), deed.by.clone(), deed.reason.clone()];
        let rows = job.set_going_again.iter().map(row).collect();
        let (says, head) = ("who had the job go on", &["set going again", "by", "reason"]);
        blocks.push(Block::Table { says, head, rows });
    }
    section("The job", blocks)
}

fn source(report: &EvidenceReport) -> Section {
    let source = &report.source;
    let size = source.size_gib.map(|gib| format!("{gib} GiB"));
    let facts = vec![
        ("asked for", source.asked_for.clone()),
        ("restored", or_dash(source.arn.as_ref().or(source.id.as_ref()))),
        ("data as of", or_dash(source.data_as_of.as_ref())),
        ("age when accepted (RPO)", seconds(source.rpo_at_acceptance_seconds)),
        ("age at the end", seconds(source.rpo_at_end_seconds)),
        ("engine", or_dash(source.engine.as_ref())),
        ("size", or_dash(size.as_ref())),
    ];
    section("What was restored, and from when", vec![Block::Facts(facts)])
}

fn restored_to(report: &EvidenceReport) -> Section {
    let target = &report.target;
    let facts = vec![
        ("cluster", format!("{} in {} {}", target.cluster, target.account, target.region)),
        ("immutable id", or_dash(target.resource_id.as_ref())),
        ("if the name was taken", target.if_exists.clone()),
        ("instances", or_dash(target.instances.map(|n| n.to_string()).as_ref())),
    ];
    let why = target.why.iter().map(|why| Block::Text(why.clone()));
    section(
        "What it was restored to, and why so",
        [Block::Facts(facts)].into_iter().chain(why).collect(),
    )
}

fn times(report: &EvidenceReport) -> Section {
    let times = &report.times;
    let facts = vec![
        ("accepted until taken", length(times.queued_ms)),
        ("accepted until verified (RTO)", length(times.rto_to_verified_ms)),
        ("accepted until the end", length(times.rto_to_end_ms)),
        ("in all", span(times.elapsed_ms)),
    ];
    let row = |stage: &Stage| {
        vec![
            stage.step.clone(),
            stage.status.clone(),
            or_dash(stage.started_at.as_ref()),
            or_dash(stage.ended_at.as_ref()),
            length(stage.took_ms),
            length(stage.waited_ms),
            or_dash(stage.how.as_ref()),
            stage.failed_attempts.to_string(),
        ]
    };
    let head =
        &["step", "status", "began", "ended", "took", "of that waiting", "how", "failed attempts"];
    let rows = report.stages.iter().map(row).collect();
    let table = Block::Table { says: "time by stage", head, rows };
    section("How long it took", vec![Block::Facts(facts), Block::Timeline, table])
}

fn check_table(checks: &[CheckPart]) -> Block {
    let row = |check: &CheckPart| {
        let verdict = match check.verdict {
            CheckVerdict::Passed => "passed",
            CheckVerdict::Failed => "failed",
            CheckVerdict::NotRun => "not run",
        };
        vec![
            check.name.clone(),
            verdict.into(),
            check.expected.clone(),
            or_dash(check.answer.as_ref()),
            check.sql.clone(),
        ]
    };
    let head = &["check", "verdict", "expected", "answer", "query"];
    let rows = checks.iter().map(row).collect();
    Block::Table { says: "checks and their answers", head, rows }
}

fn checks(report: &EvidenceReport) -> Section {
    let mut blocks = match report.checks.len() {
        0 => vec![Block::Text("No SQL check was asked for.".into())],
        _ => vec![check_table(&report.checks)],
    };
    if !report.also_verified.is_empty() {
        blocks.push(map(&report.also_verified));
    }
    section("What proves it", blocks)
}

fn settings(report: &EvidenceReport) -> Section {
    let settings = &report.settings;
    let rows = settings.differences.iter();
    let rows: Vec<Vec<String>> =
        rows.map(|d| vec![d.name.clone(), d.source.clone(), d.restored.clone()]).collect();
    let block = match (rows.is_empty(), settings.compare_asked_for) {
        (false, _) => {
            let head = &["setting", "source", "restored"];
            Block::Table { says: "settings that differ", head, rows }
        }
        (true, true) => Block::Text("The records tell of no difference.".into()),
        (true, false) => Block::Text(
            "No comparison was asked for, and the records tell of no difference.".into(),
        ),
    };
    section("Settings that differ from the source's", vec![block])
}

fn access(report: &EvidenceReport) -> Section {
    let access = &report.access;
    let opened = if access.open_after_masking { "after masking" } else { "with the restore" };
    let facts = vec![("master password", access.master.clone()), ("opened", opened.to_owned())];
    let mut blocks = vec![Block::Facts(facts)];
    if !access.users.is_empty() {
        let rows = access.users.iter();
        let rows =
            rows.map(|user| vec![user.name.clone(), user.secret.clone(), user.grants.join("; ")]);
        let (says, head) = ("users", &["user", "secret", "privileges"]);
        blocks.push(Block::Table { says, head, rows: rows.collect() });
    }
    section("Who may use it", blocks)
}

fn masking(report: &EvidenceReport) -> Option<Section> {
    let masking = report.masking.as_ref()?;
    let rows = masking.scripts.iter().map(|s| vec![s.name.clone(), s.sha256.clone()]).collect();
    let (says, head) = ("masking scripts", &["script", "SHA-256"]);
    let mut blocks = vec![
        Block::Facts(vec![("done", or_dash(masking.done_at.as_ref()))]),
        Block::Table { says, head, rows },
    ];
    if !masking.told.is_empty() {
        blocks.push(map(&masking.told));
    }
    if !masking.proof.is_empty() {
        blocks.push(check_table(&masking.proof));
    }
    Some(section("What was masked", blocks))
}

fn aws_requests(requests: &[AwsRequest]) -> Section {
    let row = |request: &AwsRequest| {
        let AwsRequest { step, at, what, request_id } = request;
        vec![at.clone(), step.clone(), what.clone(), request_id.clone()]
    };
    let block = if requests.is_empty() {
        Block::Text("The records tell of none.".into())
    } else {
        let (says, head) = ("requests to AWS", &["told at", "step", "what", "request id"]);
        Block::Table { says, head, rows: requests.iter().map(row).collect() }
    };
    section("Requests to AWS", vec![block])
}

fn records(report: &EvidenceReport) -> Section {
    let chain = &report.chain;
    let facts = vec![
        ("head (keep it elsewhere)", or_dash(chain.head.as_ref())),
        ("begins with", chain.genesis.clone()),
    ];
    let blocks = vec![Block::Text(chain.summary.clone()), Block::Facts(facts)];
    section("Whether the records are whole", blocks)
}

fn events(events: &[EventPart]) -> Section {
    let rows = events.iter().flat_map(|event| {
        event.entries.iter().enumerate().map(move |(n, entry)| {
            let of_event = |text: &str| if n == 0 { text.to_owned() } else { String::new() };
            let standing = if event.committed { "" } else { " (not committed)" };
            let details = pairs(&entry.details);
            let said: Vec<&str> = [&entry.note, &details]
                .into_iter()
                .map(String::as_str)
                .filter(|t| !t.is_empty())
                .collect();
            vec![
                entry.at.clone(),
                of_event(&format!("{}{standing}", event.epoch)),
                of_event(&event.who),
                or_dash(entry.step.as_ref()),
                entry.what.clone(),
                said.join("; "),
                of_event(&event.hash),
            ]
        })
    });
    let head = &["time", "epoch", "who", "step", "what", "note and details", "hash"];
    let table = Block::Table { says: "the audit trail", head, rows: rows.collect() };
    section("Everything that happened", vec![table])
}
