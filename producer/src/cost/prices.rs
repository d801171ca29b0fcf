//! The table of prices: a data file with its date and source; a file of one's own wins over it.

use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

const OWN: &str = include_str!("../../data/prices.json");

/// List prices by Region, US dollars.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// Version of this format: 1.
    pub version: u32,
    /// When the prices were written down.
    pub noted: String,
    /// When somebody has compared them with AWS's pages; none: nobody has.
    #[serde(default)]
    pub checked: Option<String>,
    /// Where they are from.
    pub source: String,
    /// By Region.
    pub regions: BTreeMap<String, RegionPrices>,
}

/// List prices of one Region, US dollars.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionPrices {
    /// A GiB of Aurora Standard storage for a month.
    pub storage_gib_month: Decimal,
    /// A GiB of snapshots for a month.
    pub snapshot_gib_month: Decimal,
    /// A GiB that leaves the Region for another one.
    pub transfer_out_gib: Decimal,
    /// A capacity unit of Serverless v2 for an hour.
    pub acu_hour: Decimal,
    /// A million requests of SQS FIFO queues.
    pub million_queue_requests: Decimal,
    /// A million write units of DynamoDB on demand.
    pub million_write_units: Decimal,
    /// A million read units of DynamoDB on demand.
    pub million_read_units: Decimal,
    /// An instance for an hour, by its class.
    pub instance_hour: BTreeMap<String, Decimal>,
}

/// A file that is no table of prices.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PricesError(String);

impl PriceTable {
    /// The one that comes with this release.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn own() -> Self {
        Self::parse(OWN).expect("the table of this release is one")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no table of prices: what is wrong, and where.
    pub fn read(file: &Path) -> Result<Self, PricesError> {
        let text = std::fs::read_to_string(file).map_err(|e| PricesError(e.to_string()))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, PricesError> {
        let table: Self = serde_json::from_str(text).map_err(|e| PricesError(e.to_string()))?;
        if table.version != 1 {
            return Err(PricesError(format!("version is {}; this release reads 1", table.version)));
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_this_release_has_a_date_and_a_source() {
        let own = PriceTable::own();
        let is_date = |text: &String| text.parse::<jiff::civil::Date>().is_ok();
        assert!(is_date(&own.noted) && own.checked.as_ref().is_none_or(is_date));
        assert!(own.source.contains("https://aws.amazon.com/"));
        assert!(own.regions["us-east-1"].instance_hour.len() > 10);
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_place() {
        let unknown = OWN.replace("\"acu_hour\"", "\"acu_minute\"");
        let error = PriceTable::parse(&unknown).unwrap_err().to_string();
        assert!(error.contains("acu_minute") && error.contains("line"), "{error}");
        let newer = OWN.replace("\"version\": 1", "\"version\": 2");
        assert!(PriceTable::parse(&newer).is_err());
    }
}
