//! What a worker counts, in the Prometheus format on `/metrics`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;

/// Labels of a counter of endings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByOutcome {
    /// How it ended.
    pub outcome: String,
}

/// Labels of a counter of steps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByStep {
    /// The step.
    pub step: String,
    /// How it stood after the visit.
    pub outcome: String,
}

/// The metrics of one worker. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Messages received.
    pub messages: Counter,
    /// Ticks by outcome.
    pub ticks: Family<ByOutcome, Counter>,
    /// Visits of steps by outcome.
    pub steps: Family<ByStep, Counter>,
    /// Duration of ticks, seconds.
    pub tick_seconds: Histogram,
    /// Ticks under way.
    pub running: Gauge,
    /// Wake-ups sent by the dispatcher.
    pub dispatched: Counter,
    /// Jobs woken by the observer.
    pub woken: Counter,
    /// Looks of the observer.
    pub looks: Counter,
    /// Jobs that came to need a person.
    pub parked: Counter,
    /// Jobs that were parked, and are not any more.
    pub unparked: Counter,
    registry: Arc<Registry>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("aurora_restore");
        let (messages, dispatched, woken, looks) =
            (Counter::default(), Counter::default(), Counter::default(), Counter::default());
        let (parked, unparked) = (Counter::default(), Counter::default());
        let ticks = Family::default();
        let steps = Family::default();
        let running = Gauge::default();
        let tick_seconds = Histogram::new([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0, 600.0]);
        registry.register("messages", "Messages received", messages.clone());
        registry.register("ticks", "Ticks by outcome", ticks.clone());
        registry.register("step_visits", "Visits of steps by outcome", steps.clone());
        registry.register("ticks_running", "Ticks under way", running.clone());
        registry.register("dispatched", "Wake-ups sent by the dispatcher", dispatched.clone());
        registry.register("woken", "Jobs woken by the observer", woken.clone());
        registry.register("looks", "Looks of the observer", looks.clone());
        registry.register("jobs_parked", "Jobs that came to need a person", parked.clone());
        let help = "Jobs that were parked, and are not any more";
        registry.register("jobs_unparked", help, unparked.clone());
        registry.register_with_unit(
            "tick",
            "Duration of ticks",
            Unit::Seconds,
            tick_seconds.clone(),
        );
        let registry = Arc::new(registry);
        Self {
            messages,
            ticks,
            steps,
            tick_seconds,
            running,
            dispatched,
            woken,
            looks,
            parked,
            unparked,
            registry,
        }
    }
}

impl Metrics {
    /// Counts the end of a tick.
    pub fn tick_ended(&self, outcome: &str) {
        self.ticks.get_or_create(&ByOutcome { outcome: outcome.to_owned() }).inc();
    }

    /// Counts a visit of a step.
    pub fn step_visited(&self, step: &str, outcome: &str) {
        let labels = ByStep { step: step.to_owned(), outcome: outcome.to_owned() };
        self.steps.get_or_create(&labels).inc();
    }

    /// All of them in the text format of Prometheus.
    ///
    /// # Errors
    /// When they cannot be written as text.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
