//! Making what a seed file says, once all of it is found good.

use super::fault::{Faults, SeedFault, nearest};
use super::file::{
    AccessKeySeed, KeySeed, QuotaSeed, RateLimitSeed, RoleSeed, SecretSeed, SeedFile,
};
use super::scene::Scene;
use crate::call::Service;
use crate::identity::{Identity, Role, Trust, is_account};
use crate::kms::{self, Unusable};
use crate::operations;
use crate::rds::seeding::Draft;
use crate::rds::{Quotas, Rds};
use crate::secrets::{self, Secrets};
use crate::world::World;
use serde::Serialize;

/// What was made, by ARN; access keys by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Access key ids.
    pub access_keys: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
    /// Keys of KMS.
    pub keys: Vec<String>,
    /// Secrets.
    pub secrets: Vec<String>,
    /// DB subnet groups.
    pub subnet_groups: Vec<String>,
    /// DB cluster parameter groups.
    pub parameter_groups: Vec<String>,
    /// Clusters.
    pub clusters: Vec<String>,
    /// Instances.
    pub instances: Vec<String>,
    /// Snapshots.
    pub snapshots: Vec<String>,
}

impl World {
    /// Makes what a seed file says: at once, except for data, which takes what the data plane
    /// takes.
    ///
    /// # Errors
    /// Every fault of the file, names that are taken included; then nothing is made.
    pub fn seed(&mut self, file: &SeedFile, now_ms: i64) -> Result<Report, Vec<SeedFault>> {
        self.rds.advance(now_ms);
        let scene = Scene {
            settings: self.settings.clone(),
            now_ms,
            rng: self.rng.clone(),
            kms: self.kms.clone(),
            faults: Faults::default(),
        };
        let mut trial = Trial {
            scene,
            identity: self.identity.clone(),
            secrets: self.secrets.clone(),
            rds: self.rds.draft(),
            report: Report::default(),
        };
        trial.make(file);
        let Trial { scene, identity, secrets, rds, report } = trial;
        scene.faults.verdict()?;
        (self.rng, self.kms) = (scene.rng, scene.kms);
        (self.identity, self.secrets) = (identity, secrets);
        self.rds.furnish(rds, &self.settings, now_ms);
        set_limits(&mut self.rds, file);
        self.rds.advance(now_ms);
        Ok(report)
    }
}

/// A world in which the file is tried.
struct Trial {
    scene: Scene,
    identity: Identity,
    secrets: Secrets,
    rds: Draft,
    report: Report,
}

impl Trial {
    fn make(&mut self, file: &SeedFile) {
        each("access_keys", &file.access_keys, |at, seed| self.access_key(at, seed));
        each("roles", &file.roles, |at, seed| self.role(at, seed));
        each("keys", &file.keys, |at, seed| self.key(at, seed));
        each("quotas", &file.quotas, |at, seed| self.check_quota(at, seed));
        each("rate_limits", &file.rate_limits, |at, seed| self.check_rate_limit(at, seed));
        each("secrets", &file.secrets, |at, seed| self.secret(at, seed));
        let Self { scene, rds, report, .. } = self;
        each("subnet_groups", &file.subnet_groups, |at, seed| {
            report.subnet_groups.extend(rds.add_subnet_group(scene, at, seed));
        });
        each("parameter_groups", &file.parameter_groups, |at, seed| {
            report.parameter_groups.extend(rds.add_parameter_group(scene, at, seed));
        });
        each("clusters", &file.clusters, |at, seed| {
            let made = rds.add_cluster(scene, at, seed);
            report.clusters.extend(made);
        });
        // After all clusters, so that no instance takes the place of one that is named.
        each("clusters", &file.clusters, |at, seed| {
            report.instances.extend(rds.add_instances(scene, at, seed));
        });
        each("snapshots", &file.snapshots, |at, seed| {
            report.snapshots.extend(rds.add_snapshot(scene, at, seed, &file.clusters));
        });
    }

    fn access_key(&mut self, at: &str, seed: &AccessKeySeed) {
        self.scene.account(&format!("{at}.account"), &seed.account);
        let path = format!("{at}.id");
        if seed.id.is_empty() || is_account(&seed.id) {
            let fix = "must not be empty, nor twelve digits: those are their own account";
            self.scene.faults.add(path, format!("is {:?}", seed.id), fix);
        } else if self.identity.knows(&seed.id) {
            let problem = format!("{:?} is there already", seed.id);
            self.scene.faults.add(path, problem, "must be a new access key id");
        } else {
            let user = seed.user.as_deref().unwrap_or("user");
            // Its account was found wrong above if this is refused.
            if self.identity.add_key(&seed.id, &seed.account, user).is_ok() {
                self.report.access_keys.push(seed.id.clone());
            }
        }
    }

    fn role(&mut self, at: &str, seed: &RoleSeed) {
        let mut role = Role::new(&seed.arn, Vec::new());
        for (n, statement) in seed.trust.iter().enumerate() {
            match Trust::of(&statement.principal) {
                Ok(trust) => role.trust.push(match &statement.external_id {
                    Some(id) => trust.with_external_id(id),
                    None => trust,
                }),
                Err(text) => self.told(&format!("{at}.trust[{n}]"), &text),
            }
        }
        role.max_session_s = seed.max_session_s.unwrap_or(role.max_session_s);
        role.allows = seed.allows.clone().unwrap_or(role.allows);
        if self.identity.role(&seed.arn).is_some() {
            let problem = format!("{:?} is there already", seed.arn);
            self.scene.faults.add(format!("{at}.arn"), problem, "must be a new role");
            return;
        }
        match self.identity.add_role(role) {
            Ok(()) => self.report.roles.push(seed.arn.clone()),
            Err(text) => self.told(at, &text),
        }
    }

