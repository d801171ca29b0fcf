//! The fleet in simulation, as much of it as fits into a test run: determinism first, then safety
//! and liveness, then every point of one job. Long runs are a command (`./dev simulate`).

use aurora_restore_loadtest::simulate::exhaustive::{self, Exhaustive};
use aurora_restore_loadtest::simulate::knobs::{Knobs, Profile};
use aurora_restore_loadtest::simulate::many::{Summary, run_seeds};
use aurora_restore_loadtest::simulate::run::{Options, Verdict, run_seed};
use std::fmt::Write;
use std::ops::Range;
use std::process::Command;

/// Seeds of the test of determinism.
const SEEDS: Range<u64> = 0..50;

fn knobs(profile: Profile) -> Knobs {
    Knobs { profile, ..Knobs::default() }
}

fn line(verdict: &Verdict) -> String {
    let Verdict { seed, hash, next_draw, virtual_ms, .. } = verdict;
    format!("{seed} {hash:016x} {next_draw:016x} {virtual_ms}")
}

/// What one process says of these seeds.
fn told_by_a_process() -> String {
    let program = env!("CARGO_BIN_EXE_aurora-restore-loadtest");
    let seeds = format!("{}..{}", SEEDS.start, SEEDS.end);
    let small = ["--jobs", "2", "--workers", "2"];
    let told = Command::new(program)
        .args(["simulate", "--hashes", "--seeds", &seeds])
        .args(small)
        .output();
    String::from_utf8(told.expect("the program runs").stdout).expect("it tells text")
}

#[test]
fn deterministic_1_a_seed_gives_the_same_trace_draw_and_clock_twice_in_one_process() {
    let knobs = Knobs { profile: Profile::Normal, jobs: 2, workers: 2, ..Knobs::default() };
    let options = Options::default();
    let mut differing = Vec::new();
    // Backwards the second time: what ran before must not matter.
    let run = |seed| line(&run_seed(seed, &knobs, &options).unwrap());
    let first: Vec<String> = SEEDS.map(run).collect();
    let mut again: Vec<String> = SEEDS.rev().map(run).collect();
    again.reverse();
    for (first, again) in first.iter().zip(&again) {
        if first != again {
            differing.push(format!("{first} then {again}"));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
    assert!(first.windows(2).all(|two| two[0].split(' ').nth(1) != two[1].split(' ').nth(1)));
}

#[test]
fn deterministic_2_a_seed_gives_the_same_in_two_processes() {
    let first = told_by_a_process();
    assert_eq!(first.lines().count(), 50, "{first}");
    assert_eq!(first, told_by_a_process());
}

/// Everything that speaks against the fleet, in words.
fn faults_of(summary: &Summary, knobs: &Knobs) -> String {
    let mut text = String::new();
    for verdict in &summary.bad {
        for violation in &verdict.violations {
            let _ = writeln!(text, "seed {} {knobs}: {violation}", verdict.seed);
        }
    }
    for broken in &summary.broken {
        let _ = writeln!(text, "{broken}");
    }
    for class in summary.vacuous(knobs) {
        let _ = writeln!(text, "{} never struck: the run says nothing about it", class.name());
    }
    text
}

fn expect_nothing_violated(profile: Profile, seeds: Range<u64>) -> Summary {
    let knobs = knobs(profile);
    let all = seeds.end - seeds.start;
    let summary = run_seeds(seeds, &knobs, &Options::default(), 2, &|_, _| true);
    let faults = faults_of(&summary, &knobs);
    assert!(faults.is_empty(), "{faults}");
    assert_eq!(summary.seeds, all);
    let seen = summary.sightings;
    if profile != Profile::Calm {
        for (what, n) in [
            ("fenced writes", seen.fenced_writes),
            ("decisions of restore sets", seen.set_decisions),
            ("snapshots copied", seen.copies),
            ("clusters opened", seen.openings),
            ("takeovers of the living", seen.takeovers_of_living),
            ("takeovers of the dead", seen.takeovers_of_dead),
            ("claim races", seen.claim_races),
            ("slot waits", seen.slot_waits),
        ] {
            assert!(n > 0, "no {what}: {seen:?}");
        }
    }
    summary
}

#[test]
fn safe_and_live_in_calm_weather_where_every_job_succeeds() {
    let summary = expect_nothing_violated(Profile::Calm, 24..72);
    assert_eq!(summary.ended.get("succeeded"), Some(&summary.jobs()), "{:?}", summary.ended);
}

#[test]
fn safe_and_live_in_normal_weather() {
    expect_nothing_violated(Profile::Normal, 0..60);
}

#[test]
fn safe_and_live_in_hostile_weather() {
    expect_nothing_violated(Profile::Hostile, 0..70);
}

#[test]
fn exhaustive_at_every_point_of_a_job_a_crash_a_lost_answer_and_a_freeze_change_nothing() {
    let found = exhaustive::run(Exhaustive::Singles, 2, &|_, _| ()).unwrap();
    println!("{} points, {} runs, {} covered", found.points.len(), found.all, found.covered);
    let bad: Vec<_> = found.bad.iter().map(|(strikes, v)| (strikes, &v.violations)).collect();
    assert!(found.is_good(), "{} of {} covered, {bad:#?}", found.covered, found.all);
    let operations = found.points.iter().map(|p| p.operation.as_str());
    let operations: std::collections::BTreeSet<&str> = operations.collect();
    for expected in [
        "UpdateItem",
        "PutItem",
        "SendMessage",
        "ReceiveMessage",
        "DeleteMessage",
        "RestoreDBClusterFromSnapshot",
        "CreateDBInstance",
        "ModifyDBCluster",
    ] {
        assert!(operations.contains(expected), "{expected} is no point: {operations:?}");
    }
}

#[test]
fn a_job_that_cannot_end_is_reported() {
    use aurora_restore_loadtest::simulate::audit::Invariant;
    use aurora_restore_local::cloud::{Cloud, ConnectionBroken};
    use aurora_restore_local::transport::{Carried, Network};
    use aurora_restore_local::wire::WireRequest;

    /// Nobody of the fleet ever receives a message.
    #[derive(Debug)]
    struct NoMessages;
    impl Network for NoMessages {
        fn carry<'a>(
            &'a self,
            cloud: &'a Cloud,
            component: &'a str,
            request: WireRequest,
        ) -> Carried<'a> {
            Box::pin(async move {
                if request.header("x-amz-target").contains("ReceiveMessage") {
                    tokio::time::sleep(std::time::Duration::from_secs(19)).await;
                    return Err(ConnectionBroken::Unanswered);
                }
                cloud.serve(component, &request).await
            })
        }
    }
    let options = Options { network: std::sync::Arc::new(NoMessages), ..Options::default() };
    let knobs = Knobs { profile: Profile::Calm, jobs: 1, workers: 1, ..Knobs::default() };
    let verdict = run_seed(0, &knobs, &options).unwrap();
    let first = verdict.violations.first().expect("a job that nobody receives does not end");
    assert_eq!(first.invariant, Invariant::EveryJobEnds, "{first}");
}

