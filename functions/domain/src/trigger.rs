//! What woke Drawbridge up. Every event is only a wake-up: its body is opaque, the truth is read
//! back from the API. So all that is read of it is which kind it is.

use serde_json::Value;

use crate::announcement::SubscriptionChange;
use crate::fault::{Fault, FaultName};
use crate::share::FoundBy;

/// RAM's one direct event [AWS:eventbridge/ref/events-ref-ram].
pub const SHARING_STATE_CHANGE: &str = "Resource Sharing State Change";

/// What a trigger asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Look at everything.
    Wake(FoundBy),
    /// Not meant for Drawbridge; the text says why.
    Ignore(String),
}

/// Reads a trigger.
///
/// # Errors
/// `UndecodableInput` if it is neither an EventBridge event nor `{"trigger": …}`.
pub fn read(input: &Value) -> Result<Trigger, Fault> {
    let undecodable = |seen: &str| {
        FaultName::UndecodableInput.because(format!(
            "the input is {seen}; expected an EventBridge event (an object with a `detail-type`) or {{\"trigger\": \"sweep\" or \"manual\"}}"
        ))
    };
    let Value::Object(input) = input else {
        return Err(undecodable(kind_of(input)));
    };
    match (input.get("trigger"), input.get("detail-type")) {
        (Some(Value::String(trigger)), _) => match trigger.as_str() {
            "sweep" => Ok(Trigger::Wake(FoundBy::Sweep)),
            "manual" => Ok(Trigger::Wake(FoundBy::Manual)),
            other => Err(undecodable(&format!("an object whose `trigger` is `{}`", shorten(other)))),
        },
        (Some(other), _) => Err(undecodable(&format!("an object whose `trigger` is {}", kind_of(other)))),
        (None, Some(Value::String(detail_type))) => match detail_type.as_str() {
            // CloudTrail tells of AcceptResourceShareInvitation: an invitation accepted by hand.
            SHARING_STATE_CHANGE | "AWS API Call via CloudTrail" => Ok(Trigger::Wake(FoundBy::Event)),
            SubscriptionChange::DETAIL_TYPE => Ok(Trigger::Wake(FoundBy::Subscription)),
            "Scheduled Event" => Ok(Trigger::Wake(FoundBy::Sweep)),
            other => Ok(Trigger::Ignore(format!("`{}` is not an event that Drawbridge follows", shorten(other)))),
        },
        (None, Some(other)) => Err(undecodable(&format!("an object whose `detail-type` is {}", kind_of(other)))),
        (None, None) => Err(undecodable("an object without a `detail-type`")),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Hostile text must not fill the log.
fn shorten(text: &str) -> String {
    text.chars().take(80).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn knows_what_woke_it() {
        let wake = |value| read(&value).unwrap();
        assert_eq!(wake(json!({"trigger": "sweep"})), Trigger::Wake(FoundBy::Sweep));
        assert_eq!(wake(json!({"trigger": "manual"})), Trigger::Wake(FoundBy::Manual));
        assert_eq!(wake(json!({"detail-type": SHARING_STATE_CHANGE})), Trigger::Wake(FoundBy::Event));
        let applied = json!({"detail-type": SubscriptionChange::DETAIL_TYPE, "detail": {"subscription": "redis"}});
        assert_eq!(wake(applied), Trigger::Wake(FoundBy::Subscription));
        assert!(matches!(wake(json!({"detail-type": "EC2 Spot Instance Interruption"})), Trigger::Ignore(_)));
    }

    #[test]
    fn the_body_is_opaque() {
        for detail in [json!(null), json!([1]), json!("x"), json!({"event": {"deep": [[]]}})] {
            let event = json!({"detail-type": SHARING_STATE_CHANGE, "source": "aws.ram", "detail": detail, "new": 1});
            assert_eq!(read(&event), Ok(Trigger::Wake(FoundBy::Event)));
        }
    }

    #[test]
    fn what_is_no_event_is_named() {
        for bad in
            [json!(null), json!([]), json!({}), json!(1), json!("x"), json!({"detail-type": 5}), json!({"trigger": {}})]
        {
            assert_eq!(read(&bad).unwrap_err().name, FaultName::UndecodableInput, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".*") {
            let _ = read(&json!({ "detail-type": text }));
            let fault = read(&json!({ "trigger": text }));
            if let Err(fault) = fault {
                prop_assert!(fault.message.len() < 1000);
            }
        }
    }
}
