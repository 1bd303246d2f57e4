//! For how long what is connected can be used after its owner stopped sharing it.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::ids::InvalidId;

/// A grace period, as it is written: `45m`, `72h` or `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grace {
    count: u16,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minutes,
    Hours,
    Days,
}

impl Unit {
    const fn letter(self) -> char {
        match self {
            Self::Minutes => 'm',
            Self::Hours => 'h',
            Self::Days => 'd',
        }
    }

    const fn minutes(self) -> i64 {
        match self {
            Self::Minutes => 1,
            Self::Hours => 60,
            Self::Days => 24 * 60,
        }
    }
}

impl Grace {
    /// What a period looks like.
    pub const EXPECTED: &'static str = "a time from 5m to 30d, in minutes, hours or days, like 45m, 72h or 7d";
    /// As a pattern.
    pub const PATTERN: &'static str =
        "^(([5-9]|[1-9][0-9]{1,3})m|([1-9][0-9]?|[1-6][0-9]{2}|7[01][0-9]|720)h|([1-9]|[12][0-9]|30)d)$";
    /// Less than a sweep's distance would mean nothing.
    const LEAST_MINUTES: i64 = 5;
    /// The state machine `disconnect` waits no longer.
    const MOST_MINUTES: i64 = 30 * 24 * 60;

    /// Checks.
    ///
    /// # Errors
    /// If it is none, shorter than 5 minutes or longer than 30 days.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        Self::read(&text).ok_or(InvalidId { seen: text, expected: Self::EXPECTED })
    }

    fn read(text: &str) -> Option<Self> {
        let unit = [Unit::Minutes, Unit::Hours, Unit::Days].into_iter().find(|unit| text.ends_with(unit.letter()))?;
        let digits = text.strip_suffix(unit.letter())?;
        let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        let count: u16 = digits.parse().ok().filter(|_| plain && !digits.starts_with('0'))?;
        let minutes = i64::from(count) * unit.minutes();
        (Self::LEAST_MINUTES..=Self::MOST_MINUTES).contains(&minutes).then_some(Self { count, unit })
    }

    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> SignedDuration {
        SignedDuration::from_mins(self.count as i64 * self.unit.minutes())
    }
}

impl fmt::Display for Grace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.letter())
    }
}

impl TryFrom<String> for Grace {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl From<Grace> for String {
    fn from(grace: Grace) -> Self {
        grace.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_from_five_minutes_to_thirty_days() {
        for (text, minutes) in
            [("5m", 5), ("45m", 45), ("9999m", 9999), ("1h", 60), ("720h", 43_200), ("1d", 1440), ("30d", 43_200)]
        {
            let grace = Grace::parse(text).ok();
            assert_eq!(grace.map(Grace::duration), Some(SignedDuration::from_mins(minutes)), "{text}");
            assert_eq!(grace.map(|grace| grace.to_string()).as_deref(), Some(text), "as it was written");
        }
        for bad in [
            "", "m", "4m", "0h", "05m", "+5m", "-5m", "5", "5 m", "5M", "5s", "1w", "721h", "31d", "43201m", "99999m",
            "1.5h", "1h30m", "٥m",
        ] {
            assert!(Grace::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_pattern_says_the_same() {
        let pattern = regex_lite::Regex::new(Grace::PATTERN).ok();
        for count in 0..=10_000 {
            for text in ['m', 'h', 'd'].map(|unit| format!("{count}{unit}")) {
                let matches = pattern.as_ref().map(|pattern| pattern.is_match(&text));
                assert_eq!(matches, Some(Grace::parse(text.as_str()).is_ok()), "{text}");
            }
        }
    }
}