    /// Notes a fault that is told as `<field> is <value>, must be <what>`.
    fn told(&mut self, at: &str, text: &str) {
        let (problem, fix) = text.split_once(", ").unwrap_or((text, "must be as the schema says"));
        let (field, problem) = problem.split_once(' ').unwrap_or((problem, "is wrong"));
        self.scene.faults.add(format!("{at}.{field}"), problem, fix);
    }

    fn key(&mut self, at: &str, seed: &KeySeed) {
        let place = self.scene.place(at, &seed.account, &seed.region);
        for (n, user) in seed.users.iter().enumerate() {
            self.scene.account(&format!("{at}.users[{n}]"), user);
        }
        let Scene { rng, kms, faults, .. } = &mut self.scene;
        let (account, region) = (place.account.as_str(), place.region.as_str());
        let id = seed.id.clone().unwrap_or_else(|| kms::uuid(rng.u64(..), rng.u64(..)));
        let mut free = |name: &str| kms.usable(name, account, region) == Err(Unusable::NotFound);
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if id.is_empty() || !id.bytes().all(known) {
            let fix = "must consist of letters, digits and hyphens";
            faults.add(format!("{at}.id"), format!("is {id:?}"), fix);
        } else if !free(&id) {
            let problem = format!("{id:?} is there already");
            faults.add(format!("{at}.id"), problem, "must be new in its account and Region");
        }
        if let Some(alias) = &seed.alias {
            let path = format!("{at}.alias");
            let custom = alias.starts_with("alias/") && !alias.starts_with("alias/aws/");
            if !custom || alias.len() == "alias/".len() {
                let fix = "must begin with alias/, and not with alias/aws/";
                faults.add(path, format!("is {alias:?}"), fix);
            } else if !free(alias) {
                let problem = format!("{alias:?} is there already");
                faults.add(path, problem, "must be new in its account and Region");
            }
        }
        let users: Vec<_> = seed.users.iter().map(String::as_str).collect();
        self.report.keys.push(kms.add_key(account, region, &id, &users));
        if let Some(alias) = &seed.alias {
            kms.add_alias(account, region, alias, &id);
        }
        if seed.enabled == Some(false) {
            kms.disable(account, region, &id);
        }
    }

    fn check_quota(&mut self, at: &str, seed: &QuotaSeed) {
        match (&seed.account, &seed.region) {
            (Some(account), Some(region)) => {
                self.scene.place(at, account, region);
            }
            (None, None) => {}
            (account, _) => {
                let missing = if account.is_some() { "region" } else { "account" };
                let fix = "name both an account and a Region, or neither";
                self.scene.faults.add(format!("{at}.{missing}"), "is missing", fix);
            }
        }
    }

    fn check_rate_limit(&mut self, at: &str, seed: &RateLimitSeed) {
        let Some(action) = &seed.action else { return };
        let known = operations::of(Service::Rds);
        if !known.contains(&action.as_str()) {
            let fix = nearest(action, known.iter().copied());
            self.scene.faults.add(format!("{at}.action"), format!("is {action:?}"), fix);
        }
    }

    fn secret(&mut self, at: &str, seed: &SecretSeed) {
        let place = self.scene.place(at, &seed.account, &seed.region);
        let path = format!("{at}.name");
        let fix = "must be 1 to 512 letters, digits and /_+=.@-";
        let checked = secrets::check_name(&seed.name);
        if self.scene.faults.ask(&path, checked, fix).is_none() {
            return;
        }
        let home = (place.account, place.region);
        let (rng, now_ms) = (&mut self.scene.rng, self.scene.now_ms);
        match self.secrets.add(home, &seed.name, &seed.value, rng, now_ms) {
            Some(arn) => self.report.secrets.push(arn),
            None => {
                let problem = format!("{:?} is there already", seed.name);
                let fix = "must be new in its account and Region";
                self.scene.faults.add(path, problem, fix);
            }
        }
    }
}

/// Does something with each element of a list, and its path.
fn each<T>(list: &str, seeds: &[T], mut act: impl FnMut(&str, &T)) {
    for (n, seed) in seeds.iter().enumerate() {
        act(&format!("{list}[{n}]"), seed);
    }
}

fn set_limits(rds: &mut Rds, file: &SeedFile) {
    for seed in &file.quotas {
        let usual = Quotas::default();
        let quotas = Quotas {
            clusters: seed.clusters.unwrap_or(usual.clusters),
            instances: seed.instances.unwrap_or(usual.instances),
            manual_snapshots: seed.manual_snapshots.unwrap_or(usual.manual_snapshots),
            copies_in_progress: seed.copies_in_progress.unwrap_or(usual.copies_in_progress),
            storage_gib: seed.storage_gib.unwrap_or(usual.storage_gib),
            subnet_groups: seed.subnet_groups.unwrap_or(usual.subnet_groups),
            parameter_groups: seed.parameter_groups.unwrap_or(usual.parameter_groups),
        };
        match (&seed.account, &seed.region) {
            (Some(account), Some(region)) => rds.set_quotas(account, region, quotas),
            _ => rds.set_default_quotas(quotas),
        }
    }
    for seed in &file.rate_limits {
        rds.set_rate_limit(seed.action.as_deref(), seed.per_second, seed.burst);
    }
}
