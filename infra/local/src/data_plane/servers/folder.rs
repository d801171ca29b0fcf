//! The data folder: claimed by one running local cloud at a time, cleared when that one is gone.
//!
//! The claim is a lock on `<data>/local.pid`, which the system gives back however its holder ends;
//! the process id inside is only believed while the lock is held.

use super::leftovers;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PID_FILE: &str = "local.pid";
/// What we put into the folder, and the only things ever removed from it.
const OURS: [&str; 4] = ["clusters", "snapshots", "templates", "tls"];
const SOCKETS: &str = "run";
/// The name of a Unix socket may have 103 bytes on every system (107 on Linux), of which
/// PostgreSQL's `/.s.PGSQL.65535` takes 15.
const LONGEST_SOCKET_FOLDER: usize = 103 - 15;
const SHORT_PREFIX: &str = "aurora-restore-";
const TURNS_TO_END: u32 = 1200;
const TURN: Duration = Duration::from_millis(50);

/// A claimed data folder. Released, and its contents removed, at the latest when dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    keep: bool,
    released: AtomicBool,
    /// Holds the lock.
    pid_file: File,
}

impl DataFolder {
    /// Claims a folder, made if need be, and clears it of what an earlier run left: its processes
    /// and its files. With `keep`, the files stay when it is released.
    ///
    /// # Errors
    /// The folder holds something else, is in use, or cannot be made.
    pub fn claim(path: &Path, keep: bool) -> Result<Self, String> {
        let path = make(path)?;
        let pid_file =
            lock(&path)?.map_err(|pid| format!("{} is in use by process {pid}", path.display()))?;
        let folder = Self { path, keep, released: AtomicBool::new(false), pid_file };
        let ended = folder.clear()?;
        if ended > 0 {
            tracing::warn!(ended, folder = %folder.path.display(), "ended what a killed run left");
        }
        folder.write_pid().map_err(|e| folder.complain("write local.pid in", &e))?;
        Ok(folder)
    }

    /// Ends the local cloud that has claimed a folder, if any, and clears what it or a killed one
    /// left. Returns the process that was ended.
    ///
    /// # Errors
    /// The process is not a local cloud or does not end; the folder cannot be cleared.
    pub fn end_owner(path: &Path) -> Result<Option<i32>, String> {
        if !path.join(PID_FILE).exists() {
            return Ok(None);
        }
        let path = make(path)?;
        // An owner that ends in order clears the folder itself, or keeps it when asked to.
        if let Err(pid) = lock(&path)? {
            return terminate(&path, &pid).map(Some);
        }
        Self::claim(&path, false)?.release().map(|()| None)
    }

    /// The folder, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a cluster lives.
    pub(super) fn cluster(&self, id: &str) -> PathBuf {
        self.path.join("clusters").join(id)
    }

    /// Where a snapshot lives.
    pub(super) fn snapshot(&self, id: &str) -> PathBuf {
        self.path.join("snapshots").join(id)
    }

    /// Where the files of fresh servers live, from which clusters are copied.
    pub(super) fn templates(&self) -> PathBuf {
        self.path.join("templates")
    }

    /// Where certificates live.
    pub(super) fn tls(&self) -> PathBuf {
        self.path.join("tls")
    }

    /// Makes the folder of the Unix sockets: `run`, or, when that name would be too long for a
    /// socket, a short one elsewhere that `run` points to.
    pub(super) fn make_sockets(&self) -> std::io::Result<PathBuf> {
        let run = self.path.join(SOCKETS);
        if run.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
            fs::create_dir(&run)?;
            return Ok(run);
        }
        let short = tempfile::Builder::new().prefix(SHORT_PREFIX).tempdir_in("/tmp")?.keep();
        std::os::unix::fs::symlink(&short, &run)?;
        Ok(short)
    }

    /// Ends every process that works in the folder.
    pub(super) fn end_processes(&self) -> Result<usize, String> {
        leftovers::end(&self.path)
    }

    /// Gives the folder back: ends what still works in it and, unless it is to be kept, removes
    /// what was put into it. Once is enough; again does nothing.
    ///
    /// # Errors
    /// Something could not be ended or removed.
    pub fn release(&self) -> Result<(), String> {
        if self.released.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        if self.keep {
            return self.end_processes().map(drop);
        }
        self.clear()?;
        remove(&self.path.join(PID_FILE))
            .map_err(|e| self.complain("remove local.pid from", &e))?;
        match fs::remove_dir(&self.path) {
            // Somebody put something of their own into it: not ours to remove.
            Err(e) if e.kind() != ErrorKind::DirectoryNotEmpty => Err(self.complain("remove", &e)),
            _ => Ok(()),
        }
    }

    fn clear(&self) -> Result<usize, String> {
        let ended = self.end_processes()?;
        self.remove_sockets().map_err(|e| self.complain("clear the sockets of", &e))?;
        for name in OURS {
            remove(&self.path.join(name)).map_err(|e| self.complain("clear", &e))?;
        }
        Ok(ended)
    }

    fn remove_sockets(&self) -> std::io::Result<()> {
        let run = self.path.join(SOCKETS);
        if let Ok(short) = fs::read_link(&run) {
            let name = short.file_name().unwrap_or_default().to_string_lossy();
            if short.parent() == Some(Path::new("/tmp")) && name.starts_with(SHORT_PREFIX) {
                remove(&short)?;
            }
        }
        remove(&run)
    }

    fn write_pid(&self) -> std::io::Result<()> {
        self.pid_file.set_len(0)?;
        (&self.pid_file).write_all(std::process::id().to_string().as_bytes())
    }

    fn complain(&self, what: &str, e: &std::io::Error) -> String {
        format!("cannot {what} {}: {e}", self.path.display())
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if let Err(e) = self.release() {
            tracing::error!("{e}");
        }
    }
}

