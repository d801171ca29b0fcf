//! The figures, as a person and as a program reads them.

use crate::sim::Cost;
use crate::table::{number, plain};
use comfy_table::Cell;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Calls per second that the local cloud should serve over HTTP: a fleet of hundreds of workers.
const HTTP_AIM: u64 = 10_000;

/// Calls per second that a simulation should get through: a few hundred restores a second.
const IN_PROCESS_AIM: u64 = 20_000;

/// Seeds per second and thread that the simulation should get through: a hundred thousand in the
/// time of a lunch.
const SEEDS_AIM: u64 = 10;

/// What one restore may cost; the gates of the cost tests.
const COST_AIMS: PerRestore =
    PerRestore { sqs_requests: 12.0, write_units: 40.0, read_units: 15.0, rds_requests: None };

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Processors of this machine.
    pub processors: usize,
    /// Whether this is a release build.
    pub is_optimised: bool,
    /// Connections over HTTP.
    pub connections: u16,
    /// The local cloud over HTTP.
    pub http: Operations,
    /// The same with more and more messages and items in it.
    pub curve: Vec<Point>,
    /// The AWS SDK on the local cloud, in process, on one thread.
    pub in_process: Operations,
    /// The AWS SDK on a transport that answers nothing: its own cost, and so the ceiling of the
    /// in-process figures on this machine. The same call as [`Operations::update_item`].
    pub sdk_alone: Rate,
    /// Restores in virtual time.
    pub restores: Restores,
    /// Seeds of the simulation, on one thread: 3 workers, 4 jobs, normal weather.
    pub seeds: Rate,
}

/// The operations that a fleet calls most.
#[derive(Debug, Clone, Serialize)]
pub struct Operations {
    /// Sending a wake-up.
    pub send_message: Rate,
    /// Renewing a lease: a conditional update that also changes an index.
    pub update_item: Rate,
    /// Reading the state of a job.
    pub get_item: Rate,
}

/// The local cloud over HTTP with so much in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Messages in the queue, and as many items in the table and its index.
    pub size: u32,
    /// Sending one more message.
    pub send_message: Rate,
    /// Receiving the first one.
    pub receive_message: Rate,
    /// A conditional update.
    pub update_item: Rate,
    /// Ten entries of the index.
    pub query: Rate,
}

/// How often something was done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Calls, all of them successful.
    pub calls: u64,
    /// Wall time.
    pub seconds: f64,
    /// Calls per second.
    pub per_second: f64,
}

/// Whole restores in virtual time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Restores {
    /// Restores that were run.
    pub jobs: u16,
    /// Workers that ran them.
    pub workers: u16,
    /// Wall time.
    pub wall_seconds: f64,
    /// Restores per second of wall time.
    pub per_second: f64,
    /// The longest of them, in virtual time.
    pub longest_virtual_seconds: f64,
    /// What one of them cost.
    pub per_restore: PerRestore,
}

/// What one restore cost on average, idle polling apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PerRestore {
    /// SQS requests.
    pub sqs_requests: f64,
    /// DynamoDB write units.
    pub write_units: f64,
    /// DynamoDB read units.
    pub read_units: f64,
    /// RDS requests that change something; there is no aim for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rds_requests: Option<f64>,
}

impl Rate {
    /// So many calls in that time.
    #[must_use]
    pub fn of(calls: u64, time: Duration) -> Self {
        let seconds = time.as_secs_f64();
        Self { calls, seconds: rounded(seconds), per_second: per(calls as f64, seconds) }
    }
}

impl Restores {
    pub(super) fn of(
        (jobs, workers): (u16, u16),
        wall: Duration,
        longest: Duration,
        per_restore: PerRestore,
    ) -> Self {
        let wall = wall.as_secs_f64();
        Self {
            jobs,
            workers,
            wall_seconds: rounded(wall),
            per_second: per(f64::from(jobs), wall),
            longest_virtual_seconds: rounded(longest.as_secs_f64()),
            per_restore,
        }
    }
}

impl PerRestore {
    pub(super) fn of(all: Cost, jobs: u16) -> Self {
        let each = |n: f64| per(n, f64::from(jobs));
        Self {
            sqs_requests: each(all.sqs_requests as f64),
            write_units: each(all.write_units),
            read_units: each(all.read_units),
            rds_requests: Some(each(all.rds_requests as f64)),
        }
    }
}

