//! What each piece of work does.

use super::copy::copy_folder;
use super::folder::{DataFolder, remove};
use super::server::{INTERNAL_USER, Server};
use super::tls::{HOST, Identity};
use super::tools::Tools;
use crate::data_plane::{Endpoint, Engine, Work};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::net::TcpSocket;

/// All clusters and snapshots of one data folder.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) folder: Arc<DataFolder>,
    pub(super) identity: Identity,
    tools: Tools,
    sockets: PathBuf,
    /// The fresh server that clusters are copied from, made once: `initdb` takes its time.
    template: OnceLock<Result<(), String>>,
    clusters: Mutex<BTreeMap<String, Cluster>>,
    stopping: AtomicBool,
}

#[derive(Debug)]
struct Cluster {
    port: u16,
    open: bool,
    /// Keeps the port from being given to others while the server does not listen. Bound but not
    /// listening itself, so that clients are refused.
    reserved: Option<TcpSocket>,
}

impl Estate {
    /// Lays out the data folder.
    pub(super) fn new(folder: Arc<DataFolder>, tools: Tools) -> Result<Self, String> {
        let failed = |e: std::io::Error| format!("cannot lay out {}: {e}", folder.path().display());
        let identity =
            Identity::generate().map_err(|e| format!("cannot make certificates: {e}"))?;
        for name in ["clusters", "snapshots"] {
            tools.make_folder(&folder.path().join(name)).map_err(failed)?;
        }
        std::fs::create_dir(folder.tls()).map_err(failed)?;
        std::fs::write(folder.tls().join("ca.pem"), &identity.ca_pem).map_err(failed)?;
        let sockets = folder.make_sockets().map_err(failed)?;
        tools.close_folder(&sockets).map_err(failed)?;
        Ok(Self {
            folder,
            identity,
            tools,
            sockets,
            template: OnceLock::new(),
            clusters: Mutex::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Lets long copies end early.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Does one piece of work. For a cluster, the answer is where it is (or will be) reached.
    pub(super) fn perform(&self, work: &Work) -> Result<Option<Endpoint>, String> {
        match work {
            Work::CreateCluster { engine: Engine::Mysql, .. }
            | Work::RunSql { .. }
            | Work::CopySnapshot { .. }
            | Work::RestoreToTime { .. }
            | Work::Clone { .. } => Err("not on this data plane".into()),
            Work::CreateCluster { cluster, user, password, database, .. } => self.add(
                cluster,
                |data| self.template().and_then(|()| self.copy(&self.folder.template(), data)),
                |server| server.create_master(user, password, database),
            ),
            Work::Restore { snapshot, cluster } => {
                let from = self.folder.snapshot(plain_name(snapshot)?);
                self.add(cluster, |data| self.copy(&from, data), |_| Ok(()))
            }
            Work::Snapshot { cluster, snapshot } => self.back_up(cluster, snapshot).map(|()| None),
            Work::Open { cluster } => self.listen(cluster, true),
            Work::Close { cluster } => self.listen(cluster, false),
            Work::SetPassword { cluster, user, password } => {
                let port = self.port(cluster)?;
                self.server(cluster, port).set_password(user, password)?;
                Ok(Some(endpoint(port)))
            }
            Work::DropCluster { cluster } => self.drop_cluster(plain_name(cluster)?),
            Work::DropSnapshot { snapshot } => {
                self.forget(&self.folder.snapshot(plain_name(snapshot)?)).map(|()| None)
            }
        }
    }

    /// Makes the template, or waits until it is made.
    pub(super) fn template(&self) -> Result<(), String> {
        self.template.get_or_init(|| self.make_template()).clone()
    }

    fn make_template(&self) -> Result<(), String> {
        let template = self.folder.template();
        self.tools.make_folder(&template).map_err(|e| format!("cannot make the template: {e}"))?;
        let fixed = ["--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8"];
        let more = ["--locale=C", "--no-sync", "--wal-segsize=4", "-U", INTERNAL_USER, "-D"];
        let mut args: Vec<&OsStr> = fixed.iter().chain(&more).map(OsStr::new).collect();
        args.push(template.as_os_str());
        self.tools.run("initdb", &args, "", &[])
    }

    /// A new cluster: its files, its server started (for ourselves only), and what is then to be
    /// done inside. When something fails, nothing of it stays.
    fn add(
        &self,
        id: &str,
        fill: impl FnOnce(&Path) -> Result<(), String>,
        set_up: impl FnOnce(&Server<'_>) -> Result<(), String>,
    ) -> Result<Option<Endpoint>, String> {
        if self.clusters().contains_key(plain_name(id)?) {
            return Err(format!("there is a cluster {id} already"));
        }
        let (port, reserved) = free_port().map_err(|e| format!("no free port: {e}"))?;
        let server = self.server(id, port);
        let made = self
            .make_home(&server.home)
            .and_then(|()| fill(&server.data()))
            .and_then(|()| server.configure(false))
            .and_then(|()| server.start())
            .and_then(|()| set_up(&server));
        if let Err(e) = made {
            let undone = server.end().and_then(|()| self.forget(&server.home));
            return Err(undone.err().map_or(e.clone(), |undo| format!("{e}; {undo}")));
        }
        let cluster = Cluster { port, open: false, reserved: Some(reserved) };
        self.clusters().insert(id.to_owned(), cluster);
        Ok(Some(endpoint(port)))
    }

    fn make_home(&self, home: &Path) -> Result<(), String> {
        let Identity { cert_pem, key_pem, .. } = &self.identity;
        self.tools
            .make_folder(home)
            .and_then(|()| self.tools.write(&home.join("server.pem"), cert_pem))
            .and_then(|()| self.tools.write(&home.join("server.key"), key_pem))
            .map_err(|e| format!("cannot make {}: {e}", home.display()))
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<(), String> {
        copy_folder(from, to, &self.tools, &self.stopping)
            .map_err(|e| format!("cannot copy {} to {}: {e}", from.display(), to.display()))
    }

    fn back_up(&self, cluster: &str, snapshot: &str) -> Result<(), String> {
        let server = self.server(cluster, self.port(cluster)?);
        let to = self.folder.snapshot(plain_name(snapshot)?);
        if to.exists() {
            return Err(format!("there is a snapshot {snapshot} already"));
        }
        server.back_up(&to).or_else(|e| self.forget(&to).and(Err(e)))
    }

    /// Lets clients connect, or no longer: a server without instances takes no connections.
    fn listen(&self, id: &str, open: bool) -> Result<Option<Endpoint>, String> {
        let port = self.port(id)?;
        let server = self.server(id, port);
        if self.change(id, |cluster| cluster.open)? != open {
            // The server needs the port in a moment.
            self.change(id, |cluster| cluster.reserved = None)?;
            server.configure(open)?;
            if let Err(e) = server.restart() {
                let back = server.configure(!open).and_then(|()| server.start());
                tracing::warn!(cluster = id, ?back, "went back to what it was before");
                return Err(e);
            }
            self.change(id, |cluster| {
                cluster.open = open;
                cluster.reserved = if open { None } else { reserve(port).ok() };
            })?;
        }
        Ok(Some(endpoint(port)))
    }

    fn drop_cluster(&self, id: &str) -> Result<Option<Endpoint>, String> {
        self.clusters().remove(id);
        let server = self.server(id, 0);
        server.end()?;
        self.forget(&server.home).map(|()| None)
    }

    fn forget(&self, path: &Path) -> Result<(), String> {
        remove(path).map_err(|e| format!("cannot remove {}: {e}", path.display()))
    }

    fn server(&self, id: &str, port: u16) -> Server<'_> {
        let home = self.folder.cluster(id);
        Server { tools: &self.tools, home, sockets: &self.sockets, port }
    }

    fn port(&self, id: &str) -> Result<u16, String> {
        self.change(id, |cluster| cluster.port)
    }

    fn change<T>(&self, id: &str, f: impl FnOnce(&mut Cluster) -> T) -> Result<T, String> {
        self.clusters().get_mut(id).map(f).ok_or_else(|| format!("there is no cluster {id}"))
    }

    fn clusters(&self) -> MutexGuard<'_, BTreeMap<String, Cluster>> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
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

fn free_port() -> std::io::Result<(u16, TcpSocket)> {
    let socket = reserve(0)?;
    Ok((socket.local_addr()?.port(), socket))
}

fn reserve(port: u16) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(socket)
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
    fn a_reserved_port_refuses_clients_and_is_given_to_nobody_else() {
        let (port, reserved) = free_port().unwrap();
        assert!(std::net::TcpStream::connect((HOST, port)).is_err());
        assert!(reserve(port).is_err());
        drop(reserved);
        assert!(reserve(port).is_ok());
    }
}
