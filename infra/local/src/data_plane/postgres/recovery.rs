//! Moments of a server's past: its base, and after it the log of every change since, up to there.

use super::server::Server;
use crate::data_plane::servers::dbms::{Moment, Site};
use std::fs;
use std::thread;
use std::time::Duration;

/// How often we look whether a file is in the archive, each after [`TURN`]: two minutes.
const TURNS: u32 = 12_000;
const TURN: Duration = Duration::from_millis(10);

/// Where `postmaster.pid` tells how the server is, from 0.
const STATUS_LINE: usize = 7;

/// A commit of now, so that there is one after every moment of before; and the name of the file of
/// the log that it is in, which is full with that.
const CLOSE_LOG: &str = "
DO 'BEGIN PERFORM pg_current_xact_id(); END';
SELECT pg_walfile_name(pg_switch_wal());
";

impl Server<'_> {
    /// Waits until every change of before is in the archive.
    pub(super) fn archive_all(&self) -> Result<(), String> {
        let name = self.ask(CLOSE_LOG)?;
        let file = self.site.archive().join(&name);
        for _ in 0..TURNS {
            if file.exists() {
                return Ok(());
            }
            if self.tools.is_stopping() {
                return Err("shutting down".into());
            }
            thread::park_timeout(TURN);
        }
        Err(format!("the log {name} does not get into the archive"))
    }

    /// Starts it with the base of another server as its data, and takes it to a moment. The server
    /// is up when it is there, and from then on has a history of its own.
    pub(super) fn start_as_of(&self, source: &Site, moment: Moment) -> Result<(), String> {
        self.mark("recovery.signal", "")?;
        self.mark("postgresql.auto.conf", &settings(source, moment))?;
        self.start()?;
        self.until_ready()?;
        self.mark("postgresql.auto.conf", "")
    }

    /// Waits until it has recovered; `pg_ctl` waits no longer than until recovery goes on well.
    fn until_ready(&self) -> Result<(), String> {
        let file = self.site.data().join("postmaster.pid");
        while !self.tools.is_stopping() {
            let Ok(text) = fs::read_to_string(&file) else { return Err(self.last_words()) };
            if text.lines().nth(STATUS_LINE).is_some_and(|status| status.trim() == "ready") {
                return Ok(());
            }
            thread::park_timeout(TURN);
        }
        Err("shutting down".into())
    }

    fn mark(&self, name: &str, text: &str) -> Result<(), String> {
        let file = self.site.data().join(name);
        self.tools.write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
    }
}

fn settings(source: &Site, moment: Moment) -> String {
    let archive = source.archive();
    let archive = archive.display();
    let target = match moment {
        Moment::Base => "recovery_target = 'immediate'\n".to_owned(),
        Moment::At(ms) => format!("recovery_target_time = '{}'\n", timestamp(ms)),
        Moment::Now => String::new(),
    };
    format!(
        "\
restore_command = 'cp \"{archive}/%f\" \"%p\"'
recovery_target_action = 'promote'
# Nobody is to look at it on its way, and it is not to call itself ready before it is there.
hot_standby = off
{target}"
    )
}

fn timestamp(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |at| at.strftime("%F %T%.f+00").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_millisecond() {
        let site = Site { home: "/data/clusters/a".into(), sockets: "/run".into(), port: 1 };
        let text = settings(&site, Moment::At(1_600_000_000_123));
        assert!(text.contains("recovery_target_time = '2020-09-13 12:26:40.123+00'"), "{text}");
        assert!(text.contains("'cp \"/data/clusters/a/archive/%f\" \"%p\"'"), "{text}");
        assert!(!settings(&site, Moment::Now).contains("recovery_target ="));
    }
}
