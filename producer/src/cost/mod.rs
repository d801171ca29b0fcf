//! What a restore costs on AWS, by a table of list prices: what is paid once, and what each day costs
//! while things are kept. A price that is not known is said to be so, and never guessed.

mod prices;
mod units;

pub use prices::{PriceTable, PricesError};
pub use units::Units;

use aurora_restore_shared::facts::SourceKind;
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::plan::{Hop, Plan};
use aurora_restore_shared::request::{InstanceSpec, Request};
use prices::RegionPrices;
use rust_decimal::Decimal;
use serde::Serialize;

/// AWS's months for prices per month have 730 hours.
const HOURS_PER_MONTH: u32 = 730;
const HOURS_PER_DAY: u32 = 24;

/// One part of the cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CostLine {
    /// What is paid for.
    pub what: String,
    /// US dollars; none: no price is known.
    pub usd: Option<Decimal>,
    /// Once, or each day.
    pub paid: Paid,
    /// Until when each day is paid; none where it is paid once.
    pub until: Option<String>,
    /// How it was reckoned, or why not.
    pub how: String,
}

/// How often something is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Paid {
    /// Once.
    Once,
    /// Each day.
    Daily,
}

/// What a restore costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// When the prices were written down.
    pub prices_noted: String,
    /// When somebody has compared them with AWS's pages; none: nobody has.
    pub prices_checked: Option<String>,
    /// Where they are from.
    pub prices_source: String,
    /// The parts.
    pub lines: Vec<CostLine>,
    /// What is paid once, as far as prices are known.
    pub once_usd: Decimal,
    /// What each day costs at first, as far as prices are known; none: of no part.
    pub daily_usd: Option<Decimal>,
    /// Whether a price is not known, so that it is more than that.
    pub is_partial: bool,
}

impl Cost {
    /// The cost of a plan.
    #[must_use]
    pub fn of(request: &Request, plan: &Plan, home: &RegionName, prices: &PriceTable) -> Self {
        let reckoning = Reckoning { request, plan, prices };
        let lines = reckoning.lines(home);
        let of_kind = |paid| lines.iter().filter(move |line: &&CostLine| line.paid == paid);
        let known = |paid| of_kind(paid).filter_map(|line| line.usd);
        Self {
            prices_noted: prices.noted.clone(),
            prices_source: prices.source.clone(),
            prices_checked: prices.checked.clone(),
            once_usd: known(Paid::Once).sum(),
            daily_usd: known(Paid::Daily).reduce(|sum, usd| sum + usd),
            is_partial: lines.iter().any(|line| line.usd.is_none()),
            lines,
        }
    }
}

struct Reckoning<'a> {
    request: &'a Request,
    plan: &'a Plan,
    prices: &'a PriceTable,
}

/// A price, or why there is none.
type Price = Result<Decimal, String>;

