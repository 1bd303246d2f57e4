//! What people read: pure functions from what the ledger holds to text.

mod connection;
mod listing;
mod outlook;
mod round;
#[cfg(test)]
pub mod samples;
mod screen;
mod share;
mod subscription;
mod withdrawal;

use drawbridge_domain::fault::FaultRecord;
use drawbridge_domain::waiting::Wait;
use drawbridge_ledger::Entry;
use jiff::{SignedDuration, Timestamp};

pub use connection::connection;
pub use listing::listing;
pub use outlook::{outlook, outlook_document};
pub use round::round;
pub use screen::Screen;
pub use share::share;
pub use subscription::subscription;
pub use withdrawal::withdrawal;

use screen::Colour;

/// An instant, to the second.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago an instant was (or how far ahead it is), in its two largest units.
fn distance(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(from).as_secs().unsigned_abs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let Some(largest) = units.iter().position(|(size, _)| seconds >= *size) else { return "0 s".to_owned() };
    let mut rest = seconds;
    let mut words = Vec::new();
    for (size, unit) in &units[largest..units.len().min(largest + 2)] {
        if rest / size > 0 {
            words.push(format!("{} {unit}", rest / size));
        }
        rest %= size;
    }
    words.join(" ")
}

/// An instant and how long ago it was, or how far ahead it is.
fn time_and_distance(at: Timestamp, now: Timestamp) -> String {
    if at <= now {
        format!("{} ({} ago)", time(at), distance(at, now))
    } else {
        format!("{} (in {})", time(at), distance(at, now))
    }
}

/// Who is waited for and until when, in a word beside the status.
fn waits(wait: &Wait) -> String {
    // Who may take longer than a day is shown the day.
    let day = wait.until.duration_since(wait.since) > SignedDuration::from_hours(12);
    let until = wait.until.strftime(if day { "%F %H:%M UTC" } else { "%H:%M UTC" });
    format!("waits for {} until {until}", wait.who)
}

/// The page of an execution in the AWS console.
fn console(execution: &str) -> Option<String> {
    let mut parts = execution.split(':');
    let (partition, region) = (parts.nth(1)?, parts.nth(1)?);
    let domain = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    Some(format!("https://{region}.{domain}/states/home?region={region}#/v2/executions/details/{execution}"))
}

/// Lines of a label and a text, aligned. A label is at most nine characters long.
struct Facts(String);

impl Facts {
    fn new(head: String) -> Self {
        Self(head + "\n")
    }

    fn add(&mut self, label: &str, text: &str) {
        for (number, line) in text.lines().enumerate() {
            let label = if number == 0 { label } else { "" };
            self.0.push_str(format!("  {label:<9}  {line}").trim_end());
            self.0.push('\n');
        }
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn execution(&mut self, execution: Option<&str>) {
        let Some(execution) = execution else { return self.add("execution", "none yet") };
        self.add("execution", execution);
        if let Some(page) = console(execution) {
            self.add("", &page);
        }
    }

    fn fault(&mut self, fault: Option<&FaultRecord>, screen: &Screen) {
        let Some(fault) = fault else { return };
        self.add("fault", &format!("{}: {}", screen.paint(&fault.name, Colour::Bad), fault.message));
        self.add("way out", fault.remedy());
    }

    fn wait(&mut self, wait: &Wait, by_a_run: bool, now: Timestamp) {
        self.add("waits for", &format!("{}, {}", wait.who, wait.what));
        self.add("", &format!("since {}", time_and_distance(wait.since, now)));
        if by_a_run {
            self.add("", &format!("until {}", time_and_distance(wait.until, now)));
        }
    }

    fn section(&mut self, title: &str, body: &str, screen: &Screen) {
        self.0 += &["\n", &screen.bold(title), "\n", body].concat();
    }
}

/// An audit trail, newest last.
fn audit(trail: &[Entry], screen: &Screen) -> String {
    if trail.is_empty() {
        return "  empty: entries are kept for 400 days\n".to_owned();
    }
    let mut table = screen.table(&["WHEN", "WHO", "WHAT", "THEN"]);
    for line in trail {
        table.add_row([time(line.entry.at), line.entry.by.clone(), line.entry.what.clone(), line.status.clone()]);
    }
    screen.text(&table)
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_wait_that_takes_longer_than_half_a_day_has_its_day() {
        let wait = samples::waiting_connection().wait.unwrap();
        assert_eq!(waits(&wait), "waits for the owner of com.example.orders until 12:20 UTC");
        let until = wait.since.checked_add(SignedDuration::from_hours(72)).unwrap();
        let long = waits(&Wait { until, ..wait });
        assert!(long.ends_with(&until.strftime("until %F %H:%M UTC").to_string()), "{long}");
    }

    #[test]
    fn a_distance_has_its_two_largest_units() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (at, words) in [
            ("2026-11-21T12:00:00Z", "0 s"),
            ("2026-11-21T11:59:15Z", "45 s"),
            ("2026-11-21T11:57:00Z", "3 min"),
            ("2026-11-21T11:56:59.5Z", "3 min"),
            ("2026-11-21T09:55:00Z", "2 h 5 min"),
            ("2026-11-18T07:55:00Z", "3 d 4 h"),
            ("2026-11-18T11:55:00Z", "3 d"),
            ("2026-11-21T13:30:00Z", "1 h 30 min"),
        ] {
            assert_eq!(distance(at.parse().unwrap(), now), words, "{at}");
        }
    }

    #[test]
    fn the_console_follows_the_partition() {
        let page = |arn: &str| console(arn);
        assert_eq!(
            page("arn:aws:states:eu-west-1:111122223333:execution:connect:x").unwrap(),
            "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:111122223333:execution:connect:x"
        );
        assert!(
            page("arn:aws-cn:states:cn-north-1:111122223333:execution:connect:x")
                .unwrap()
                .contains("console.amazonaws.cn")
        );
        assert_eq!(page("nonsense"), None);
    }
}
