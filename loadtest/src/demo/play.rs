//! The demo, act by act.

use super::cli::Run;
use super::cost::Costs;
use super::fleet::{self, Worker};
use super::jobs::{self, Job};
use super::keep::{self, Database, Kept};
use super::killing::{self, Takeover};
use super::process;
use super::report::{Found, JobReport, Report};
use super::road;
use super::screen::Screen;
use super::source::{self, Source};
use super::sql::Content;
use super::stage::Stage;
use anyhow::{Result, bail};
use aurora_restore_shared::environment::Environment;
use aurora_restore_worker::rds::JOB_TAG;
use aws_sdk_rds::Client;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How often progress is shown.
const LOOK: Duration = Duration::from_millis(250);

/// Clusters by the job that their tag names.
pub(super) type Tagged = BTreeMap<String, Vec<String>>;

/// Plays all of it.
///
/// # Errors
/// Something does not work at all; what merely does not hold is in the report.
pub(super) async fn play(run: &Run, stage: &mut Stage, screen: &Screen) -> Result<Report> {
    let (env, about) = (stage.env.clone(), stage.cloud.about.clone());
    let folder = stage.folder().to_owned();
    let (source, all) = prepare(stage, screen).await?;
    let Some((longest, jobs)) = all.split_last() else { bail!("no job was submitted") };
    let before = road::resource_id(&env, longest.cluster()).await?;
    screen.say(&format!(
        "{} is to replace a cluster of another account in another Region, masked",
        longest.cluster()
    ));

    killing::prepare(&about).await?;
    let settings = fleet::write_settings(&folder, &about, run.speed)?;
    start_workers(stage, &settings, &["demo-worker-1", "demo-worker-2"], screen).await?;
    let (killing, ()) = tokio::try_join!(
        killing::kill_one(&env, &about, jobs, &mut stage.workers, screen),
        follow(&env, &all, screen),
    )?;
    stage.workers.retain(|worker| worker.process.name() != killing.worker);

    // What the last tick still does after its commit is done when its worker has drained.
    let drained = drain(stage).await?;
    let costs = Costs::of(&about.calls().await?, &all);
    screen.say("all jobs have ended; counting rows, clusters and requests");
    let tagged = tagged_clusters(&env).await?;
    let (reports, takeover) = reports(stage, &all, &costs, &tagged, &killing).await?;
    let has_ended_well = reports.last().is_some_and(|job| job.status == "succeeded");
    let road = match has_ended_well {
        true => Some(road::look(stage, longest, before).await?),
        false => None,
    };
    let known = |id: &String| all.iter().any(|job| job.id.to_string() == *id);
    let strangers: Vec<String> =
        tagged.iter().filter(|(id, _)| !known(id)).flat_map(|(_, c)| c.clone()).collect();
    let claims = Found {
        jobs: &all,
        reports: &reports,
        road: road.as_ref(),
        source: &source,
        killing: &killing,
        takeover: takeover.as_ref(),
        strangers: &strangers,
        drained,
    }
    .claims();
    let holds = claims.iter().all(|claim| claim.holds);
    let kept = if run.keep && holds { Some(keep_all(run, stage, jobs).await?) } else { None };
    let (took_ms, speed) = (screen.elapsed_ms(), run.speed);
    let data_plane = about.data_plane;
    let jobs = reports;
    Ok(Report {
        holds,
        took_ms,
        speed,
        data_plane,
        source,
        jobs,
        road,
        killing,
        takeover,
        costs,
        claims,
        kept,
    })
}

/// Makes table and queues, what is there before, and the jobs.
async fn prepare(stage: &Stage, screen: &Screen) -> Result<(Source, Vec<Job>)> {
    let (env, folder) = (&stage.env, stage.folder());
    process::output(jobs::command(folder, &["init"])?).await?;
    screen.say(
        "`aurora-restore init` made the table with its indexes, and the queues of two Regions",
    );
    let (source, ()) =
        tokio::try_join!(source::make(env, stage.sql.as_ref(), screen), road::seed(stage))?;
    jobs::create_secrets(env).await?;
    let all = jobs::submit(env, folder, stage.cloud.about.has_data()).await?;
    let names: Vec<&str> = all.iter().map(Job::cluster).collect();
    screen.say(&format!("`aurora-restore submit` took 4 request files: {}", names.join(", ")));
    Ok((source, all))
}

