//! What a session is: who it is, and where it acts.

use super::{HUB, assume, given, roles, sts_of, trusting};
use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_sqs::types::QueueAttributeName as Q;

facts!("sts":
    an_account_is_its_own_root: "API GetCallerIdentity",
    a_session_is_the_assumed_role: "API GetCallerIdentity; API AssumeRole, AssumedRoleUser",
    a_registered_key_belongs_to_a_user_of_its_account: "API GetCallerIdentity",
    a_session_acts_in_the_account_of_its_role: "IAM, roles terms and concepts: delegation",
    accounts_and_regions_are_kept_apart: "SQS DG, queue URLs; RDS UG, ARNs",
);

async fn an_account_is_its_own_root(bed: Bed) -> Outcome {
    bed.cloud()?;
    let who = bed.sts().get_caller_identity().send().await.unwrap();
    assert_eq!(who.account(), Some(ACCOUNT));
    assert_eq!(who.user_id(), Some(ACCOUNT));
    assert_eq!(who.arn(), Some(format!("arn:aws:iam::{ACCOUNT}:root").as_str()));
    Ok(())
}

async fn a_session_is_the_assumed_role(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT).allowing(&[])])?;
    let answer = super::ask(&bed.sts(), HUB).send().await.unwrap();
    let user = answer.assumed_role_user().unwrap();
    assert_eq!(user.arn(), "arn:aws:sts::222222222222:assumed-role/hub/tests");
    let (role_id, name) = user.assumed_role_id().split_once(':').unwrap();
    assert!(role_id.starts_with("AROA") && role_id.len() == 21, "{role_id}");
    assert_eq!(name, "tests");
    let session = given(&answer);
    assert!(session.access_key_id().starts_with("ASIA"));
    // Asking who one is needs no permission.
    let who = sts_of(&bed, &session).get_caller_identity().send().await.unwrap();
    assert_eq!(who.account(), Some("222222222222"));
    assert_eq!(who.arn(), Some(user.arn()));
    assert_eq!(who.user_id(), Some(user.assumed_role_id()));
    Ok(())
}

async fn a_registered_key_belongs_to_a_user_of_its_account(bed: Bed) -> Outcome {
    bed.cloud()?.world().identity.add_key("AKIAEXAMPLE", "222222222222", "ann").unwrap();
    let key = Credentials::new("AKIAEXAMPLE", "local", None, None, "tests");
    let who = bed.sts_as(key, REGION).get_caller_identity().send().await.unwrap();
    assert_eq!(who.account(), Some("222222222222"));
    assert_eq!(who.arn(), Some("arn:aws:iam::222222222222:user/ann"));
    Ok(())
}

async fn queue(client: &aws_sdk_sqs::Client) -> String {
    let create = client.create_queue().queue_name("q.fifo").attributes(Q::FifoQueue, "true");
    create.send().await.unwrap().queue_url.unwrap()
}

async fn table(client: &aws_sdk_dynamodb::Client) -> String {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let pk = AttributeDefinition::builder().attribute_name("pk");
    let pk = pk.attribute_type(ScalarAttributeType::S).build().unwrap();
    let create = client.create_table().table_name("jobs").attribute_definitions(pk);
    let create = create.key_schema(key.build().unwrap()).billing_mode(BillingMode::PayPerRequest);
    let made = create.send().await.unwrap().table_description.unwrap();
    made.table_arn.unwrap()
}

async fn cluster(client: &aws_sdk_rds::Client) -> String {
    let create = client.create_db_cluster().db_cluster_identifier("c").engine("aurora-postgresql");
    let create = create.master_username("postgres").master_user_password("a-password");
    create.send().await.unwrap().db_cluster.unwrap().db_cluster_arn.unwrap()
}

async fn a_session_acts_in_the_account_of_its_role(bed: Bed) -> Outcome {
    roles(&bed, [trusting(HUB, ACCOUNT)])?;
    let session = assume(&bed.sts(), HUB).await;
    let url = queue(&bed.sqs_as(session.clone(), REGION)).await;
    assert!(url.ends_with("/222222222222/q.fifo"), "{url}");
    let arn = table(&bed.dynamodb_as(session.clone(), REGION)).await;
    assert!(arn.contains(":222222222222:"), "{arn}");
    let arn = cluster(&bed.rds_as(session, REGION)).await;
    assert!(arn.contains(":222222222222:"), "{arn}");
    assert!(bed.sqs().list_queues().send().await.unwrap().queue_urls().is_empty());
    assert!(bed.dynamodb().list_tables().send().await.unwrap().table_names().is_empty());
    let clusters = bed.rds().describe_db_clusters().send().await.unwrap();
    assert!(clusters.db_clusters().is_empty());
    // What the account itself sees is what the session made.
    let own = bed.sqs_as(key_of("222222222222"), REGION).list_queues().send().await.unwrap();
    assert_eq!(own.queue_urls(), [url]);
    Ok(())
}

async fn accounts_and_regions_are_kept_apart(bed: Bed) -> Outcome {
    bed.cloud()?;
    let places = [(ACCOUNT, REGION), (ACCOUNT, "eu-west-1"), ("222222222222", REGION)];
    for (account, region) in places {
        let topics = bed.sns_as(key_of(account), region).list_topics().send().await.unwrap();
        assert!(topics.topics().is_empty());
        queue(&bed.sqs_as(key_of(account), region)).await;
        table(&bed.dynamodb_as(key_of(account), region)).await;
        let arn = cluster(&bed.rds_as(key_of(account), region)).await;
        assert_eq!(arn, format!("arn:aws:rds:{region}:{account}:cluster:c"));
        let sns = bed.sns_as(key_of(account), region);
        let arn = sns.create_topic().name("t").send().await.unwrap().topic_arn.unwrap();
        assert_eq!(arn, format!("arn:aws:sns:{region}:{account}:t"));
    }
    Ok(())
}
