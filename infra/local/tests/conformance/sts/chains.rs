//! Roles that are assumed from roles.

use super::{HUB, SPOKE, ask, assume, given, roles, seen, sts_of, trusting};
use crate::bed::{ACCOUNT, Bed};
use crate::fact::{Outcome, Skip, facts};
use crate::refusal::refusal;
use aws_sdk_sts::types::Tag;

facts!("sts":
    a_session_of_a_chain_ends_after_an_hour: "IAM, role chaining",
    more_than_an_hour_is_refused_along_a_chain: "IAM, role chaining; API AssumeRole",
    a_source_identity_stays_along_a_chain: "IAM, monitor and control actions: source identity",
    transitive_tags_stay_along_a_chain_and_others_do_not: "IAM, pass session tags, chaining",
    a_transitive_tag_is_not_set_anew: "IAM, pass session tags, chaining",
    a_session_has_up_to_50_tags: "API AssumeRole, Tags",
);

/// Two roles of which the second trusts the first, each for up to twelve hours.
fn chain(bed: &Bed) -> Result<(), Skip> {
    roles(bed, [trusting(HUB, ACCOUNT).lasting(43_200), trusting(SPOKE, HUB).lasting(43_200)])
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

async fn a_session_of_a_chain_ends_after_an_hour(bed: Bed) -> Outcome {
    chain(&bed)?;
    let first = ask(&bed.sts(), HUB).duration_seconds(43_200).send().await.unwrap();
    let hub = sts_of(&bed, &given(&first));
    let spoke =
        sts_of(&bed, &given(&ask(&hub, SPOKE).duration_seconds(3_600).send().await.unwrap()));
    bed.seconds(3_590).await?;
    spoke.get_caller_identity().send().await.unwrap();
    bed.seconds(10).await?;
    assert_eq!(refusal(spoke.get_caller_identity().send().await).1, "ExpiredToken");
    hub.get_caller_identity().send().await.unwrap();
    Ok(())
}

async fn more_than_an_hour_is_refused_along_a_chain(bed: Bed) -> Outcome {
    chain(&bed)?;
    let hub = sts_of(&bed, &assume(&bed.sts(), HUB).await);
    let (status, code, text) = refusal(ask(&hub, SPOKE).duration_seconds(3_601).send().await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(text.contains("1 hour session limit for roles assumed by role chaining"), "{text}");
    Ok(())
}

async fn a_source_identity_stays_along_a_chain(bed: Bed) -> Outcome {
    chain(&bed)?;
    let first = ask(&bed.sts(), HUB).source_identity("ann").send().await.unwrap();
    assert_eq!(first.source_identity(), Some("ann"));
    let hub = sts_of(&bed, &given(&first));
    let second = ask(&hub, SPOKE).send().await.unwrap();
    assert_eq!(second.source_identity(), Some("ann"));
    assert_eq!(seen(&bed, &given(&second))?.source_identity.as_deref(), Some("ann"));
    ask(&hub, SPOKE).source_identity("ann").send().await.unwrap();
    let (status, code, _) = refusal(ask(&hub, SPOKE).source_identity("bob").send().await);
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    let (_, code, text) = refusal(ask(&bed.sts(), HUB).source_identity("a").send().await);
    assert_eq!(code, "ValidationError");
    assert!(text.contains("sourceIdentity"), "{text}");
    Ok(())
}

async fn transitive_tags_stay_along_a_chain_and_others_do_not(bed: Bed) -> Outcome {
    chain(&bed)?;
    let first = ask(&bed.sts(), HUB).tags(tag("job", "42")).tags(tag("team", "storage"));
    let hub = given(&first.transitive_tag_keys("job").send().await.unwrap());
    assert_eq!(seen(&bed, &hub)?.tags.len(), 2);
    let second = ask(&sts_of(&bed, &hub), SPOKE).tags(tag("step", "copy")).send().await.unwrap();
    let spoke = seen(&bed, &given(&second))?;
    let tags: Vec<_> = spoke.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(tags, [("job", "42"), ("step", "copy")]);
    assert!(spoke.transitive.contains("job"));
    Ok(())
}

async fn a_transitive_tag_is_not_set_anew(bed: Bed) -> Outcome {
    chain(&bed)?;
    let first = ask(&bed.sts(), HUB).tags(tag("job", "42")).transitive_tag_keys("job");
    let hub = sts_of(&bed, &given(&first.send().await.unwrap()));
    for same in ["job", "JOB"] {
        let answer = ask(&hub, SPOKE).tags(tag(same, "43")).send().await;
        assert_eq!(refusal(answer).1, "ValidationError");
    }
    let absent = ask(&bed.sts(), HUB).transitive_tag_keys("absent").send().await;
    assert_eq!(refusal(absent).1, "ValidationError");
    Ok(())
}

async fn a_session_has_up_to_50_tags(bed: Bed) -> Outcome {
    chain(&bed)?;
    let tags = |n: usize| (0..n).map(|n| tag(&format!("key-{n}"), "")).collect::<Vec<_>>();
    ask(&bed.sts(), HUB).set_tags(Some(tags(50))).send().await.unwrap();
    let too_many = ask(&bed.sts(), HUB).set_tags(Some(tags(51))).send().await;
    assert_eq!(refusal(too_many).1, "ValidationError");
    let twice = ask(&bed.sts(), HUB).tags(tag("job", "1")).tags(tag("Job", "2")).send().await;
    assert_eq!(refusal(twice).1, "ValidationError");
    Ok(())
}
