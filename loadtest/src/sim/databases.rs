//! Simulated databases: they know who may connect, answer from where the data came, and remember
//! what was masked and granted in each volume, for whoever audits.

use aurora_restore_local::cloud::Cloud;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::Script;
use aurora_restore_worker::database::{
    Answers, Databases, Granted, Hidden, Login, Masked, NewUser, script_hash,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a connection takes, and each script.
const MOMENT: Duration = Duration::from_millis(30);

/// What is in the volumes of all clusters beyond their data, by the clusters' resource ids. Cheap to
/// clone; all clones are the same volumes.
#[derive(Debug, Clone, Default)]
pub struct Volumes(Arc<Mutex<BTreeMap<String, Volume>>>);

/// What is in the volume of one cluster beyond its data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Volume {
    /// Masking scripts that have run, by job and name.
    pub masked: BTreeMap<(JobId, String), Ran>,
    /// Users that were made.
    pub users: BTreeMap<String, VolumeUser>,
    /// Connections of users that were made, in order.
    pub connections: Vec<VolumeConnection>,
}

/// A masking script that has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// What tells its text from another.
    pub sha256: String,
    /// How often it has run: more than once is a defect.
    pub times: u32,
}

/// A user that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeUser {
    password: Hidden,
    /// What was granted, in words.
    pub grants: Vec<String>,
}

/// A connection of a user that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeConnection {
    /// The user.
    pub user: String,
    /// How many masking scripts had run before.
    pub scripts_before: usize,
}

impl Volumes {
    /// What is in the volume of a cluster now.
    #[must_use]
    pub fn of(&self, resource_id: &str) -> Volume {
        self.all().get(resource_id).cloned().unwrap_or_default()
    }

    /// Changes a volume at once: no await is in between, so whoever is dropped has done all or
    /// nothing.
    fn change<T>(&self, resource_id: &str, change: impl FnOnce(&mut Volume) -> T) -> T {
        change(self.all().entry(resource_id.to_owned()).or_default())
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Volume>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Volume {
    /// Runs a script and marks it, or finds it marked.
    fn mask(&mut self, job: JobId, script: &Script) -> Result<Masked, Failure> {
        let sha256 = script_hash(script);
        let key = (job, script.name.clone());
        let how = match self.masked.get(&key) {
            Some(ran) if ran.sha256 != sha256 => {
                let text = format!("masking script {:?} was another one when it ran", script.name);
                return Err(Failure::permanent(FailureCode::MaskFailed, text));
            }
            Some(_) => How::FoundDone,
            None => How::Did,
        };
        let ran = self.masked.entry(key).or_insert(Ran { sha256, times: 0 });
        ran.times += u32::from(how == How::Did);
        let rows = Some(120_000).filter(|_| how == How::Did);
        Ok(Masked { script: script.name.clone(), how, rows, took: MOMENT })
    }

    fn grant(&mut self, new: &NewUser<'_>) -> Granted {
        let name = new.user.name.to_string();
        let grants = new.user.grants.iter().map(ToString::to_string).collect();
        let user = VolumeUser { password: new.password.clone(), grants };
        let is_new = self.users.insert(name.clone(), user).is_none();
        Granted { user: name, is_new }
    }
}

/// The databases of a local cloud without a data plane.
#[derive(Debug)]
pub struct SimDatabases {
    cloud: Cloud,
    volumes: Volumes,
}

impl SimDatabases {
    /// The databases of a cloud.
    #[must_use]
    pub fn new(cloud: Cloud, volumes: Volumes) -> Self {
        Self { cloud, volumes }
    }

    /// Takes a moment, then refuses as a server would: nobody there, or another password. Returns
    /// the resource id of the cluster.
    async fn connect(&self, login: &Login) -> Result<String, Failure> {
        tokio::time::sleep(MOMENT).await;
        self.enter(login).map_err(|why| {
            let Login { host, port, user, .. } = login;
            let text = format!("connecting to {host}:{port} as {user}: {why}");
            Failure::transient(FailureCode::ConnectFailed, text)
        })
    }

    fn enter(&self, login: &Login) -> Result<String, String> {
        let world = self.cloud.world();
        let cluster = world.rds.cluster_at(&login.host, login.port);
        let cluster = cluster.ok_or_else(|| format!("no such host {}", login.host))?;
        if !cluster.reachable {
            return Err("connection refused: the cluster has no instance that answers".into());
        }
        let is_master = cluster.master_username == login.user
            && cluster.master_password == login.password.as_str();
        let is_user = self.volumes.change(&cluster.resource_id, |volume| {
            let known = volume.users.get(&login.user);
            let is_user = known.is_some_and(|user| user.password == login.password);
            if is_user {
                let (user, scripts_before) = (login.user.clone(), volume.masked.len());
                volume.connections.push(VolumeConnection { user, scripts_before });
            }
            is_user
        });
        if is_master || is_user {
            Ok(cluster.resource_id)
        } else {
            Err(format!("password authentication failed for {}", login.user))
        }
    }
}

impl Databases for SimDatabases {
    fn ask<'a>(
        &'a self,
        login: &'a Login,
        queries: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answers, Failure>> {
        Box::pin(async move {
            self.connect(login).await?;
            Ok(queries.iter().map(|query| Ok(answer(query))).collect())
        })
    }

    fn mask<'a>(
        &'a self,
        login: &'a Login,
        job: JobId,
        scripts: &'a [Script],
    ) -> BoxFuture<'a, Result<Vec<Masked>, Failure>> {
        Box::pin(async move {
            let mut masked = Vec::new();
            for script in scripts {
                let volume = self.connect(login).await?;
                masked.push(self.volumes.change(&volume, |volume| volume.mask(job, script))?);
                // What was committed stays, even if nobody hears of it.
                tokio::time::sleep(MOMENT).await;
            }
            Ok(masked)
        })
    }

    fn grant<'a>(
        &'a self,
        login: &'a Login,
        users: &'a [NewUser<'a>],
    ) -> BoxFuture<'a, Result<Vec<Granted>, Failure>> {
        Box::pin(async move {
            let volume = self.connect(login).await?;
            let granted = self
                .volumes
                .change(&volume, |volume| users.iter().map(|new| volume.grant(new)).collect());
            tokio::time::sleep(MOMENT).await;
            Ok(granted)
        })
    }

    fn connect_as<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.connect(login).await.map(drop) })
    }
}

/// What the source of the examples would answer.
fn answer(query: &str) -> Value {
    let query = query.to_ascii_lowercase();
    if query.contains("is null") || query.contains("not like") {
        json!(0)
    } else if query.contains("count(") {
        json!(120_000)
    } else {
        json!(true)
    }
}
