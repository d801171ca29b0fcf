//! Facts about `plan` as a person sees it.

use crate::served::{Served, code, err, examples, out};
use aurora_restore_local::seed::SeedFile;
use aurora_restore_shared::request::Request;
use serde_json::{Value, json};
use std::path::PathBuf;
use tempfile::TempDir;

const SETTINGS: &str = r#"
regions = ["us-east-1", "eu-west-1"]
allow_sse_rds_sharing = true

[accounts.222222222222]
role = "arn:aws:iam::222222222222:role/aurora-restore"
external_id = "restore-staging"

[accounts.222222222222.closed_security_groups]
eu-west-1 = ["sg-0closed"]
"#;

/// The world of the seed of the examples, settings for it, and the nightly refresh of staging from a
/// snapshot with a name.
struct Stage {
    served: Served,
    folder: TempDir,
}

impl Stage {
    fn ready() -> Self {
        let served = Served::ready();
        let text = std::fs::read_to_string(examples().join("seeds/two-accounts.json")).unwrap();
        let mut seed: Value = serde_json::from_str(&text).unwrap();
        for cluster in seed["clusters"].as_array_mut().unwrap() {
            // No data is behind this cloud.
            cluster.as_object_mut().unwrap().remove("data");
        }
        let now_ms = served.env.clock.now_ms();
        served.cloud.world().seed(&SeedFile::read(&seed).unwrap(), now_ms).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let stage = Self { served, folder };
        let mut request: Value = serde_json::from_str(
            &std::fs::read_to_string(examples().join("nightly-staging.json")).unwrap(),
        )
        .unwrap();
        let id = "orders-prod-for-staging";
        let snapshot = json!({"account": "111111111111", "region": "us-east-1", "id": id});
        request["source"] = json!({ "snapshot": snapshot });
        std::fs::write(stage.file("request.json"), request.to_string()).unwrap();
        std::fs::write(stage.file("settings.toml"), SETTINGS).unwrap();
        stage
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn plan(&self, more: &[&str]) -> std::process::Output {
        let (request, settings) = (self.file("request.json"), self.file("settings.toml"));
        let args = ["plan", request.to_str().unwrap(), "--config", settings.to_str().unwrap()];
        self.served.run(&[&args, more].concat())
    }
}

/// The page without the moment at which the snapshot was made, which is that of the test.
fn without_moment(page: &str) -> String {
    let (before, after) = page.split_once("orders-prod-for-staging of ").unwrap();
    let (_, after) = after.split_once(' ').unwrap();
    format!("{before}orders-prod-for-staging of (a moment) {after}")
}

/// Renew it with `UPDATE_SNAPSHOTS=1`.
#[test]
fn the_page_shows_what_runs_side_by_side_what_is_called_and_what_it_costs() {
    let stage = Stage::ready();
    let output = stage.plan(&[]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/plan.txt");
    let page = without_moment(&out(&output));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, &page).unwrap();
    }
    assert_eq!(page, std::fs::read_to_string(file).unwrap());
}

#[test]
fn a_table_of_ones_own_is_reckoned_with_and_a_wrong_one_is_bad_input() {
    let stage = Stage::ready();
    let own = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/data/prices.json"));
    let ours = own.unwrap().replace("us-east-1", "eu-west-1").replace("0.519", "1");
    std::fs::write(stage.file("prices.json"), &ours).unwrap();
    let prices = stage.file("prices.json");
    let output = stage.plan(&["--output", "json", "--prices", prices.to_str().unwrap()]);
    let view: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines = view["cost"]["lines"].as_array().unwrap();
    let line = lines.iter().find(|line| line["what"] == "1 x db.r6g.xlarge").unwrap();
    assert_eq!((&line["usd"], &line["paid"]), (&json!("24"), &json!("daily")));

    std::fs::write(&prices, "{}").unwrap();
    let output = stage.plan(&["--prices", prices.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("is no table of prices: missing field"), "{}", err(&output));
}

/// The files of the examples as a user hands them in; what becomes of them then is told by
/// `loadtest/tests/examples.rs`.
#[test]
fn every_good_example_is_planned_and_submitted_as_it_stands() {
    let stage = Stage::ready();
    let settings = stage.file("settings.toml");
    let init = ["init", "--queues-in", "eu-west-1"];
    assert_eq!(code(&stage.served.run(&init)), 0);
    // Two of them name moments of one day: only a source that was there then can be planned from.
    let of_any_day = ["developer-clone", "drill"];
    for name in of_any_day.into_iter().chain(["nightly-staging", "incident-point-in-time"]) {
        let file = examples().join(format!("{name}.json"));
        let run = |verb: &str| {
            let args = ["--output", "json", verb, file.to_str().unwrap()];
            let output =
                stage.served.run(&[&args, &["--config", settings.to_str().unwrap()][..]].concat());
            assert_eq!(code(&output), 0, "{name}: {}", err(&output));
            serde_json::from_slice::<Value>(&output.stdout).unwrap()
        };
        if of_any_day.contains(&name) {
            assert!(run("plan")["steps"].as_array().unwrap().len() > 4, "{name}");
        }
        let id = run("submit")["jobs"][0]["id"].as_str().unwrap().to_owned();
        let written: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let stored = stage.served.json(&["show", &id])["request"].take();
        let as_read = Request::from_json(&written).unwrap();
        assert_eq!(stored, serde_json::to_value(as_read).unwrap(), "{name}");
    }
}

/// The home of the seed is a third account: source and target are both reached by roles.
#[test]
fn roles_that_may_only_read_are_enough() {
    let stage = Stage::ready();
    let reading = ["rds:Describe*", "kms:DescribeKey"];
    for account in ["111111111111", "222222222222"] {
        let arn = format!("arn:aws:iam::{account}:role/aurora-restore");
        let role = stage.served.cloud.world().identity.role(&arn).unwrap().clone();
        stage.served.cloud.world().identity.add_role(role.allowing(&reading)).unwrap();
    }
    let source = "\n[accounts.111111111111]\nrole = \"arn:aws:iam::111111111111:role/aurora-restore\"\nexternal_id = \"restore-production\"\n";
    std::fs::write(stage.file("settings.toml"), format!("{SETTINGS}{source}")).unwrap();
    let (request, settings) = (stage.file("request.json"), stage.file("settings.toml"));
    let args = ["plan", request.to_str().unwrap(), "--config", settings.to_str().unwrap()];
    let mut command = stage.served.command(&args);
    command.env("AWS_ACCESS_KEY_ID", "AKIALOCALHUB").env("AWS_SECRET_ACCESS_KEY", "x");
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
    let world = stage.served.cloud.world();
    let of_home = world.meter.recent().filter(|call| call.account == "333333333333");
    let called: std::collections::BTreeSet<&str> =
        of_home.map(|call| call.operation.as_str()).collect();
    assert_eq!(called.into_iter().collect::<Vec<_>>(), ["AssumeRole", "GetCallerIdentity"]);
}
