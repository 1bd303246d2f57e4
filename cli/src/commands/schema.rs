//! `drawbridge schema`

use drawbridge_domain::subscription::json_schema;

use super::Done;

pub fn run() -> Done {
    format!("{:#}\n", json_schema()).into()
}
