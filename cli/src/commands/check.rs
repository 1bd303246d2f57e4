//! `drawbridge check FILE`

use super::{Done, read};
use crate::args::Document;
use crate::failure::Failure;
use crate::render::{self, Screen};

pub fn run(document: &Document, screen: &Screen) -> Result<Done, Failure> {
    let (subscription, name) = read(document)?;
    let meaning = render::subscription(&subscription, screen);
    Ok(format!("{meaning}\n{name} is valid.\n").into())
}
