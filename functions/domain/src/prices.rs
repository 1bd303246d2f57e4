//! What a connection costs while it stands, from `functions/domain/prices/list.json`. What is not
//! known is said to be unknown: a price is never guessed from another Region's.

use std::fmt;
use std::ops::AddAssign;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::subscription::Kind;

/// AWS's list prices, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Prices {
    /// The day by which they were known.
    pub as_of: String,
    /// As AWS counts a month.
    pub hours_per_month: u64,
    /// One for each kind and Region.
    pub prices: Vec<Price>,
}

/// One price.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of what.
    pub kind: Kind,
    /// Where; `*` is everywhere.
    pub region: String,
    /// In millionths of a US dollar.
    pub micro_usd_per_hour: u64,
    /// For each of what.
    pub per: Per,
    /// Where it stands.
    pub source: String,
}

/// What a price is for one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// The endpoint, or the association.
    Endpoint,
    /// Each Availability Zone that the endpoint stands in.
    Zone,
}

/// US dollars per month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// Whole dollars.
    #[must_use]
    pub const fn dollars(dollars: u32) -> Self {
        Self(dollars as u64 * 1_000_000)
    }
}

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// To the cent, rounded up: what is said to be enough must be.
impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.div_ceil(10_000);
        write!(f, "{}.{:02} USD", cents / 100, cents % 100)
    }
}

static LIST: LazyLock<Prices> = LazyLock::new(built_in);

#[allow(clippy::expect_used, reason = "the text is part of the binary, and a test reads it")]
fn built_in() -> Prices {
    serde_json::from_str(include_str!("../prices/list.json")).expect("the built-in prices are valid")
}

/// The prices that this Drawbridge knows.
#[must_use]
pub fn list() -> &'static Prices {
    &LIST
}

impl Prices {
    /// What one connection costs per month, traffic apart. `zones`: in how many Availability Zones it
    /// stands, if that is known.
    ///
    /// # Errors
    /// Why that is not known, as a sentence.
    pub fn per_month(&self, kind: Kind, region: &str, zones: Option<usize>) -> Result<MicroUsd, String> {
        let of = |price: &&Price| price.kind == kind && (price.region == region || price.region == "*");
        let price = self.prices.iter().find(of).ok_or_else(|| {
            format!("the price of a {} in {region} is not known to this Drawbridge ({})", kind.as_str(), self.as_of)
        })?;
        let times = match (price.per, zones) {
            (Per::Endpoint, _) => 1,
            (Per::Zone, Some(zones)) => u64::try_from(zones).unwrap_or(u64::MAX),
            (Per::Zone, None) => return Err("it costs per Availability Zone, and how many is not known yet".to_owned()),
        };
        Ok(MicroUsd(price.micro_usd_per_hour.saturating_mul(self.hours_per_month).saturating_mul(times)))
    }

    /// Where the price stands.
    #[must_use]
    pub fn source(&self, kind: Kind, region: &str) -> Option<&str> {
        let of = |price: &&Price| price.kind == kind && (price.region == region || price.region == "*");
        self.prices.iter().find(of).map(|price| price.source.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_list_can_be_read_and_every_price_has_its_source() {
        let prices = list();
        assert!(prices.as_of.parse::<jiff::civil::Date>().is_ok());
        for price in &prices.prices {
            assert!(price.source.len() > 10, "{price:?}");
            let same = prices.prices.iter().filter(|other| other.kind == price.kind && other.region == price.region);
            assert_eq!(same.count(), 1, "{price:?}");
        }
        for kind in Kind::ALL {
            assert!(prices.source(*kind, "us-east-1").is_some(), "{kind:?}");
        }
    }

    #[test]
    fn what_a_month_costs() {
        let cost = |kind, region, zones| list().per_month(kind, region, zones);
        for (kind, region, zones, text) in [
            (Kind::ResourceEndpoint, "us-east-1", None, "14.60 USD"),
            (Kind::ResourceEndpoint, "ap-northeast-1", Some(3), "20.44 USD"),
            (Kind::ServiceNetworkResource, "us-east-1", None, "73.00 USD"),
            (Kind::InterfaceEndpoint, "us-east-1", Some(3), "21.90 USD"),
            (Kind::GatewayEndpoint, "eu-west-1", None, "0.00 USD"),
            (Kind::ServiceNetworkEndpoint, "eu-west-1", None, "0.00 USD"),
        ] {
            assert_eq!(cost(kind, region, zones).unwrap().to_string(), text, "{kind:?}");
        }
        let unknown = cost(Kind::ResourceEndpoint, "eu-west-1", None).unwrap_err();
        assert!(unknown.contains("a resource-endpoint in eu-west-1 is not known"), "{unknown}");
        assert!(cost(Kind::InterfaceEndpoint, "us-east-1", None).is_err(), "per zone, and nobody knows how many");
        assert_eq!(MicroUsd(1).to_string(), "0.01 USD");
    }
}
