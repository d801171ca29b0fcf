//! Users and questions on MariaDB, in the place of MySQL.

use crate::rig::{Rig, read, skipped, user};
use aurora_restore_shared::failure::{FailureCode, FailureKind};
use aurora_restore_worker::database::{Databases, Engine};
use serde_json::json;

const GRANTS: [&str; 4] = [
    "CREATE, TEMPORARY ON DATABASE other_db",
    "SELECT ON ALL TABLES IN SCHEMA orders",
    "EXECUTE ON ALL FUNCTIONS IN SCHEMA orders",
    "INSERT, UPDATE ON TABLE customers",
];

#[tokio::test]
async fn users_are_made_once_and_no_log_of_the_server_holds_their_passwords() {
    if skipped(Engine::Mysql) {
        return;
    }
    let rig = Rig::new(Engine::Mysql);
    let log = rig.home().join("data/general.log");
    rig.admin("SET GLOBAL general_log_file = 'general.log'; SET GLOBAL general_log = 1");

    let password = "open 'sesame' \\ \"ü\"";
    let app = || (user("app", &GRANTS), password);
    let made = rig.grant(&[app()]).await.unwrap();
    assert!(made[0].is_new && made[0].user == "app");
    let again = rig.grant(&[app()]).await.unwrap();
    assert!(!again[0].is_new);
    rig.connect_as("app", password).await.unwrap();
    let wrong = rig.connect_as("app", "sesame").await.unwrap_err();
    assert_eq!((wrong.kind, wrong.code), (FailureKind::Transient, FailureCode::ConnectFailed));
    assert!(wrong.text.contains("error 1045"), "{wrong}");

    // It may do what was granted, and no more: `_` is no wildcard.
    let granted = rig.admin("SHOW GRANTS FOR app");
    for line in [
        r"GRANT CREATE, CREATE TEMPORARY TABLES ON `other\\_db`.*",
        "GRANT SELECT, EXECUTE ON `orders`.*",
        "GRANT INSERT, UPDATE ON `orders`.`customers`",
    ] {
        assert!(granted.contains(line), "{line}\n{granted}");
    }
    assert_eq!(granted.lines().count(), 4, "{granted}");

    // A user that came with the data gets its new password.
    rig.grant(&[(user("app", &[]), "another")]).await.unwrap();
    rig.connect_as("app", "another").await.unwrap();
    rig.connect_as("app", password).await.unwrap_err();

    let nowhere = user("late", &["SELECT ON TABLE nowhere"]);
    let refused = rig.grant(&[(nowhere, "p")]).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (FailureKind::Permanent, FailureCode::GrantFailed));
    assert!(refused.text.contains("error 1146"), "{refused}");
    // What MySQL has no word for is refused before anything is done.
    let sequences = user("wordless", &["USAGE ON SCHEMA orders"]);
    let refused = rig.grant(&[(user("first", &[]), "p"), (sequences, "p")]).await.unwrap_err();
    assert_eq!(refused.code, FailureCode::GrantFailed);
    let found = "SELECT COUNT(*) FROM mysql.user WHERE user IN ('first', 'wordless')";
    assert_eq!(rig.admin(found), "0");
    let master = rig.grant(&[(user("master", &[]), "p")]).await.unwrap_err();
    assert_eq!(master.code, FailureCode::GrantFailed);

    let log = read(&log);
    assert!(log.contains("CREATE USER IF NOT EXISTS 'app'"), "{log}");
    assert!(!log.contains("sesame") && !log.contains("another"), "{log}");
}

#[tokio::test]
async fn questions_change_nothing_and_only_the_right_authority_is_believed() {
    if skipped(Engine::Mysql) {
        return;
    }
    let rig = Rig::new(Engine::Mysql);
    assert_eq!(
        rig.ask("SELECT email FROM customers WHERE id = 1").await,
        Ok(json!("ann@real.example"))
    );
    assert_eq!(rig.ask("SELECT COUNT(*) FROM customers").await, Ok(json!(3)));
    assert_eq!(rig.ask("SELECT 1.5").await, Ok(json!(1.5)));
    assert_eq!(rig.ask("SELECT NULL").await, Ok(json!(null)));
    assert_eq!(rig.ask("SELECT email FROM customers WHERE id = 9").await, Ok(json!(null)));
    for change in ["DELETE FROM customers", "CREATE TABLE t (n INT)", "SELECT 1; COMMIT"] {
        let refused = rig.ask(change).await.unwrap_err();
        assert!(refused.contains("SQLSTATE"), "{refused}");
    }
    // The end of a transaction is not the end of being read-only.
    let answers =
        rig.databases.ask(&rig.login, &["COMMIT", "DELETE FROM customers"]).await.unwrap();
    assert!(answers[0].is_ok() && answers[1].is_err(), "{answers:?}");
    assert_eq!(rig.ask("SELECT COUNT(*) FROM customers").await, Ok(json!(3)));

    let stranger = Rig::new(Engine::Mysql);
    let wrong_ca = stranger.databases.connect_as(&rig.login).await.unwrap_err();
    assert_eq!(wrong_ca.code, FailureCode::ConnectFailed);
    assert!(wrong_ca.text.contains("certificate"), "{wrong_ca}");
}