/// Two digits behind the point: what is beyond them is chance.
fn rounded(n: f64) -> f64 {
    (n * 100.0).round() / 100.0
}

/// A ratio; of nothing, nothing.
fn per(n: f64, of: f64) -> f64 {
    if of > 0.0 { rounded(n / of) } else { 0.0 }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row =
            |[what, figure, aim]: [String; 3]| vec![Cell::new(what), number(figure), number(aim)];
        let rows = self.rows().into_iter().map(row).collect();
        writeln!(f, "{}", plain(&["", "measured", "aim"], rows, (0, 2)))?;
        let release = self.is_optimised;
        let build = if release { "A release build" } else { "A debug build, which says nothing," };
        writeln!(f, "\n{build} on {} processors.", self.processors)
    }
}

impl Figures {
    fn rows(&self) -> Vec<[String; 3]> {
        let http = format!("HTTP, {} connections", self.connections);
        let mut rows = Vec::new();
        rows.extend(self.http.rows(&http, HTTP_AIM));
        rows.extend(self.curve_rows());
        rows.extend(self.in_process.rows("AWS SDK in process, one thread", IN_PROCESS_AIM));
        let alone = "AWS SDK alone, one thread: UpdateItem answered by nobody".to_owned();
        let figure = format!("{}/s", grouped(self.sdk_alone.per_second.round() as u64));
        rows.push([alone, figure, "the ceiling".to_owned()]);
        rows.extend(self.restores.rows());
        let seeds = "Simulation, one thread: seeds of 3 workers and 4 jobs".to_owned();
        let figure = format!("{}/s", self.seeds.per_second);
        rows.push([seeds, figure, format!("{}/s", grouped(SEEDS_AIM))]);
        rows
    }
}

impl Point {
    fn operations(&self) -> [(&'static str, Rate); 4] {
        [
            ("SendMessage", self.send_message),
            ("ReceiveMessage", self.receive_message),
            ("UpdateItem with a condition", self.update_item),
            ("Query of an index", self.query),
        ]
    }
}

impl Figures {
    /// Each point of the curve, with its ratio to the first one.
    fn curve_rows(&self) -> Vec<[String; 3]> {
        let Some(first) = self.curve.first() else { return Vec::new() };
        let row = |point: &Point, (what, rate): (&str, Rate), base: Rate| {
            let figure = format!("{}/s", grouped(rate.per_second.round() as u64));
            let size = grouped(u64::from(point.size));
            let ratio = per(rate.per_second, base.per_second);
            [format!("HTTP, {size} messages and items: {what}"), figure, format!("× {ratio}")]
        };
        let mut rows = Vec::new();
        for at in 0..first.operations().len() {
            let base = first.operations()[at].1;
            rows.extend(self.curve.iter().map(|point| row(point, point.operations()[at], base)));
        }
        rows
    }
}

impl Operations {
    fn rows(&self, place: &str, aim: u64) -> [[String; 3]; 3] {
        [
            ("SendMessage", self.send_message),
            ("UpdateItem with a condition", self.update_item),
            ("GetItem", self.get_item),
        ]
        .map(|(operation, rate)| {
            let figure = format!("{}/s", grouped(rate.per_second.round() as u64));
            [format!("{place}: {operation}"), figure, format!("{}/s", grouped(aim))]
        })
    }
}

impl Restores {
    fn rows(&self) -> Vec<[String; 3]> {
        let Self { jobs, workers, per_restore: cost, .. } = self;
        let row = |what: &str, figure: String, aim: String| [what.to_owned(), figure, aim];
        let costs = |what, figure: f64, aim: f64| row(what, figure.to_string(), format!("≤ {aim}"));
        let seconds = |n: f64| format!("{n} s");
        let simulated = format!("Virtual fleet: restores, {jobs} of them by {workers} workers");
        let mut rows = vec![
            row(&simulated, format!("{}/s", self.per_second), String::new()),
            row("  all of them, wall time", seconds(self.wall_seconds), String::new()),
            row(
                "  the longest, virtual time",
                seconds(self.longest_virtual_seconds),
                String::new(),
            ),
            costs("  SQS requests each", cost.sqs_requests, COST_AIMS.sqs_requests),
            costs("  DynamoDB write units each", cost.write_units, COST_AIMS.write_units),
            costs("  DynamoDB read units each", cost.read_units, COST_AIMS.read_units),
        ];
        let rds =
            cost.rds_requests.map(|n| row("  RDS changes each", n.to_string(), String::new()));
        rows.extend(rds);
        rows
    }
}

/// A number with a comma between groups of three digits.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let comma = |(at, digit): (usize, char)| {
        let before = at > 0 && (digits.len() - at).is_multiple_of(3);
        before.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(comma).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost =
        Cost { sqs_requests: 100, write_units: 650.0, read_units: 210.0, rds_requests: 61 };

