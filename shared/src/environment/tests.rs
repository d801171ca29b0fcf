//! A place has the rights that are meant for it, made once and renewed in time, or none.

use super::*;
use crate::failure::FailureKind;
use crate::settings::Account;
use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::identity::{Principal, Role, Session as Local, Trust};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::witness::{Seen, Witness};
use aurora_restore_local::world::World;

const START_MS: i64 = 1_795_305_600_000;
const HUB: &str = "111111111111";
const SPOKE: &str = "222222222222";
const ROLE: &str = "arn:aws:iam::222222222222:role/aurora-restore";
const MINUTE: Duration = Duration::from_secs(60);

/// A call, the account it was made in, and the session it was made with.
type Call = (String, String, Option<Local>);

/// Writes down who calls.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Call>>>);

impl Witness for Notes {
    fn saw(&mut self, seen: &Seen<'_>) {
        let session = match &seen.call.principal {
            Principal::Session(session) => Some((**session).clone()),
            Principal::Root { .. } | Principal::User(_) => None,
        };
        let (operation, account) = (seen.call.operation.clone(), seen.call.account.clone());
        self.0.lock().unwrap().push((operation, account, session));
    }
}

/// A cloud in which the hub may assume a role of the spoke, and a process of the hub.
struct Lab {
    cloud: Cloud,
    notes: Notes,
    common: Common,
    clock: Clock,
}

impl Lab {
    fn ready() -> Self {
        let mut world = World::new(WorldSettings::default(), Box::new(NoData));
        let trust = Trust::of(HUB).unwrap().with_external_id("restore-staging");
        world.identity.add_role(Role::new(ROLE, vec![trust])).unwrap();
        let cloud = Cloud::new(world, Arc::new(TokioNow::starting_at(START_MS)));
        let notes = Notes::default();
        cloud.watched_by(notes.clone());
        let mut common = Common::default();
        common.accounts.insert(id(SPOKE), account(Some(ROLE), Some("restore-staging")));
        Self { cloud, notes, common, clock: Clock::starting_at(START_MS) }
    }

    fn env(&self) -> Environment {
        let http = SharedHttpClient::new(LocalTransport::new(self.cloud.clone(), "hub"));
        Environment::in_process(http, self.clock, Entropy::seeded(1), &self.common, "hub")
            .acting_as("w1")
    }

    fn assumed(&self) -> usize {
        self.calls().iter().filter(|(operation, ..)| operation == "AssumeRole").count()
    }

    fn calls(&self) -> Vec<Call> {
        self.notes.0.lock().unwrap().clone()
    }

    /// Answers the next calls of STS badly, through all attempts of the SDK.
    fn fault(&self, operation: &str, fault: FaultKind, limit: u64) {
        self.cloud.world().faults.add(FaultRule::on(operation, fault, limit));
    }
}