impl Reckoning<'_> {
    fn lines(&self, home: &RegionName) -> Vec<CostLine> {
        let path = &self.plan.path;
        let hops: Vec<&Hop> = path.shareable.iter().chain(&path.copy).collect();
        let mut lines: Vec<CostLine> = hops.iter().filter_map(|hop| self.transfer(hop)).collect();
        lines.extend(hops.iter().map(|hop| self.copy(hop)));
        lines.push(self.storage());
        lines.extend(self.plan.instances.iter().map(|spec| self.instances(spec)));
        lines.extend(self.plan.replaces.as_ref().map(|_| self.replaced()));
        lines.push(self.control_plane(home));
        lines
    }

    fn gib(&self) -> Decimal {
        self.plan.facts.allocated_gib.into()
    }

    fn in_region(&self, region: &RegionName) -> Result<&RegionPrices, String> {
        let known = self.prices.regions.get(region.as_str());
        known.ok_or_else(|| format!("no price is known for Region {region}"))
    }

    fn once(what: impl Into<String>, price: Price, how: impl Into<String>) -> CostLine {
        line(what.into(), price, Paid::Once, None, how.into())
    }

    fn daily(what: impl Into<String>, price: Price, until: &str, how: String) -> CostLine {
        line(what.into(), price, Paid::Daily, Some(until.to_owned()), how)
    }

    /// A copy into another Region: each byte on its way is paid.
    fn transfer(&self, hop: &Hop) -> Option<CostLine> {
        let from = self.request.source.region();
        (hop.region != *from).then(|| {
            let price = self.in_region(from).map(|p| p.transfer_out_gib * self.gib());
            let how = format!("{} GiB at the most leave {from}", self.gib());
            Self::once(format!("transfer to {}", hop.region), price, how)
        })
    }

    fn copy(&self, hop: &Hop) -> CostLine {
        let until = self.request.keep.copies();
        let until = until.map_or("verified".into(), |kept| format!("{kept} after"));
        let price = self.in_region(&hop.region).map(|p| p.snapshot_gib_month * self.gib());
        let how = format!("{} GiB of snapshot at the most", self.gib());
        let what = format!("snapshot copy in {} {}", hop.account, hop.region);
        Self::daily(what, price.map(a_day_of), &until, how)
    }

    /// Until when the restored cluster is paid.
    fn stays(&self) -> String {
        let kept = self.request.keep.restored.as_ref();
        kept.map_or("deleted".into(), |kept| format!("{kept} after"))
    }

    fn storage(&self) -> CostLine {
        if self.plan.facts.kind == SourceKind::Clone {
            let how = "a clone pays only for what changes after it".to_owned();
            return Self::daily("cluster storage", Ok(Decimal::ZERO), &self.stays(), how);
        }
        let price = self.in_region(&self.request.target.region);
        let price = price.map(|p| a_day_of(p.storage_gib_month * self.gib()));
        let how = format!("{} GiB of Aurora Standard", self.gib());
        Self::daily("cluster storage", price, &self.stays(), how)
    }

    fn instances(&self, spec: &InstanceSpec) -> CostLine {
        let count = Decimal::from(spec.count);
        let what = format!("{} x {}", spec.count, spec.class);
        let prices = self.in_region(&self.request.target.region);
        let capacity = self.plan.settings.cluster.serverless.as_ref();
        let (hour, how) = match capacity.filter(|_| spec.class == "db.serverless") {
            Some(capacity) => {
                let most = Decimal::try_from(capacity.max_capacity).unwrap_or_default();
                let how = format!("at most {most} capacity units all day; down to what it uses");
                (prices.map(|p| p.acu_hour * most), how)
            }
            None => {
                let price = prices.and_then(|p| {
                    let known = p.instance_hour.get(&spec.class).copied();
                    known.ok_or_else(|| format!("no price is known for {}", spec.class))
                });
                (price, "on demand".to_owned())
            }
        };
        let price = hour.map(|hour| hour * count * Decimal::from(HOURS_PER_DAY));
        Self::daily(what, price, &self.stays(), how)
    }

    fn replaced(&self) -> CostLine {
        let kept = self.request.keep.replaced_words();
        let why = "as much as it costs today".to_owned();
        Self::daily("the replaced cluster", Err(why), &format!("{kept} after"), String::new())
    }

    fn control_plane(&self, home: &RegionName) -> CostLine {
        let Units { queue_requests, write_units, read_units } = Units::of(self.request, self.plan);
        let price = self.in_region(home).map(|p| {
            let all = p.million_queue_requests * Decimal::from(queue_requests)
                + p.million_write_units * Decimal::from(write_units)
                + p.million_read_units * Decimal::from(read_units);
            all / Decimal::from(1_000_000)
        });
        let how = format!(
            "{queue_requests} requests, {write_units} write units and {read_units} read units, if nothing goes wrong"
        );
        Self::once("table and queues", price, how)
    }
}

/// A part of the cost; where no price is known, why is how.
fn line(what: String, price: Price, paid: Paid, until: Option<String>, how: String) -> CostLine {
    let (usd, how) = match price {
        Ok(usd) => (Some(usd.normalize()), how),
        Err(why) => (None, why),
    };
    CostLine { what, usd, paid, until, how }
}

fn a_day_of(a_month: Decimal) -> Decimal {
    a_month * Decimal::from(HOURS_PER_DAY) / Decimal::from(HOURS_PER_MONTH)
}

#[cfg(test)]
mod tests;
