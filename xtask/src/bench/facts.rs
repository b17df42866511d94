//! Evaluations and errors that belong to a time: of our benchmarks from the file that they write, of a peer from its line.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Where our benchmarks write theirs.
pub(super) const VARIABLE: &str = "FM_BENCH_FACTS";

/// Descriptions by benchmark id; none where no benchmark wrote any.
pub(super) fn read(file: &Path) -> Result<BTreeMap<String, String>> {
    let Ok(text) = fs::read_to_string(file) else { return Ok(BTreeMap::new()) };
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let object: Value = serde_json::from_str(line).with_context(|| format!("not a fact: `{line}`"))?;
        let case = object.get("case").and_then(Value::as_str).with_context(|| format!("no case in `{line}`"))?;
        found.insert(case.to_owned(), describe(&object));
    }
    Ok(found)
}

/// What a line says beside the time; empty if nothing.
pub(super) fn describe(object: &Value) -> String {
    let number = |name: &str| object.get(name).and_then(Value::as_f64);
    let Some(nfe) = number("nfe") else { return String::new() };
    match (number("median_error"), number("largest_error")) {
        (Some(median), Some(largest)) => format!("{nfe:.0} nfe, error {median:.1e}, largest {largest:.1e}"),
        _ => format!("{nfe:.0} nfe"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_are_told_where_they_are_known() {
        let line = json!({"nfe": 68.0, "median_error": 3.2e-5, "largest_error": 0.013});
        assert_eq!(describe(&line), "68 nfe, error 3.2e-5, largest 1.3e-2");
        assert_eq!(describe(&json!({"nfe": 100.0, "median_error": null})), "100 nfe");
        assert_eq!(describe(&json!({"seconds": 1.0})), "");
    }
}