fn id(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn region(text: &str) -> RegionName {
    text.parse().unwrap()
}

fn account(role: Option<&str>, external_id: Option<&str>) -> Account {
    let [role, external_id] = [role, external_id].map(|text| text.map(str::to_owned));
    Account { role, external_id, ..Account::default() }
}

async fn spoke(env: &Environment) -> Result<Place, Failure> {
    env.place(&id(SPOKE), &region("eu-west-1")).await
}

/// Lists the clusters of a place: a call that must be allowed.
async fn look(place: &Place) {
    place.rds().describe_db_clusters().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_says_who_acts_and_for_whom() {
    let lab = Lab::ready();
    let env = lab.env();
    let place = spoke(&env).await.unwrap();
    assert_eq!((place.account(), place.region()), (&id(SPOKE), &region("eu-west-1")));
    look(&place).await;
    place.secrets().list_secrets().send().await.unwrap();
    let calls = lab.calls();
    assert_eq!(calls.len(), 3);
    for (operation, account, session) in &calls[1..] {
        assert_eq!(account, SPOKE, "{operation}");
        let session = session.as_ref().unwrap();
        assert_eq!((session.role.as_str(), session.name.as_str()), (ROLE, "aurora-restore-w1"));
        assert_eq!(session.source_identity.as_deref(), Some("aurora-restore"));
        assert_eq!(session.tags["aurora-restore:process"], "w1");
        assert_eq!(session.tags["aurora-restore:hub"], HUB);
        assert_eq!(session.expires_ms, START_MS + 3_600_000);
    }
}

#[tokio::test(start_paused = true)]
async fn the_home_account_is_worked_in_with_its_own_credentials() {
    let lab = Lab::ready();
    let env = lab.env();
    look(&env.place(&id(HUB), &region("eu-west-1")).await.unwrap()).await;
    look(&env.home_place(&region("us-east-1")).await.unwrap()).await;
    let calls = lab.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|(_, account, session)| account == HUB && session.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_once_however_many_ask_at_the_same_time_and_once_for_each_region() {
    let lab = Lab::ready();
    let env = lab.env();
    let (a, b, c) = tokio::join!(spoke(&env), spoke(&env), spoke(&env));
    for place in [a, b, c] {
        look(&place.unwrap()).await;
    }
    look(&spoke(&env.clone()).await.unwrap()).await;
    assert_eq!(lab.assumed(), 1);
    look(&env.place(&id(SPOKE), &region("us-east-1")).await.unwrap()).await;
    assert_eq!(lab.assumed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_renewed_when_less_than_ten_minutes_are_left() {
    let lab = Lab::ready();
    let env = lab.env();
    for (minutes, assumed) in [(0, 1), (49, 1), (2, 2), (49, 2), (2, 3)] {
        tokio::time::sleep(MINUTE * minutes).await;
        look(&spoke(&env).await.unwrap()).await;
        assert_eq!(lab.assumed(), assumed, "after {minutes} minutes more");
    }
}

#[tokio::test(start_paused = true)]
async fn who_holds_a_client_beyond_the_end_of_its_session_has_the_next_one() {
    let lab = Lab::ready();
    let place = spoke(&lab.env()).await.unwrap();
    look(&place).await;
    tokio::time::sleep(MINUTE * 58).await;
    look(&place).await;
    assert_eq!(lab.assumed(), 1);
    tokio::time::sleep(MINUTE * 120).await;
    look(&place).await;
    assert_eq!(lab.assumed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_session_is_replaced_and_a_fresh_one_is_not_forgotten() {
    let lab = Lab::ready();
    let env = lab.env();
    let place = spoke(&env).await.unwrap();
    env.forget_session(&id(SPOKE), &region("eu-west-1")).await;
    look(&spoke(&env).await.unwrap()).await;
    assert_eq!(lab.assumed(), 1, "it is younger than the call that was refused");
    tokio::time::sleep(MINUTE).await;
    env.forget_session(&id(SPOKE), &region("eu-west-1")).await;
    look(&spoke(&env).await.unwrap()).await;
    assert_eq!(lab.assumed(), 2);
    let sessions = |n: usize| lab.calls()[n].2.clone().unwrap().token;
    let before = lab.calls().len();
    look(&place).await;
    assert_eq!(sessions(before), sessions(before - 1), "who was there before has the new one, too");
    // Nothing to forget where nobody was, or at home.
    env.forget_session(&id(SPOKE), &region("sa-east-1")).await;
    env.forget_session(&id(HUB), &region("us-east-1")).await;
}

/// What asking for the spoke's place fails with, under other settings of the account; what was
/// called by then.
async fn refused(account: Option<Account>) -> (Failure, Vec<String>) {
    let mut lab = Lab::ready();
    lab.common.accounts = account.into_iter().map(|account| (id(SPOKE), account)).collect();
    let failure = spoke(&lab.env()).await.unwrap_err();
    (failure, lab.calls().into_iter().map(|(operation, ..)| operation).collect())
}

#[tokio::test(start_paused = true)]
async fn without_settings_role_or_region_nothing_is_called() {
    let elsewhere = Account { regions: vec![region("us-east-1")], ..account(Some(ROLE), None) };
    for (settings, says) in [
        (None, "is not in the settings"),
        (Some(account(None, None)), "no role is named"),
        (Some(elsewhere), "Region eu-west-1 is not allowed"),
    ] {
        let (failure, calls) = refused(settings).await;
        assert_eq!(failure.code, FailureCode::RoleDenied);
        assert!(failure.text.contains(says) && failure.text.contains(SPOKE), "{failure}");
        assert!(calls.is_empty(), "{calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_sts_refuses_is_denied_with_what_to_check_and_nothing_else_is_called() {
    let missing = "arn:aws:iam::222222222222:role/none";
    for (role, external_id) in [
        (ROLE, Some("restore-production")),
        (ROLE, None),
        (missing, Some("restore-staging")),
        (ROLE, Some("not {one}")),
    ] {
        let (failure, calls) = refused(Some(account(Some(role), external_id))).await;
        assert_eq!(failure.code, FailureCode::RoleDenied, "{failure}");
        assert!(failure.request_id.is_some());
        for part in [role, SPOKE, HUB, external_id.unwrap_or("without an external id")] {
            assert!(failure.text.contains(part), "{part} in {failure}");
        }
        assert_eq!(calls, ["AssumeRole"]);
    }
}

#[tokio::test(start_paused = true)]
async fn sts_out_of_reach_is_no_denial_and_an_old_session_goes_on() {
    let lab = Lab::ready();
    let env = lab.env();
    for (fault, kind) in [
        (FaultKind::Throttle, FailureKind::Throttled),
        (FaultKind::InternalError, FailureKind::Transient),
        (FaultKind::Unreachable, FailureKind::Transient),
    ] {
        lab.cloud.world().faults.clear();
        lab.fault("AssumeRole", fault, 3);
        assert_eq!(spoke(&env).await.unwrap_err().kind, kind);
    }
    lab.cloud.world().faults.clear();
    look(&spoke(&env).await.unwrap()).await;
    let assumed = lab.assumed();
    tokio::time::sleep(MINUTE * 55).await;
    lab.fault("AssumeRole", FaultKind::Throttle, 3);
    look(&spoke(&env).await.unwrap()).await;
    assert_eq!(lab.assumed(), assumed + 3, "it was asked for, in vain");
    look(&spoke(&env).await.unwrap()).await;
    assert_eq!(lab.assumed(), assumed + 4);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_denied_at_its_renewal_is_not_used_to_its_end() {
    let lab = Lab::ready();
    let env = lab.env();
    let place = spoke(&env).await.unwrap();
    tokio::time::sleep(MINUTE * 55).await;
    lab.fault("AssumeRole", FaultKind::Refuse { code: "AccessDenied".into(), status: 403 }, 99);
    assert_eq!(spoke(&env).await.unwrap_err().code, FailureCode::RoleDenied);
    let before = lab.calls().len();
    assert!(place.rds().describe_db_clusters().send().await.is_err());
    assert_eq!(lab.calls()[before..].iter().filter(|(op, ..)| op != "AssumeRole").count(), 0);
}
