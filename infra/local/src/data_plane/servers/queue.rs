//! The order of work: a piece may start when nothing handed over before it needs the same thing.

use crate::data_plane::{Progress, Ticket, Work};
use std::collections::{BTreeMap, VecDeque};

/// What a piece of work needs: clusters and snapshots that it changes, and those it only reads:
/// many may read the same at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Needs {
    changes: Vec<String>,
    reads: Vec<String>,
}

impl Needs {
    fn of(work: &Work) -> Self {
        let cluster = |id: &String| format!("cluster {id}");
        let snapshot = |id: &String| format!("snapshot {id}");
        let (changes, reads) = match work {
            Work::Snapshot { cluster: c, snapshot: s } => (vec![snapshot(s)], vec![cluster(c)]),
            Work::Restore { snapshot: s, cluster: c } => (vec![cluster(c)], vec![snapshot(s)]),
            Work::CopySnapshot { from, to } => (vec![snapshot(to)], vec![snapshot(from)]),
            Work::RestoreToTime { source, cluster: c, .. } | Work::Clone { source, cluster: c } => {
                (vec![cluster(c)], vec![cluster(source)])
            }
            Work::DropSnapshot { snapshot: s } => (vec![snapshot(s)], vec![]),
            Work::CreateCluster { cluster: c, .. }
            | Work::RunSql { cluster: c, .. }
            | Work::Open { cluster: c }
            | Work::Close { cluster: c }
            | Work::SetPassword { cluster: c, .. }
            | Work::DropCluster { cluster: c } => (vec![cluster(c)], vec![]),
        };
        Self { changes, reads }
    }

    fn clashes_with(&self, other: &Needs) -> bool {
        let touched =
            |name: &String, by: &Needs| by.changes.contains(name) || by.reads.contains(name);
        self.changes.iter().any(|name| touched(name, other))
            || self.reads.iter().any(|name| other.changes.contains(name))
    }
}

/// Work that waits and work that is being done.
#[derive(Debug, Default)]
pub(super) struct Queue {
    last: Ticket,
    waiting: VecDeque<(Ticket, Needs, Work)>,
    running: BTreeMap<Ticket, Needs>,
    results: BTreeMap<Ticket, Progress>,
    closed: bool,
}

impl Queue {
    /// Takes work in.
    pub(super) fn push(&mut self, work: Work) -> Ticket {
        self.last += 1;
        if self.closed {
            self.results.insert(self.last, shut_down());
        } else {
            self.waiting.push_back((self.last, Needs::of(&work), work));
        }
        self.last
    }

    /// The first piece that may start now; it counts as running until [`Queue::finish`].
    pub(super) fn start_next(&mut self) -> Option<(Ticket, Work)> {
        let free = |at: usize| {
            let needs = &self.waiting[at].1;
            let before = self.waiting.iter().take(at).map(|(_, needs, _)| needs);
            !self.running.values().chain(before).any(|other| needs.clashes_with(other))
        };
        let at = (0..self.waiting.len()).find(|at| free(*at))?;
        let (ticket, needs, work) = self.waiting.remove(at)?;
        self.running.insert(ticket, needs);
        Some((ticket, work))
    }

    /// Notes how a running piece ended.
    pub(super) fn finish(&mut self, ticket: Ticket, result: Progress) {
        self.running.remove(&ticket);
        self.results.insert(ticket, result);
    }

    /// How a piece goes.
    pub(super) fn progress(&self, ticket: Ticket) -> Progress {
        match self.results.get(&ticket) {
            Some(result) => result.clone(),
            None if ticket == 0 || ticket > self.last => {
                Progress::Failed(format!("there is no work with ticket {ticket}"))
            }
            None => Progress::Pending,
        }
    }

    /// Takes no more work, and fails what waits.
    pub(super) fn close(&mut self) {
        self.closed = true;
        for (ticket, _, _) in self.waiting.drain(..) {
            self.results.insert(ticket, shut_down());
        }
    }

    /// Whether no more work is taken.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }
}

fn shut_down() -> Progress {
    Progress::Failed("the data plane is shut down".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(cluster: &str) -> Work {
        Work::Open { cluster: cluster.into() }
    }

    fn restore(snapshot: &str, cluster: &str) -> Work {
        Work::Restore { snapshot: snapshot.into(), cluster: cluster.into() }
    }

    fn started(queue: &mut Queue) -> Vec<Ticket> {
        std::iter::from_fn(|| queue.start_next()).map(|(ticket, _)| ticket).collect()
    }

    #[test]
    fn work_on_one_cluster_is_done_in_order_and_on_others_meanwhile() {
        let mut queue = Queue::default();
        let first = queue.push(open("a"));
        let second = queue.push(Work::DropCluster { cluster: "a".into() });
        let other = queue.push(open("b"));
        assert_eq!(started(&mut queue), [first, other]);
        assert_eq!(queue.progress(second), Progress::Pending);
        queue.finish(first, Progress::Done(None));
        assert_eq!(started(&mut queue), [second]);
        assert_eq!(queue.progress(first), Progress::Done(None));
    }

    #[test]
    fn restores_of_one_snapshot_run_together_and_its_deletion_waits_for_them() {
        let mut queue = Queue::default();
        let one = queue.push(restore("s", "a"));
        let two = queue.push(restore("s", "b"));
        let gone = queue.push(Work::DropSnapshot { snapshot: "s".into() });
        let late = queue.push(restore("s", "c"));
        assert_eq!(started(&mut queue), [one, two]);
        queue.finish(one, Progress::Done(None));
        assert!(started(&mut queue).is_empty());
        queue.finish(two, Progress::Done(None));
        assert_eq!(started(&mut queue), [gone]);
        queue.finish(gone, Progress::Done(None));
        assert_eq!(started(&mut queue), [late]);
    }

    #[test]
    fn a_restore_waits_for_the_snapshot_it_reads() {
        let mut queue = Queue::default();
        let snapshot = Work::Snapshot { cluster: "a".into(), snapshot: "s".into() };
        let first = queue.push(snapshot);
        queue.push(restore("s", "b"));
        assert_eq!(started(&mut queue), [first]);
    }

    #[test]
    fn a_cluster_is_read_by_many_and_changed_by_one_at_a_time() {
        let mut queue = Queue::default();
        let (source, cluster) = (String::from("a"), String::from("b"));
        let snapshot = Work::Snapshot { cluster: source.clone(), snapshot: "s".into() };
        let first = queue.push(snapshot);
        let second = queue.push(Work::RestoreToTime { source, cluster, to_ms: None });
        let close = queue.push(Work::Close { cluster: "a".into() });
        assert_eq!(started(&mut queue), [first, second]);
        queue.finish(first, Progress::Done(None));
        assert!(started(&mut queue).is_empty());
        queue.finish(second, Progress::Done(None));
        assert_eq!(started(&mut queue), [close]);
    }

    #[test]
    fn a_closed_queue_fails_what_waits_and_what_comes() {
        let mut queue = Queue::default();
        let running = queue.push(open("a"));
        assert_eq!(started(&mut queue), [running]);
        let waiting = queue.push(open("a"));
        queue.close();
        let late = queue.push(open("b"));
        assert_eq!(queue.progress(running), Progress::Pending);
        assert_eq!(queue.progress(waiting), shut_down());
        assert_eq!(queue.progress(late), shut_down());
        assert!(matches!(queue.progress(99), Progress::Failed(_)));
    }
}
