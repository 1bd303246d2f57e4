//! Metrics, as lines in `CloudWatch`'s embedded metric format: no call, no dependency, no cost when
//! nobody looks. Lambda's own error count is useless here, since a poll that is not ready yet is
//! an error to Lambda: alarms look at these instead.

use drawbridge_domain::FaultName;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Counts `value` of `metric` in the namespace `Drawbridge`, with these dimensions.
pub fn count(metric: &str, value: u64, dimensions: &[(&str, &str)], now: Timestamp) {
    println!("{}", line(metric, value, dimensions, now));
}

/// Counts a fault by its name: what the alarm and the dashboard look at.
pub fn count_fault(name: FaultName, now: Timestamp) {
    count("Fault", 1, &[("fault", name.as_str())], now);
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn line(metric: &str, value: u64, dimensions: &[(&str, &str)], now: Timestamp) -> Value {
    let names: Vec<_> = dimensions.iter().map(|(name, _)| *name).collect();
    let mut root: Map<String, Value> =
        dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    root.insert(metric.to_owned(), json!(value));
    root.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Drawbridge",
                "Dimensions": [names],
                "Metrics": [{"Name": metric, "Unit": "Count"}],
            }],
        }),
    );
    Value::Object(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_metric() {
        let line = line("Fault", 1, &[("fault", "AccessDenied")], Timestamp::UNIX_EPOCH);
        assert_eq!(line["Fault"], 1);
        assert_eq!(line["fault"], "AccessDenied");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["fault"]]));
        assert!(!line.to_string().contains('\n'));
    }
}