async fn start_workers(
    stage: &mut Stage,
    settings: &Path,
    names: &[&str],
    screen: &Screen,
) -> Result<()> {
    let first = stage.workers.len();
    for name in names {
        stage.workers.push(Worker::start(name, settings)?);
    }
    let clock = stage.env.clock;
    for worker in &mut stage.workers[first..] {
        worker.until_ready(clock).await?;
    }
    let who: Vec<String> = stage.workers[first..]
        .iter()
        .map(|w| format!("{} (process {})", w.process.name(), w.process.pid()))
        .collect();
    screen.say(&format!("`aurora-restore-worker`: {} at work", who.join(" and ")));
    Ok(())
}

/// Shows how far the jobs are until all have ended.
async fn follow(env: &Environment, jobs: &[Job], screen: &Screen) -> Result<()> {
    let names: Vec<&str> = jobs.iter().map(Job::cluster).collect();
    let mut lines = screen.lines(&names);
    loop {
        let mut live = 0;
        for (n, job) in jobs.iter().enumerate() {
            let view = job.look(env).await?;
            live += usize::from(view.ended_at.is_none());
            lines.show(n, &view);
        }
        if live == 0 {
            return Ok(());
        }
        env.clock.sleep(LOOK).await;
    }
}

/// Tells all workers to stop; says whether all have handed everything back.
async fn drain(stage: &mut Stage) -> Result<bool> {
    let clock = stage.env.clock;
    let mut drained = true;
    for worker in &mut stage.workers {
        worker.process.check()?;
        drained &= worker.process.stop(clock).await?.success();
    }
    stage.workers.clear();
    Ok(drained)
}

/// All clusters that carry our tag, whoever made them, in both accounts.
async fn tagged_clusters(env: &Environment) -> Result<Tagged> {
    let mut tagged = tagged_in(&env.home_place(&env.common.region).await?.rds()).await?;
    for (job, clusters) in road::tagged(env).await? {
        tagged.entry(job).or_default().extend(clusters);
    }
    Ok(tagged)
}

/// Those of one account and Region.
pub(super) async fn tagged_in(rds: &Client) -> Result<Tagged> {
    let mut pages = rds.describe_db_clusters().into_paginator().items().send();
    let mut tagged = Tagged::new();
    while let Some(cluster) = pages.next().await {
        let cluster = cluster?;
        let tag = cluster.tag_list().iter().find(|tag| tag.key() == Some(JOB_TAG));
        if let Some(job) = tag.and_then(|tag| tag.value()) {
            let name = cluster.db_cluster_identifier().unwrap_or_default().to_owned();
            tagged.entry(job.to_owned()).or_default().push(name);
        }
    }
    Ok(tagged)
}

async fn reports(
    stage: &Stage,
    jobs: &[Job],
    costs: &Costs,
    tagged: &Tagged,
    killing: &killing::Killing,
) -> Result<(Vec<JobReport>, Option<Takeover>)> {
    let mut reports = Vec::new();
    let mut takeover = None;
    for (job, cost) in jobs.iter().zip(&costs.jobs) {
        let details = job.details(&stage.env).await?;
        if killing.job == details.job.id {
            takeover = Takeover::of(killing, &details);
        }
        // Where RDS keeps the master password, somebody else looks.
        let has_data = details.job.status == "succeeded" && job.secret_name().is_some();
        let content = if has_data { content(stage, job).await? } else { None };
        let clusters = tagged.get(&details.job.id).cloned().unwrap_or_default();
        reports.push(JobReport::of(job, &details, content, clusters, *cost));
    }
    Ok((reports, takeover))
}

/// What a restored database holds, as its master user sees it with the secret's password.
async fn content(stage: &Stage, job: &Job) -> Result<Option<Content>> {
    let Some(sql) = &stage.sql else { return Ok(None) };
    let login = source::login(&stage.env, job.cluster(), &job.password()).await?;
    Ok(Some(sql.content(&login).await?))
}

/// Leaves the local cloud and one fresh worker running.
async fn keep_all(run: &Run, stage: &mut Stage, jobs: &[Job]) -> Result<Kept> {
    let folder = stage.folder().to_owned();
    let mut worker = Worker::start("demo-worker-3", &folder.join("worker.toml"))?;
    worker.until_ready(stage.env.clock).await?;
    let mut databases = Vec::new();
    if let Some(sql) = &stage.sql {
        for job in jobs {
            let login = source::login(&stage.env, job.cluster(), &job.password()).await?;
            databases.push(Database::of(job, &sql.target(&login)));
        }
    }
    keep::keep(&run.state.file, &folder, &mut stage.cloud, &mut worker)?;
    stage.keep_folder();
    let endpoint = stage.cloud.about.endpoint.clone();
    let command = process::program(jobs::PROGRAM)?;
    Ok(Kept { endpoint, folder, command, databases })
}
