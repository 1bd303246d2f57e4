//! What a subscription allows at most, before a person has to say yes.
//!
//! Of a share all is held, or nothing: [`exceeded`]. Of what subscriptions ask for by themselves each is made as long as there
//! is room, and the others are held until there is: [`allot`].

mod endpoints;

use crate::prices::{self, MicroUsd};
use crate::subscription::{Kind, Subscription};

pub use endpoints::{Asked, allot, approve};

/// Why a share that makes these connections for a subscription needs a person; none if it does not.
#[must_use]
pub fn exceeded(subscription: &Subscription, kinds: &[Kind], region: &str) -> Option<String> {
    let (limits, wants) = (&subscription.limits, kinds.len());
    if let Some(limit) = limits.connections_per_share.filter(|limit| wants > *limit as usize) {
        return Some(format!("it would make {wants} connections, its limits.connections_per_share is {limit}"));
    }
    let limit = limits.monthly_cost_per_share?;
    let mut cost = MicroUsd::default();
    for kind in kinds {
        // Nobody can say that an unknown price is within a limit.
        match prices::list().per_month(*kind, region, None) {
            Ok(more) => cost += more,
            Err(unknown) => {
                return Some(format!(
                    "whether it would cost more than its limits.monthly_cost_per_share, {limit} USD, can't be told: {unknown}"
                ));
            }
        }
    }
    (cost > MicroUsd::dollars(limit)).then(|| {
        format!(
            "its {wants} connections would cost {cost} per month besides traffic, its limits.monthly_cost_per_share is \
             {limit} USD"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::subscription::Limits;
    use crate::testing::subscription;

    fn limited(connections: Option<u32>, cost: Option<u32>) -> Subscription {
        let limits = Limits { connections_per_share: connections, monthly_cost_per_share: cost, ..Limits::default() };
        Subscription { limits, ..subscription("a") }
    }

    #[test]
    fn a_limit_is_exceeded_by_more_than_it_says() {
        let two = [Kind::ResourceEndpoint, Kind::ServiceNetworkResource];
        let told = |connections, cost, region| exceeded(&limited(connections, cost), &two, region);
        assert_eq!(told(None, None, "us-east-1"), None);
        assert_eq!(told(Some(2), Some(88), "us-east-1"), None);
        let one = [Kind::ServiceNetworkResource];
        assert_eq!(exceeded(&limited(None, Some(73)), &one, "us-east-1"), None, "73.00 USD is not more");
        let many = told(Some(1), Some(1), "us-east-1").unwrap();
        assert_eq!(many, "it would make 2 connections, its limits.connections_per_share is 1");
        let dear = told(Some(2), Some(87), "us-east-1").unwrap();
        assert!(dear.contains("would cost 87.60 USD per month") && dear.contains("is 87 USD"), "{dear}");
    }

    #[test]
    fn what_an_unknown_price_adds_up_to_is_a_question_to_a_person() {
        let unknown = exceeded(&limited(None, Some(10_000)), &[Kind::ResourceEndpoint], "eu-west-1").unwrap();
        assert!(unknown.contains("can't be told") && unknown.contains("eu-west-1"), "{unknown}");
        assert_eq!(exceeded(&limited(None, Some(1)), &[Kind::ServiceNetworkEndpoint], "eu-west-1"), None, "free");
        assert_eq!(exceeded(&limited(None, Some(1)), &[], "eu-west-1"), None);
    }
}
