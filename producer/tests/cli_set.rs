//! Facts about `aurora-restore set`: what it prints, and its exit codes. What becomes of sets is told by
//! `loadtest/tests/roads/sets.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

#[expect(dead_code, reason = "the tests of other verbs need more of it")]
mod served;

use serde_json::{Value, json};
use served::{Served, code, err, example, out};
use std::fs;

/// The example as of a moment that needs nobody to ask RDS, in a file of its own.
fn shop(served: &Served, change: impl Fn(&mut Value)) -> String {
    let text = fs::read_to_string(example("sets/shop.json")).unwrap();
    let mut set: Value = serde_json::from_str(&text).unwrap();
    set["as_of"] = json!("2026-11-22T09:41:30Z");
    change(&mut set);
    let port = served.endpoint.rsplit(':').next().unwrap();
    let path = std::env::temp_dir().join(format!("aurora-restore-set-{port}.json"));
    fs::write(&path, set.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_set_makes_a_job_for_each_member_and_a_repeat_makes_none() {
    let served = Served::ready();
    let file = shop(&served, |_| ());
    let first = served.json(&["set", "submit", &file]);
    let jobs = first["set"]["jobs"].as_array().unwrap();
    assert_eq!((jobs.len(), &first["set"]["existed"]), (2, &json!(false)));
    assert_eq!(first["set"]["moment"], "2026-11-22T09:41:30Z");
    let again = served.json(&["set", "submit", &file]);
    assert_eq!(
        (&again["set"]["id"], &again["set"]["existed"]),
        (&first["set"]["id"], &json!(true))
    );
    assert_eq!(served.json(&["list"])["jobs"].as_array().unwrap().len(), 2);
    let job = served.json(&["show", jobs[0].as_str().unwrap()]);
    assert_eq!(job["job"]["set"], first["set"]["id"]);
    let names = job["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap());
    assert!(names.collect::<Vec<_>>().contains(&"join_set"));
    let page = out(&served.run(&["show", jobs[1].as_str().unwrap()]));
    assert!(
        page.contains(&format!("set        {}", first["set"]["id"].as_str().unwrap())),
        "{page}"
    );
}

#[test]
fn a_set_is_shown_and_called_off_once_for_all() {
    let served = Served::ready();
    let set = served.json(&["set", "submit", &shop(&served, |_| ())])["set"].take();
    let id = set["id"].as_str().unwrap();
    let shown = served.json(&["set", "show", id])["set"].take();
    assert_eq!((&shown["decision"], &shown["why"]), (&json!("open"), &Value::Null));
    assert_eq!(shown["members"][1]["target"], "reports-rehearsal");
    assert_eq!(shown["members"][1]["status"], "queued");
    let unsaid = served.run(&["set", "abandon", id]);
    assert_eq!(code(&unsaid), 2, "it wants a reason");
    let off = served.run(&["set", "abandon", id, "--reason", "wrong moment"]);
    assert_eq!(code(&off), 0, "{}", err(&off));
    assert!(out(&off).ends_with(": wrong moment\n"), "{}", out(&off));
    let page = out(&served.run(&["set", "show", id]));
    assert!(page.contains("decided      abandoned: called off by "), "{page}");
    let again = served.json(&["set", "abandon", id, "--reason", "another reason"]);
    assert!(again["set"]["why"].as_str().unwrap().ends_with("wrong moment"), "{again}");
}

#[test]
fn every_fault_of_a_set_is_told_and_nothing_is_stored() {
    let served = Served::ready();
    let file = shop(&served, |set| {
        set["members"][0]["priority"] = json!("urgent");
        set["members"][1]["source"]["point_in_time"]["to"] = json!("latest");
        set["complete_within"] = json!("soon");
    });
    let output = served.run(&["set", "submit", &file]);
    assert_eq!((code(&output), out(&output)), (2, String::new()));
    let text = err(&output);
    for path in ["complete_within", "members[0].priority", "members[1].source.point_in_time.to"] {
        assert!(text.contains(&format!("{file}: {path}: ")), "{path}\n{text}");
    }
    assert_eq!(served.json(&["list"]), json!({ "jobs": [] }));
}

#[test]
fn one_key_means_one_set_and_an_id_of_none_is_refused() {
    let served = Served::ready();
    served.json(&["set", "submit", &shop(&served, |_| ())]);
    let other = shop(&served, |set| set["complete_within"] = json!("1h"));
    let refused = served.run(&["set", "submit", &other]);
    assert_eq!(code(&refused), 2);
    assert!(err(&refused).contains("the idempotency key is in use"), "{}", err(&refused));
    for (id, why) in [
        ("0c4e62a4", "is no id of a restore set"),
        ("0c4e62a4-6f1f-5b0a-9d3b-5c1f1de8a7c1", "there is no restore set"),
    ] {
        let output = served.run(&["set", "show", id]);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains(why), "{}", err(&output));
    }
    let output =
        served.run(&["set", "abandon", "0c4e62a4-6f1f-5b0a-9d3b-5c1f1de8a7c1", "--reason", "x"]);
    assert!(err(&output).contains("there is no restore set"), "{}", err(&output));
}

#[test]
fn the_schema_of_a_set_is_printed() {
    let schema = Served::empty().json(&["schema", "set"]);
    assert_eq!(schema["title"], "aurora-restore restore set, version 1");
    assert!(schema["$defs"]["Request"]["properties"]["target"].is_object());
}