    fn figures() -> Figures {
        let rate = Rate::of(61_728, Duration::from_secs(5));
        let operations = Operations { send_message: rate, update_item: rate, get_item: rate };
        let (wall, longest) = (Duration::from_millis(1_600), Duration::from_secs(1_812));
        let restores = Restores::of((20, 3), wall, longest, PerRestore::of(COST, 20));
        Figures {
            processors: 2,
            is_optimised: true,
            connections: 32,
            http: operations.clone(),
            curve: [1_000, 10_000].map(point).to_vec(),
            in_process: operations,
            sdk_alone: rate,
            restores,
            seeds: Rate::of(100, Duration::from_secs(8)),
        }
    }

    fn point(size: u32) -> Point {
        let rate = Rate::of(u64::from(20_000 - size), Duration::from_secs(1));
        Point { size, send_message: rate, receive_message: rate, update_item: rate, query: rate }
    }

    #[test]
    fn the_curve_shows_each_size_beside_the_first_one() {
        let text = figures().to_string();
        let line = |size| text.lines().find(|l| l.contains(size) && l.contains("SendMessage"));
        let (first, second) = (line(", 1,000 ").unwrap(), line(", 10,000 ").unwrap());
        assert!(first.contains("19,000/s") && first.ends_with(" × 1"), "{first}");
        assert!(second.contains("10,000/s") && second.ends_with(" × 0.53"), "{second}");
    }

    #[test]
    fn a_rate_is_calls_over_seconds() {
        let rate = Rate::of(61_728, Duration::from_millis(5_001));
        assert_eq!(rate, Rate { calls: 61_728, seconds: 5.0, per_second: 12_343.13 });
        assert_eq!(Rate::of(1, Duration::ZERO).per_second, 0.0);
    }

    #[test]
    fn the_cost_of_one_restore_is_its_share_of_all() {
        let each = PerRestore::of(COST, 20);
        assert_eq!((each.sqs_requests, each.write_units), (5.0, 32.5));
        assert_eq!((each.read_units, each.rds_requests), (10.5, Some(3.05)));
    }

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn every_figure_stands_beside_its_aim() {
        let text = figures().to_string();
        let line = |of: &str| text.lines().find(|line| line.contains(of)).unwrap().to_owned();
        let words = |of: &str| {
            line(of)
                .split("  ")
                .map(str::trim)
                .filter(|w| !w.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let http = "HTTP, 32 connections: SendMessage";
        assert_eq!(words(http), [http, "12,346/s", "10,000/s"]);
        let sdk = "AWS SDK in process, one thread: GetItem";
        assert_eq!(words(sdk), [sdk, "12,346/s", "20,000/s"]);
        let alone = "AWS SDK alone, one thread: UpdateItem answered by nobody";
        assert_eq!(words(alone), [alone, "12,346/s", "the ceiling"]);
        assert_eq!(words("write units"), ["DynamoDB write units each", "32.5", "≤ 40"]);
        assert_eq!(words("wall time"), ["all of them, wall time", "1.6 s"]);
        let seeds = "Simulation, one thread: seeds of 3 workers and 4 jobs";
        assert_eq!(words(seeds), [seeds, "12.5/s", "10/s"]);
    }

    #[test]
    fn a_program_reads_the_same_figures() {
        let json = serde_json::to_value(figures()).unwrap();
        assert_eq!(json["http"]["get_item"]["per_second"], 12_345.6);
        assert_eq!(json["restores"]["per_second"], 12.5);
        assert_eq!(json["restores"]["per_restore"]["sqs_requests"], 5.0);
    }
}
