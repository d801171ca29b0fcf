//! What the demo has found out, for a person and for a program, and what of it must hold.

use super::cost::{Cost, Costs};
use super::jobs::Job;
use super::keep::Kept;
use super::killing::{Killing, Takeover};
use super::road::Road;
use super::source::Source;
use super::sql::Content;
use aurora_restore_producer::view::{DetailsView, EntryView};
use serde::Serialize;
use std::collections::BTreeSet;

/// Everything that the demo has found out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether all claims hold.
    pub holds: bool,
    /// How long it took, milliseconds.
    pub took_ms: i64,
    /// How much faster than in AWS long operations passed.
    pub speed: f64,
    /// `postgres`, or `none`: control plane only.
    pub data_plane: String,
    /// What was restored.
    pub source: Source,
    /// The jobs.
    pub jobs: Vec<JobReport>,
    /// What became of the longest road; none when its job has not succeeded.
    pub road: Option<Road>,
    /// The accident.
    pub killing: Killing,
    /// Who went on.
    pub takeover: Option<Takeover>,
    /// Requests and billed units.
    pub costs: Costs,
    /// What must hold.
    pub claims: Vec<Claim>,
    /// What was left running.
    pub kept: Option<Kept>,
}

/// One job.
#[derive(Debug, Clone, Serialize)]
pub struct JobReport {
    /// Its id.
    pub id: String,
    /// The cluster it made.
    pub cluster: String,
    /// Its request file's priority.
    pub priority: &'static str,
    /// How it ended.
    pub status: &'static str,
    /// Why it failed.
    pub failure: Option<String>,
    /// From submission to end, milliseconds.
    pub elapsed_ms: i64,
    /// How long it waited until a worker first looked at it, milliseconds.
    pub queue_wait_ms: Option<i64>,
    /// Time by step, milliseconds, in the order of the plan. Some run side by side.
    pub steps: Vec<StepTime>,
    /// Its checks, with their answers.
    pub checks: Vec<CheckAnswer>,
    /// What the restored database holds.
    pub content: Option<Content>,
    /// Workers that ticked it, as the audit trail names them.
    pub workers: BTreeSet<String>,
    /// Clusters that carry its tag.
    pub clusters: Vec<String>,
    /// What it cost.
    pub cost: Cost,
}

/// How long a step took.
#[derive(Debug, Clone, Serialize)]
pub struct StepTime {
    /// The step.
    pub name: &'static str,
    /// How it came to be done.
    pub how: Option<String>,
    /// Milliseconds since it was first started.
    pub took_ms: Option<i64>,
}

/// A check with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckAnswer {
    /// Its name.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// The answer, and what was expected.
    pub answer: String,
}

/// One thing that must hold.
#[derive(Debug, Clone, Serialize)]
pub struct Claim {
    /// What.
    pub what: String,
    /// Whether it does.
    pub holds: bool,
}

impl JobReport {
    /// A job by its audit trail.
    pub(super) fn of(
        job: &Job,
        details: &DetailsView,
        content: Option<Content>,
        clusters: Vec<String>,
        cost: Cost,
    ) -> Self {
        let view = &details.job;
        let started = details.steps.first().and_then(|step| step.started_at.as_deref());
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond());
        let wait = moment(&view.created_at).zip(started.and_then(moment));
        let time = |step: &aurora_restore_producer::view::StepView| StepTime {
            name: step.name,
            how: step.how.clone(),
            took_ms: step.took_ms,
        };
        Self {
            id: view.id.clone(),
            cluster: job.cluster().to_owned(),
            priority: view.priority,
            status: view.status,
            failure: view.failure.as_ref().map(|f| format!("{}: {}", f.code, f.text)),
            elapsed_ms: view.elapsed_ms,
            queue_wait_ms: wait.map(|(created, started)| (started - created).max(0)),
            steps: details.steps.iter().map(time).collect(),
            checks: details.events.iter().flat_map(|e| &e.entries).flat_map(checks).collect(),
            content,
            workers: details.events.iter().map(|e| e.worker.clone()).collect(),
            clusters,
            cost,
        }
    }

    /// How long a step took.
    pub(super) fn took_ms(&self, step: &str) -> Option<i64> {
        self.steps.iter().find(|s| s.name == step)?.took_ms
    }
}

/// The checks that an entry of the audit trail tells of.
fn checks(entry: &EntryView) -> Vec<CheckAnswer> {
    let check = |(key, text): (&String, &String)| {
        let name = key.strip_prefix("check ")?.to_owned();
        let (verdict, answer) = text.split_once(": ")?;
        Some(CheckAnswer { name, passed: verdict == "passed", answer: answer.to_owned() })
    };
    entry.details.iter().filter_map(check).collect()
}

/// What claims are made about.
pub(super) struct Found<'a> {
    pub(super) jobs: &'a [Job],
    pub(super) reports: &'a [JobReport],
    pub(super) source: &'a Source,
    pub(super) road: Option<&'a Road>,
    pub(super) killing: &'a Killing,
    pub(super) takeover: Option<&'a Takeover>,
    /// Clusters that carry a tag of aurora-restore which names none of the jobs.
    pub(super) strangers: &'a [String],
    /// Whether every worker that was told to end has handed everything back.
    pub(super) drained: bool,
}

