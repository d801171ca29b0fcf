//! Users and questions on PostgreSQL.

use crate::rig::{MASTER, Rig, read, skipped, user};
use aurora_restore_shared::failure::{FailureCode, FailureKind};
use aurora_restore_worker::database::{Databases, Engine, SqlDatabases};
use serde_json::json;

const GRANTS: [&str; 6] = [
    "CONNECT, TEMPORARY ON DATABASE orders",
    "USAGE ON SCHEMA public",
    "SELECT, INSERT ON ALL TABLES IN SCHEMA public",
    "USAGE ON ALL SEQUENCES IN SCHEMA public",
    "EXECUTE ON ALL FUNCTIONS IN SCHEMA public",
    "UPDATE ON TABLE public.customers",
];

#[tokio::test]
async fn users_are_made_once_and_no_log_of_the_server_holds_their_passwords() {
    if skipped(Engine::Postgres) {
        return;
    }
    let rig = Rig::new(Engine::Postgres);
    rig.admin("ALTER SYSTEM SET log_statement = 'all'");
    rig.admin("SELECT pg_reload_conf()");
    rig.until("SHOW log_statement", "all").await;

    let password = "open 'sesame' \\ \"ü\"";
    let app = || (user("app", &GRANTS), password);
    let made = rig.grant(&[app()]).await.unwrap();
    assert!(made[0].is_new && made[0].user == "app");
    let again = rig.grant(&[app()]).await.unwrap();
    assert!(!again[0].is_new);
    rig.connect_as("app", password).await.unwrap();
    let wrong = rig.connect_as("app", "sesame").await.unwrap_err();
    assert_eq!((wrong.kind, wrong.code), (FailureKind::Transient, FailureCode::ConnectFailed));
    assert!(wrong.text.contains("28P01"), "{wrong}");

    // It may do what was granted, and no more.
    let login = rig.as_user("app", password);
    let may = "SELECT has_table_privilege('customers', 'SELECT, INSERT, UPDATE')
               AND has_table_privilege('customers', 'UPDATE')
               AND NOT has_table_privilege('customers', 'DELETE')
               AND NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb
               FROM pg_roles WHERE rolname = current_user";
    assert_eq!(rig.ask_as(&login, may).await, Ok(json!(true)));

    // A role that came with the data gets its new password.
    rig.grant(&[(user("app", &[]), "another")]).await.unwrap();
    rig.connect_as("app", "another").await.unwrap();
    rig.connect_as("app", password).await.unwrap_err();

    // What the server refuses leaves no user behind, and nobody makes the master.
    let bad = user("late", &["SELECT ON TABLE nowhere"]);
    let refused = rig.grant(&[(user("early", &[]), "p"), (bad, "p")]).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (FailureKind::Permanent, FailureCode::GrantFailed));
    assert!(refused.text.contains("SELECT ON TABLE nowhere") && refused.text.contains("42P01"));
    assert_eq!(rig.admin("SELECT count(*) FROM pg_roles WHERE rolname IN ('early', 'late')"), "0");
    let master = rig.grant(&[(user("master", &[]), "p")]).await.unwrap_err();
    assert_eq!(master.code, FailureCode::GrantFailed);
    rig.connect_as("master", MASTER).await.unwrap();

    let log = read(&rig.home().join("log"));
    assert!(log.contains("CREATE ROLE app") && log.contains("SCRAM-SHA-256$"), "{log}");
    assert!(!log.contains("sesame") && !log.contains("another"), "{log}");
}

#[tokio::test]
async fn questions_change_nothing_and_only_the_right_authority_is_believed() {
    if skipped(Engine::Postgres) {
        return;
    }
    let rig = Rig::new(Engine::Postgres);
    assert_eq!(
        rig.ask("SELECT email FROM customers WHERE id = 1").await,
        Ok(json!("ann@real.example"))
    );
    assert_eq!(rig.ask("SELECT count(*) FROM customers").await, Ok(json!(3)));
    for change in ["DELETE FROM customers", "CREATE TABLE t ()", "SELECT 1; COMMIT"] {
        let refused = rig.ask(change).await.unwrap_err();
        assert!(refused.contains("SQLSTATE"), "{refused}");
    }
    let quoted = rig.ask("SELECT email::int FROM customers").await.unwrap_err();
    assert!(!quoted.contains("real.example"), "{quoted}");
    let counted = rig.ask("SELECT count(*) FROM customers").await;
    assert_eq!(counted, Ok(json!(3)));

    let stranger = Rig::new(Engine::Postgres);
    let wrong_ca = stranger.databases.connect_as(&rig.login).await.unwrap_err();
    assert_eq!(wrong_ca.code, FailureCode::ConnectFailed);
    assert!(wrong_ca.text.contains("certificate"), "{wrong_ca}");
    let no_ca = SqlDatabases::new(None).connect_as(&rig.login).await.unwrap_err();
    assert!(no_ca.text.contains("database_ca_file"), "{no_ca}");
}
