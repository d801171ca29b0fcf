//! Settings as a part of the proof: the restored cluster's against those that were planned, and
//! against the source's.

use crate::rds::Cluster;
use aurora_restore_shared::facts::ClusterFacts;
use aurora_restore_shared::plan::Plan;
use serde_json::Value;
use std::collections::BTreeMap;

/// Settings by name, as text; what is not said is left out.
type Settings = BTreeMap<String, String>;

fn settings(facts: &ClusterFacts) -> Settings {
    let mut facts = facts.clone();
    facts.security_groups.sort();
    facts.log_exports.sort();
    let value = serde_json::to_value(&facts).unwrap_or_default();
    let said = value.as_object().cloned().unwrap_or_default();
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    said.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// Where the restored cluster is not as planned, in words; settings of which the plan says nothing
/// are AWS's.
pub(super) fn not_as_planned(plan: &Plan, cluster: &Cluster) -> Vec<String> {
    let is = settings(&cluster.settings);
    let planned = settings(&plan.first_settings()).into_iter();
    let differs = planned.filter(|(name, wanted)| is.get(name) != Some(wanted));
    let text = |(name, wanted): (String, String)| {
        let found = is.get(&name).map_or("not set", String::as_str);
        format!("{name} is {found}, planned was {wanted}")
    };
    differs.map(text).collect()
}

/// Where the restored cluster differs from the source, each as `source → restored`.
pub(super) fn against_source(plan: &Plan, cluster: &Cluster) -> BTreeMap<String, String> {
    let Some(source) = &plan.facts.cluster else { return BTreeMap::new() };
    let (source, restored) = (settings(source), settings(&cluster.settings));
    let names = source.keys().chain(restored.keys()).collect::<std::collections::BTreeSet<_>>();
    let side = |settings: &Settings, name: &str| {
        settings.get(name).map_or_else(|| "not set".to_owned(), Clone::clone)
    };
    let differs = names.into_iter().filter(|name| source.get(*name) != restored.get(*name));
    let text = |name: &String| {
        let (from, to) = (side(&source, name), side(&restored, name));
        (format!("setting.{name}"), format!("{from} → {to}"))
    };
    differs.map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_restore_shared::aftercare::Aftercare;
    use aurora_restore_shared::ids::JobId;
    use aurora_restore_shared::plan::StepName;

    fn plan() -> Plan {
        let care = Aftercare {
            step: StepName::Expire,
            of: JobId::keyed("a", "b"),
            of_created_at_ms: 0,
            not_before_ms: 0,
            failed_at_ms: None,
            cluster: None,
            copies: Vec::new(),
        };
        let mut plan = care.plan();
        plan.settings.cluster.security_groups = vec!["sg-2".into(), "sg-1".into()];
        plan.settings.cluster.iam_auth = true;
        plan.settings.cluster.deletion_protection = true;
        plan.facts.cluster = Some(ClusterFacts { iam_auth: true, ..ClusterFacts::default() });
        plan
    }

    fn cluster(groups: &[&str], deletion_protection: bool) -> Cluster {
        let security_groups = groups.iter().map(ToString::to_string).collect();
        let parameter_group = Some("default".to_owned());
        let settings = ClusterFacts {
            parameter_group,
            security_groups,
            deletion_protection,
            iam_auth: true,
            ..ClusterFacts::default()
        };
        Cluster { settings, ..Cluster::creating("cluster-A") }
    }

    #[test]
    fn what_is_not_as_planned_is_named_and_what_was_not_planned_is_not() {
        assert_eq!(not_as_planned(&plan(), &cluster(&["sg-1", "sg-2"], true)), [""; 0]);
        let wrong = not_as_planned(&plan(), &cluster(&["sg-0"], false));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("deletion_protection is not set"), "{wrong:?}");
    }

    #[test]
    fn until_access_is_opened_the_closed_groups_are_as_planned() {
        let closed = Plan { closed_groups: vec!["sg-closed".into()], ..plan() };
        assert_eq!(not_as_planned(&closed, &cluster(&["sg-closed"], false)), [""; 0]);
        assert_eq!(not_as_planned(&closed, &cluster(&["sg-1", "sg-2"], true)).len(), 1);
    }

    #[test]
    fn differences_from_the_source_are_told_with_both_sides() {
        let told = against_source(&plan(), &cluster(&["sg-1"], true));
        assert_eq!(told["setting.parameter_group"], "not set → default");
        assert!(!told.contains_key("setting.iam_auth"), "{told:?}");
    }
}
