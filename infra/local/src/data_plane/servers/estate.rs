//! What each piece of work does.

use super::dbms::{Dbms, Master, Moment, Origin, Site};
use super::folder::{DataFolder, remove};
use super::hollow::Hollow;
use super::leftovers;
use super::ports::{free_port, reserve};
use super::tls::{HOST, Identity};
use super::tools::Tools;
use crate::clock::{Now, SystemNow};
use crate::data_plane::{Endpoint, Engine, Work};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::net::TcpSocket;

/// All clusters and snapshots of one data folder.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) folder: Arc<DataFolder>,
    pub(super) identity: Identity,
    tools: Arc<Tools>,
    sockets: PathBuf,
    systems: BTreeMap<Engine, System>,
    clusters: Mutex<BTreeMap<String, Cluster>>,
    /// The engines of the snapshots.
    snapshots: Mutex<BTreeMap<String, Engine>>,
    /// What has no data, because its engine is not on this machine.
    hollow: Mutex<Hollow>,
}

/// A database management system that is on this machine.
#[derive(Debug)]
struct System {
    dbms: Box<dyn Dbms>,
    /// The fresh server that clusters are copied from, made once: that takes its time.
    template: OnceLock<Result<PathBuf, String>>,
}

#[derive(Debug)]
struct Cluster {
    engine: Engine,
    port: u16,
    open: bool,
    /// When it began to be made, milliseconds since the Unix epoch.
    born_ms: i64,
    /// When its base had been taken.
    base_ms: i64,
    /// Keeps the port from being given to others while the server does not listen. Bound but not
    /// listening itself, so that clients are refused.
    reserved: Option<TcpSocket>,
}

impl Estate {
    /// Lays out the data folder.
    pub(super) fn new(
        folder: Arc<DataFolder>,
        tools: Arc<Tools>,
        systems: BTreeMap<Engine, Box<dyn Dbms>>,
    ) -> Result<Self, String> {
        let failed = |e: std::io::Error| format!("cannot lay out {}: {e}", folder.path().display());
        let identity =
            Identity::generate().map_err(|e| format!("cannot make certificates: {e}"))?;
        for name in ["clusters", "snapshots", "templates"] {
            tools.make_folder(&folder.path().join(name)).map_err(failed)?;
        }
        std::fs::create_dir(folder.tls()).map_err(failed)?;
        std::fs::write(folder.tls().join("ca.pem"), &identity.ca_pem).map_err(failed)?;
        let sockets = folder.make_sockets().map_err(failed)?;
        tools.close_folder(&sockets).map_err(failed)?;
        let ready = |(engine, dbms)| (engine, System { dbms, template: OnceLock::new() });
        let systems = systems.into_iter().map(ready).collect();
        let (clusters, snapshots) = (Mutex::default(), Mutex::default());
        let hollow = Mutex::default();
        Ok(Self { folder, identity, tools, sockets, systems, clusters, snapshots, hollow })
    }

    /// Lets long work end early.
    pub(super) fn stop(&self) {
        self.tools.stop();
    }

    /// Does one piece of work. For a cluster, the answer is where it is (or will be) reached.
    pub(super) fn perform(&self, work: &Work) -> Result<Option<Endpoint>, String> {
        if self.hollow().takes(work, |engine| self.systems.contains_key(&engine)) {
            return Ok(None);
        }
        match work {
            Work::CreateCluster { cluster, engine, user, password, database } => {
                let template = &self.template(*engine)?;
                let master = Master { user, password, database };
                self.add(cluster, *engine, &Origin::Nothing { template, master })
            }
            Work::Restore { snapshot, cluster } => {
                let engine = self.engine_of_snapshot(snapshot)?;
                self.add(cluster, engine, &Origin::Files(&self.folder.snapshot(snapshot)))
            }
            Work::Clone { source, cluster } => {
                let engine = self.change(source, |cluster| cluster.engine)?;
                self.add(cluster, engine, &Origin::Running(&self.running(source)?.1))
            }
            Work::RestoreToTime { source, cluster, to_ms } => {
                self.restore_to_time(source, cluster, *to_ms)
            }
            Work::RunSql { cluster, user, database, sql } => {
                let (dbms, site) = self.running(cluster)?;
                dbms.run_sql(&site, user, database, sql)?;
                Ok(Some(endpoint(site.port)))
            }
            Work::CopySnapshot { from, to } => {
                let engine = self.engine_of_snapshot(from)?;
                let files = self.folder.snapshot(from);
                self.add_snapshot(to, engine, |to| self.tools.copy(&files, to)).map(|()| None)
            }
            Work::Snapshot { cluster, snapshot } => self.back_up(cluster, snapshot).map(|()| None),
            Work::Open { cluster } => self.listen(cluster, true),
            Work::Close { cluster } => self.listen(cluster, false),
            Work::SetPassword { cluster, user, password } => {
                let (dbms, site) = self.running(cluster)?;
                dbms.set_password(&site, user, password)?;
                Ok(Some(endpoint(site.port)))
            }
            Work::DropCluster { cluster } => self.drop_cluster(plain_name(cluster)?),
            Work::DropSnapshot { snapshot } => self.drop_snapshot(plain_name(snapshot)?),
        }
    }