/// Removes a file, a link or a folder with all that is in it; nothing there is fine.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes the folder and checks that it is ours to use: everything in it is removed one day.
fn make(path: &Path) -> Result<PathBuf, String> {
    let failed = |e: std::io::Error| format!("cannot use {}: {e}", path.display());
    if !path.exists() {
        fs::create_dir_all(path).map_err(failed)?;
        // The servers may run as another user, who has to get through.
        fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(failed)?;
    }
    let path = fs::canonicalize(path).map_err(failed)?;
    let plain = |c: char| c.is_alphanumeric() || "/ ._-+@:=~".contains(c);
    match path.to_str() {
        Some(text) if text.chars().all(plain) => {}
        _ => return Err(format!("{}: use a path of plain characters", path.display())),
    }
    if fs::metadata(&path).map_err(failed)?.uid() != geteuid().as_raw() {
        return Err(format!("{} belongs to another user", path.display()));
    }
    let empty = fs::read_dir(&path).map_err(failed)?.next().is_none();
    if !empty && !path.join(PID_FILE).exists() {
        return Err(format!(
            "{} is neither empty nor the data folder of a local cloud; name another folder",
            path.display()
        ));
    }
    Ok(path)
}

/// Locks the pid file; the inner error is the process id its holder wrote.
fn lock(folder: &Path) -> Result<Result<File, String>, String> {
    let path = folder.join(PID_FILE);
    let failed = |e: std::io::Error| format!("cannot lock {}: {e}", path.display());
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    loop {
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(failed)?;
                return Ok(Err(pid));
            }
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        // Its last holder may have removed it between our opening and locking it.
        let ours = file.metadata().map_err(failed)?.ino();
        if fs::metadata(&path).is_ok_and(|meta| meta.ino() == ours) {
            return Ok(Ok(file));
        }
    }
}

/// Asks the holder of the lock to end and waits until it has given the lock back.
fn terminate(folder: &Path, pid: &str) -> Result<i32, String> {
    let Ok(pid) = pid.parse::<i32>() else {
        return Err(format!("the local cloud of {} is just starting", folder.display()));
    };
    let program = leftovers::program(pid).unwrap_or_default();
    if !program.starts_with("aurora-restore") {
        return Err(format!("process {pid} ({program}) is not a local cloud; left alone"));
    }
    kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|e| format!("cannot end {pid}: {e}"))?;
    for _ in 0..TURNS_TO_END {
        if !folder.join(PID_FILE).exists() || matches!(lock(folder), Ok(Ok(_))) {
            return wait_for_exit(pid);
        }
        std::thread::park_timeout(TURN);
    }
    Err(format!("process {pid} does not end"))
}

fn wait_for_exit(pid: i32) -> Result<i32, String> {
    for _ in 0..TURNS_TO_END {
        if leftovers::program(pid).is_none() {
            return Ok(pid);
        }
        std::thread::park_timeout(TURN);
    }
    Err(format!("process {pid} has cleaned up but does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_and_gone_after_release() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let folder = DataFolder::claim(&path, false).unwrap();
        let refusal = DataFolder::claim(&path, false).unwrap_err();
        assert!(refusal.contains(&std::process::id().to_string()), "{refusal}");
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("snapshots")).unwrap();
        assert!(DataFolder::claim(folder.path(), false).unwrap_err().contains("neither empty"));
        assert!(folder.path().join("snapshots").exists());
    }

    #[test]
    fn what_others_put_into_the_folder_stays() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let folder = DataFolder::claim(&path, false).unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        fs::create_dir(path.join("clusters")).unwrap();
        folder.release().unwrap();
        assert!(path.join("notes.txt").exists());
        assert!(!path.join("clusters").exists());
    }

    #[test]
    fn a_kept_folder_is_cleared_by_the_next_claim() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let folder = DataFolder::claim(&path, true).unwrap();
        fs::create_dir(path.join("clusters")).unwrap();
        drop(folder);
        assert!(path.join("clusters").exists());
        let _folder = DataFolder::claim(&path, true).unwrap();
        assert!(!path.join("clusters").exists());
    }

    #[test]
    fn a_path_that_a_shell_would_read_otherwise_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let refusal = DataFolder::claim(&parent.path().join("a$b"), false).unwrap_err();
        assert!(refusal.contains("plain characters"), "{refusal}");
    }

    #[test]
    fn sockets_of_a_deep_folder_live_in_a_short_one_and_go_with_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("long".repeat(25));
        let folder = DataFolder::claim(&path, false).unwrap();
        let sockets = folder.make_sockets().unwrap();
        assert!(sockets.as_os_str().len() <= LONGEST_SOCKET_FOLDER);
        assert!(sockets.exists());
        drop(folder);
        assert!(!sockets.exists() && !path.exists());
    }

    #[test]
    fn a_lock_held_by_another_kind_of_program_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        assert_eq!(DataFolder::end_owner(&path), Ok(None));
        let _folder = DataFolder::claim(&path, false).unwrap();
        // The holder is this test, whose program has another name.
        let refusal = DataFolder::end_owner(&path).unwrap_err();
        assert!(refusal.contains("is not a local cloud"), "{refusal}");
    }
}
