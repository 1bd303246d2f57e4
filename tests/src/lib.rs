//! What the contract tests read: the real state machines, the real template, the real samples.
//!
//! Nothing here is a copy of what is tested. A test that fails names the file and the place in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, reason = "this package is tests only")]

pub mod machine;
pub mod template;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The repository's root.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the repository")
}

/// A file's text; `path` is relative to the repository's root.
#[must_use]
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A JSON file; `path` is relative to the repository's root.
#[must_use]
pub fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A list of texts, or one text alone, as IAM and ASL both allow.
#[must_use]
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().map(|v| v.as_str().unwrap_or_else(|| panic!("{v} is no text"))).collect(),
        other => panic!("{other} is neither a text nor a list of texts"),
    }
}

/// Every file under `dir` that is part of the project: what tools make and fetch is left out.
#[must_use]
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || matches!(name.as_str(), "target" | "build" | "__pycache__") {
            continue;
        }
        let is_ours = !name.starts_with('.') || matches!(name.as_str(), ".github" | ".ci" | ".gitignore");
        if path.is_dir() && is_ours {
            found.extend(files(&path));
        } else if path.is_file() && is_ours {
            found.push(path);
        }
    }
    found
}