    /// Makes the template, or waits until it is made.
    fn template(&self, engine: Engine) -> Result<PathBuf, String> {
        let system = self.system(engine)?;
        let template = self.folder.templates().join(engine.as_str());
        let make = || system.dbms.make_template(&template).map(|()| template.clone());
        system.template.get_or_init(make).clone()
    }

    /// A new cluster: its files, its server started (for ourselves only), and what is then to be
    /// done inside. When something fails, nothing of it stays.
    fn add(&self, id: &str, engine: Engine, from: &Origin<'_>) -> Result<Option<Endpoint>, String> {
        if self.clusters().contains_key(plain_name(id)?) {
            return Err(format!("there is a cluster {id} already"));
        }
        let dbms = &self.system(engine)?.dbms;
        let born_ms = SystemNow.now_ms();
        let (port, reserved) = free_port().map_err(|e| format!("no free port: {e}"))?;
        let site = self.site(id, port);
        if let Err(e) = self.make_home(&site.home).and_then(|()| dbms.make(&site, from)) {
            let undone = leftovers::end(&site.home).and_then(|_| forget(&site.home));
            return Err(undone.err().map_or(e.clone(), |undo| format!("{e}; {undo}")));
        }
        let (base_ms, reserved) = (SystemNow.now_ms(), Some(reserved));
        let cluster = Cluster { engine, port, open: false, born_ms, base_ms, reserved };
        self.clusters().insert(id.to_owned(), cluster);
        Ok(Some(endpoint(port)))
    }

    fn make_home(&self, home: &Path) -> Result<(), String> {
        let Identity { cert_pem, key_pem, .. } = &self.identity;
        self.tools
            .make_folder(home)
            .and_then(|()| self.tools.make_folder(&home.join("archive")))
            .and_then(|()| self.tools.write(&home.join("server.pem"), cert_pem))
            .and_then(|()| self.tools.write(&home.join("server.key"), key_pem))
            .map_err(|e| format!("cannot make {}: {e}", home.display()))
    }

    fn restore_to_time(
        &self,
        source: &str,
        id: &str,
        to_ms: Option<i64>,
    ) -> Result<Option<Endpoint>, String> {
        let (engine, born_ms, base_ms) =
            self.change(source, |cluster| (cluster.engine, cluster.born_ms, cluster.base_ms))?;
        let moment = moment(to_ms, born_ms, base_ms, SystemNow.now_ms())
            .map_err(|e| format!("cannot restore cluster {source} to a point in time: {e}"))?;
        let site = &self.running(source)?.1;
        self.add(id, engine, &Origin::Past { source: site, moment })
    }

    fn back_up(&self, cluster: &str, snapshot: &str) -> Result<(), String> {
        let (dbms, site) = self.running(cluster)?;
        let engine = self.change(cluster, |cluster| cluster.engine)?;
        self.add_snapshot(snapshot, engine, |to| dbms.back_up(&site, to))
    }