impl Found<'_> {
    /// Everything that must hold.
    pub(super) fn claims(&self) -> Vec<Claim> {
        let mut claims = vec![self.all_succeeded()];
        if self.source.at_snapshot.is_some() {
            claims.extend([self.rows_are_equal(), self.checks_passed()]);
        }
        claims.extend([self.was_killed(), self.was_taken_over(), self.one_cluster_each()]);
        claims.extend(self.road.into_iter().flat_map(|road| self.of_road(road)));
        claims.push(Claim {
            what: "told to stop, the surviving worker handed everything back".into(),
            holds: self.drained,
        });
        claims
    }

    fn all_succeeded(&self) -> Claim {
        let succeeded = self.reports.iter().filter(|job| job.status == "succeeded").count();
        let what = format!("{succeeded} of {} jobs succeeded", self.jobs.len());
        Claim { what, holds: succeeded == self.jobs.len() }
    }

    fn rows_are_equal(&self) -> Claim {
        let at_snapshot = self.source.at_snapshot.as_ref();
        // The last one is masked.
        let unmasked = self.reports.len().saturating_sub(1);
        let same = |job: &&JobReport| job.content.as_ref() == at_snapshot;
        let equal = self.reports.iter().take(unmasked).filter(same).count();
        let what = format!(
            "{equal} of {unmasked} databases hold exactly the rows of the snapshot, not those of now"
        );
        Claim { what, holds: equal == unmasked && at_snapshot != self.source.later.as_ref() }
    }

    /// What the longest road claims: the swap, and where there is data, what is in the databases.
    fn of_road(&self, road: &Road) -> Vec<Claim> {
        let mut claims = vec![Claim {
            what: format!("the replaced cluster lives on as {}", road.old_name),
            holds: road.old == road.before && road.after != road.before,
        }];
        if let (Some(source), Some(rows)) = (&self.source.at_snapshot, &road.rows) {
            let content = &rows.content;
            let of_orders = |content: &Content| (content.orders, content.hashes[1].clone());
            let is_masked = rows.unmasked == Some(0) && content.customers == source.customers;
            claims.push(Claim {
                what: format!(
                    "no address of {} customers is a real one in staging; {} still are in production",
                    content.customers,
                    rows.unmasked_in_source.unwrap_or_default()
                ),
                holds: is_masked && rows.unmasked_in_source == Some(source.customers),
            });
            claims.push(Claim {
                what: "the orders in staging are those of the snapshot; its user reads, and may not write".into(),
                holds: of_orders(content) == of_orders(source)
                    && rows.is_kept_from_writing,
            });
            claims.push(Claim {
                what: "the replaced database holds what it held".into(),
                holds: rows.old_note.as_deref() == Some("kept for an hour"),
            });
        }
        claims.push(Claim {
            what: format!(
                "the evidence report finds the chain of its records {}",
                road.evidence.chain
            ),
            holds: road.evidence.chain == "whole",
        });
        claims
    }

    fn checks_passed(&self) -> Claim {
        let of_request = |job: &Job| {
            let proof = job.request.mask.as_ref().map_or(0, |mask| mask.proof.len());
            job.request.verify.checks.len() + proof
        };
        let asked: usize = self.jobs.iter().map(of_request).sum();
        let passed = self.reports.iter().flat_map(|job| &job.checks).filter(|c| c.passed).count();
        let what = format!("{passed} of {asked} checks passed");
        Claim { what, holds: asked > 0 && passed == asked }
    }

    fn was_killed(&self) -> Claim {
        let Killing { worker, pid, cluster, lease_left_ms, .. } = self.killing;
        let what = format!(
            "{worker} (process {pid}) was killed while it held the lease of {cluster} \
             ({lease_left_ms} ms of it left)"
        );
        Claim { what, holds: self.killing.held_the_lease }
    }

    fn was_taken_over(&self) -> Claim {
        let Killing { worker: dead, cluster, job, .. } = self.killing;
        let report = self.reports.iter().find(|report| report.id == *job);
        let Some((takeover, report)) = self.takeover.zip(report) else {
            return Claim { what: format!("nobody took {cluster} over"), holds: false };
        };
        let worker = &takeover.worker;
        let what = format!(
            "{worker} took {cluster} over {:.1} s later and finished it",
            takeover.after_ms as f64 / 1000.0
        );
        let by_others = !report.workers.contains(dead) && report.workers.contains(worker);
        Claim { what, holds: by_others && report.status == "succeeded" }
    }

    fn one_cluster_each(&self) -> Claim {
        let is_one = |job: &&JobReport| job.clusters == [job.cluster.clone()];
        let ones = self.reports.iter().filter(is_one).count();
        let what = format!(
            "{ones} of {} jobs made exactly one cluster, and {} others carry our tag",
            self.jobs.len(),
            self.strangers.len()
        );
        Claim { what, holds: ones == self.jobs.len() && self.strangers.is_empty() }
    }
}
