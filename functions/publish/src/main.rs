//! Publish.
fn main() {}