    fn add_snapshot(
        &self,
        id: &str,
        engine: Engine,
        fill: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<(), String> {
        let to = self.folder.snapshot(plain_name(id)?);
        if to.exists() {
            return Err(format!("there is a snapshot {id} already"));
        }
        fill(&to).or_else(|e| forget(&to).and(Err(e)))?;
        self.snapshots().insert(id.to_owned(), engine);
        Ok(())
    }

    /// Lets clients connect, or no longer: a server without instances takes no connections.
    fn listen(&self, id: &str, open: bool) -> Result<Option<Endpoint>, String> {
        let (dbms, site) = self.running(id)?;
        if self.change(id, |cluster| cluster.open)? != open {
            // The server needs the port in a moment.
            self.change(id, |cluster| cluster.reserved = None)?;
            if let Err(e) = dbms.listen(&site, open) {
                let back = dbms.listen(&site, !open);
                tracing::warn!(cluster = id, ?back, "went back to what it was before");
                return Err(e);
            }
            self.change(id, |cluster| {
                cluster.open = open;
                cluster.reserved = if open { None } else { reserve(site.port).ok() };
            })?;
        }
        Ok(Some(endpoint(site.port)))
    }

    /// Ends the server at once, when it runs: its data is about to be removed. Not through its own
    /// programs, which would signal whatever process has the recorded id by now.
    fn drop_cluster(&self, id: &str) -> Result<Option<Endpoint>, String> {
        self.clusters().remove(id);
        let home = self.folder.cluster(id);
        leftovers::end(&home)?;
        forget(&home).map(|()| None)
    }

    fn drop_snapshot(&self, id: &str) -> Result<Option<Endpoint>, String> {
        self.snapshots().remove(id);
        forget(&self.folder.snapshot(id)).map(|()| None)
    }

    fn system(&self, engine: Engine) -> Result<&System, String> {
        let missing = || format!("there is no {} on this machine", engine.as_str());
        self.systems.get(&engine).ok_or_else(missing)
    }

    fn running(&self, id: &str) -> Result<(&dyn Dbms, Site), String> {
        let (engine, port) = self.change(id, |cluster| (cluster.engine, cluster.port))?;
        Ok((self.system(engine)?.dbms.as_ref(), self.site(id, port)))
    }

    fn site(&self, id: &str, port: u16) -> Site {
        Site { home: self.folder.cluster(id), sockets: self.sockets.clone(), port }
    }

    fn engine_of_snapshot(&self, id: &str) -> Result<Engine, String> {
        self.snapshots().get(id).copied().ok_or_else(|| format!("there is no snapshot {id}"))
    }

    fn change<T>(&self, id: &str, f: impl FnOnce(&mut Cluster) -> T) -> Result<T, String> {
        self.clusters().get_mut(id).map(f).ok_or_else(|| format!("there is no cluster {id}"))
    }

    fn clusters(&self) -> MutexGuard<'_, BTreeMap<String, Cluster>> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hollow(&self) -> MutexGuard<'_, Hollow> {
        self.hollow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Engine>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(path: &Path) -> Result<(), String> {
    remove(path).map_err(|e| format!("cannot remove {}: {e}", path.display()))
}

/// Nothing changes a cluster between its birth and its base.
fn moment(to_ms: Option<i64>, born_ms: i64, base_ms: i64, now_ms: i64) -> Result<Moment, String> {
    match to_ms {
        None => Ok(Moment::Now),
        Some(ms) if ms < born_ms => {
            Err(format!("{ms} ms since 1970 is before there was any data of it ({born_ms} ms)"))
        }
        Some(ms) if ms > now_ms => {
            Err(format!("{ms} ms since 1970 is still to come (it is {now_ms} ms)"))
        }
        Some(ms) if ms < base_ms => Ok(Moment::Base),
        Some(ms) => Ok(Moment::At(ms)),
    }
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { address: HOST.into(), port }
}

/// Ids become names of folders.
fn plain_name(id: &str) -> Result<&str, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_:.".contains(c);
    if id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.chars().all(plain) {
        return Ok(id);
    }
    Err(format!("the id {id:?} cannot be the name of a folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_would_leave_the_folder_are_refused() {
        assert_eq!(plain_name("cluster-ABC123"), Ok("cluster-ABC123"));
        assert_eq!(plain_name("rds:orders-2026-01-01"), Ok("rds:orders-2026-01-01"));
        for bad in ["", "..", "../x", "a/b", ".hidden", "-rf", "a\0b"] {
            assert!(plain_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_moment_is_one_of_which_there_is_data() {
        assert_eq!(moment(None, 10, 20, 30), Ok(Moment::Now));
        assert_eq!(moment(Some(10), 10, 20, 30), Ok(Moment::Base));
        assert_eq!(moment(Some(20), 10, 20, 30), Ok(Moment::At(20)));
        assert_eq!(moment(Some(30), 10, 20, 30), Ok(Moment::At(30)));
        assert!(moment(Some(9), 10, 20, 30).unwrap_err().contains("before there was any data"));
        assert!(moment(Some(31), 10, 20, 30).unwrap_err().contains("still to come"));
    }
}
