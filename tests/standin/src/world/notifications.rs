//! Connection notifications of Interface endpoints.

use serde::Serialize;

/// Who is told of what happens to an endpoint. It has no tags, and whether it goes with its endpoint is documented nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notification {
    /// `vpce-nfn-…`.
    pub id: String,
    /// The account that it is in.
    pub account: String,
    /// The Region that it is in.
    pub region: String,
    /// The endpoint.
    pub endpoint: String,
    /// The SNS topic's ARN.
    pub topic: String,
    /// `Accept`, `Connect`, `Delete`, `Reject`.
    pub events: Vec<String>,
}
