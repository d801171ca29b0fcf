//! Whom a role trusts, and what AssumeRole may be asked for.

use super::{HUB, SPOKE, ask, assume, roles, sts_of, trusting};
use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use crate::refusal::refusal;
use aurora_restore_local::identity::{Role, Trust};

facts!("sts":
    a_role_that_does_not_exist_is_refused_as_one_that_does_not_trust:
        "API AssumeRole, Errors; IAM, troubleshoot roles",
    a_role_is_for_those_it_trusts: "IAM, AWS JSON policy elements: Principal",
    a_demanded_external_id_must_be_named_and_right: "IAM, access to accounts of third parties",
    an_external_id_has_2_to_1224_characters: "API AssumeRole, ExternalId",
    a_session_has_a_name_of_2_to_64_characters: "API AssumeRole, RoleSessionName",
    a_session_lasts_900_seconds_to_what_its_role_allows: "API AssumeRole, DurationSeconds",
    what_would_narrow_a_session_is_refused_loudly: "the local cloud, API AssumeRole, Policy",
);

async fn a_role_that_does_not_exist_is_refused_as_one_that_does_not_trust(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, "444444444444")])?;
    for role in [HUB, SPOKE] {
        let (status, code, text) = refusal(ask(&bed.sts(), role).send().await);
        assert_eq!((status, code.as_str()), (403, "AccessDenied"));
        let expected = format!(
            "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on \
             resource: {role}"
        );
        assert_eq!(text, expected);
    }
    Ok(())
}

async fn a_role_is_for_those_it_trusts(bed: Bed) -> Outcome {
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    roles(&bed, [trusting(HUB, &root), trusting(SPOKE, HUB)])?;
    let hub = assume(&bed.sts(), HUB).await;
    assume(&sts_of(&bed, &hub), SPOKE).await;
    let strangers = [(ACCOUNT, SPOKE), ("444444444444", HUB), ("222222222222", SPOKE)];
    for (account, role) in strangers {
        let answer = ask(&bed.sts_as(key_of(account), REGION), role).send().await;
        assert_eq!(refusal(answer).1, "AccessDenied");
    }
    roles(&bed, [trusting(SPOKE, "*")])?;
    assume(&bed.sts_as(key_of("444444444444"), REGION), SPOKE).await;
    Ok(())
}

async fn a_demanded_external_id_must_be_named_and_right(bed: Bed) -> Outcome {
    let trust = Trust::of(ACCOUNT).unwrap().with_external_id("customer-42");
    roles(&bed, [Role::new(HUB, vec![trust])])?;
    for wrong in [None, Some("customer-43"), Some("customer-4"), Some("CUSTOMER-42")] {
        let answer = ask(&bed.sts(), HUB).set_external_id(wrong.map(str::to_owned)).send().await;
        assert_eq!(refusal(answer).1, "AccessDenied", "{wrong:?}");
    }
    ask(&bed.sts(), HUB).external_id("customer-42").send().await.unwrap();
    // A role that demands none takes any.
    roles(&bed, [trusting(SPOKE, ACCOUNT)])?;
    ask(&bed.sts(), SPOKE).external_id("whatever").send().await.unwrap();
    Ok(())
}

async fn an_external_id_has_2_to_1224_characters(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT)])?;
    for wrong in ["x".to_owned(), "x".repeat(1_225), "a b".into(), "a\u{e9}".into()] {
        let (status, code, text) = refusal(ask(&bed.sts(), HUB).external_id(&wrong).send().await);
        assert_eq!((status, code.as_str()), (400, "ValidationError"), "{wrong}");
        assert!(text.contains("externalId"), "{text}");
    }
    for right in ["xy".to_owned(), "x".repeat(1_224), "aZ_0+=,.@:/-".into()] {
        ask(&bed.sts(), HUB).external_id(right).send().await.unwrap();
    }
    Ok(())
}

async fn a_session_has_a_name_of_2_to_64_characters(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT)])?;
    for wrong in ["x".to_owned(), "x".repeat(65), "a b".into(), "a/b".into()] {
        let (_, code, text) = refusal(ask(&bed.sts(), HUB).role_session_name(&wrong).send().await);
        assert_eq!(code, "ValidationError", "{wrong}");
        assert!(text.contains("roleSessionName"), "{text}");
    }
    ask(&bed.sts(), HUB).role_session_name("x".repeat(64)).send().await.unwrap();
    Ok(())
}

async fn a_session_lasts_900_seconds_to_what_its_role_allows(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT).lasting(7_200), trusting(SPOKE, ACCOUNT)])?;
    let refused = [(HUB, 899), (HUB, 7_201), (HUB, 43_201), (SPOKE, 3_601)];
    for (role, seconds) in refused {
        let answer = ask(&bed.sts(), role).duration_seconds(seconds).send().await;
        assert_eq!(refusal(answer).1, "ValidationError", "{role} {seconds}");
    }
    for (seconds, lasts) in [(Some(900), 900), (None, 3_600), (Some(7_200), 7_200)] {
        let before_s = bed.now_ms() / 1_000;
        let answer = ask(&bed.sts(), HUB).set_duration_seconds(seconds).send().await.unwrap();
        let ends_s = answer.credentials().unwrap().expiration().secs();
        let after_s = bed.now_ms() / 1_000;
        assert!((before_s + lasts..=after_s + lasts).contains(&ends_s), "{seconds:?}");
    }
    Ok(())
}

async fn what_would_narrow_a_session_is_refused_loudly(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT)])?;
    let (_, code, text) = refusal(ask(&bed.sts(), HUB).policy("{}").send().await);
    assert_eq!(code, "ValidationError");
    assert!(text.contains("does not implement the parameter Policy"), "{text}");
    Ok(())
}
