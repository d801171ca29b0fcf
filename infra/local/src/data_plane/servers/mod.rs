//! Real databases: each cluster is a server of its own, each snapshot a copy of its data.
//!
//! Servers listen on the loopback interface only, take TLS connections only, and everything lives
//! under one [data folder](folder::DataFolder), gone after [`ServerPlane::shutdown`]:
//!
//! - `clusters/<resource id>/`: `data`, `log` and the certificate of one server, and what a moment of
//!   its past is restored from: `base` (its data when it was new) and `archive` (changes since);
//! - `snapshots/<resource id>/`: data as of the moment of the snapshot;
//! - `tls/ca.pem`: the authority that clients are to trust;
//! - `run/`: Unix sockets, through which only we get in; `templates/`: fresh servers.

mod copy;
pub(in crate::data_plane) mod dbms;
mod estate;
pub mod folder;
mod hollow;
pub(in crate::data_plane) mod leftovers;
mod ports;
mod programs;
mod queue;
mod tls;
pub(in crate::data_plane) mod tools;

use crate::data_plane::{DataPlane, Progress, Ticket, Work};
use estate::Estate;
use folder::DataFolder;
pub use programs::Programs;
use queue::Queue;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tools::Tools;

/// How many pieces of work are done at once: most of them wait for a server or a disk, and a long
/// one must not keep those of other clusters waiting.
const WORKERS: usize = 16;

/// Real database servers. Cheap to clone; all clones are the same servers. They end with
/// [`ServerPlane::shutdown`], or with the last clone.
#[derive(Debug, Clone)]
pub struct ServerPlane {
    workers: Arc<Workers>,
}

#[derive(Debug)]
struct Workers {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    estate: Estate,
    queue: Mutex<Queue>,
    /// Something was handed over or has ended.
    news: Condvar,
}

impl ServerPlane {
    /// Starts with no clusters and no snapshots, in a claimed data folder.
    ///
    /// # Errors
    /// There are no programs at all; the folder cannot be laid out, or not for the user that the
    /// servers run as.
    pub fn start(programs: Programs, folder: Arc<DataFolder>) -> Result<Self, String> {
        let tools = Arc::new(Tools::new(folder.path())?);
        let estate = Estate::new(folder, Arc::clone(&tools), programs.systems(&tools)?)?;
        let shared = Shared { estate, queue: Mutex::default(), news: Condvar::new() };
        let workers = Workers { shared: Arc::new(shared), threads: Mutex::default() };
        for n in 0..WORKERS {
            let shared = Arc::clone(&workers.shared);
            let thread = thread::Builder::new().name(format!("data-plane-{n}"));
            let handle = thread.spawn(move || shared.run());
            workers.threads().push(handle.map_err(|e| format!("cannot start a thread: {e}"))?);
        }
        Ok(Self { workers: Arc::new(workers) })
    }

    /// Finds the programs, claims the data folder and starts.
    ///
    /// # Errors
    /// As of [`DataFolder::claim`] and [`ServerPlane::start`].
    pub fn open(data_folder: &Path) -> Result<Self, String> {
        Self::start(Programs::find(), Arc::new(DataFolder::claim(data_folder, false)?))
    }

    /// The certificate authority that clients are to trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.workers.shared.estate.identity.ca_pem
    }

    /// The file with [`ServerPlane::ca_pem`].
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.workers.shared.estate.folder.tls().join("ca.pem")
    }

    /// Stops every server at once and releases the data folder. Blocks until that is done.
    ///
    /// # Errors
    /// Something could not be ended or removed.
    pub fn shutdown(&self) -> Result<(), String> {
        self.workers.shutdown()
    }
}

impl DataPlane for ServerPlane {
    fn submit(&mut self, work: Work) -> Ticket {
        let shared = &self.workers.shared;
        let ticket = shared.queue().push(work);
        shared.news.notify_one();
        ticket
    }

    fn poll(&mut self, ticket: Ticket) -> Progress {
        self.workers.shared.queue().progress(ticket)
    }
}

impl Workers {
    fn shutdown(&self) -> Result<(), String> {
        let estate = &self.shared.estate;
        estate.stop();
        self.shared.queue().close();
        self.shared.news.notify_all();
        // Workers that wait for a program get their answer; what they still start is ended below.
        let ended = estate.folder.end_processes();
        for thread in self.threads().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker of the data plane panicked");
            }
        }
        ended.and_then(|_| estate.folder.release())
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Err(e) = self.shutdown() {
            tracing::error!("{e}");
        }
    }
}

impl Shared {
    fn run(&self) {
        while let Some((ticket, work)) = self.next() {
            let result = match self.estate.perform(&work) {
                Ok(endpoint) => Progress::Done(endpoint),
                Err(e) => {
                    tracing::warn!(ticket, "work on the data plane failed: {e}");
                    Progress::Failed(e)
                }
            };
            self.queue().finish(ticket, result);
            self.news.notify_all();
        }
    }

    /// Waits for work that may start; none any more once the queue is closed.
    fn next(&self) -> Option<(Ticket, Work)> {
        let mut queue = self.queue();
        while !queue.is_closed() {
            if let Some(job) = queue.start_next() {
                return Some(job);
            }
            queue = self.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