/// Counts the calls of workers, and how many of them the SDK meant: it names each call, and a
/// repeat has the name of the first.
#[derive(Default, Clone)]
struct Meant(std::sync::Arc<std::sync::Mutex<(u64, std::collections::BTreeSet<String>)>>);

impl aurora_restore_local::witness::Witness for Meant {
    fn saw(&mut self, seen: &aurora_restore_local::witness::Seen<'_>) {
        if seen.component.starts_with('w') {
            let mut counts = self.0.lock().expect("nobody panics with it");
            counts.0 += 1;
            counts.1.insert(seen.request.header("amz-sdk-invocation-id").to_owned());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn under_total_throttling_the_fleet_sends_at_most_a_tenth_more_calls_than_it_means() {
    use aurora_restore_local::faults::{FaultKind, FaultRule};
    let sim = aurora_restore_loadtest::sim::Sim::prepared(7).await.unwrap();
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    let meant = Meant::default();
    sim.cloud.watched_by(meant.clone());
    let number = sim.cloud.world().faults.add(FaultRule::always(FaultKind::Throttle));
    let workers = [sim.start("w1.1"), sim.start("w2.1")];
    sim.pass(std::time::Duration::from_secs(8 * 3600)).await;
    sim.cloud.world().faults.remove(number);
    let (sent, intended) = {
        let counts = meant.0.lock().unwrap();
        (counts.0, counts.1.len() as u64)
    };
    assert!(intended > 4_000, "only {intended} calls: the test says nothing");
    assert!(sent * 10 <= intended * 11, "{sent} calls were sent for {intended}");
    let hour = std::time::Duration::from_secs(3600);
    sim.until_succeeded(&[job], 8 * hour).await.unwrap();
    for worker in workers {
        worker.kill().await;
    }
}

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_password_is_in_any_logged_byte_of_a_hostile_run() {
    let log = Log::default();
    let writer = log.clone();
    let ours = ["worker", "shared", "producer"].map(|name| format!("aurora_restore_{name}=trace"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(ours.join(",")))
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        for seed in 0..6 {
            run_seed(seed, &knobs(Profile::Hostile), &Options::default()).unwrap();
        }
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.lines().count() > 50, "hardly anything is logged: {text}");
    for secret in ["drill-password", "source-password"] {
        assert!(!text.contains(secret), "{secret} was logged");
    }
}
