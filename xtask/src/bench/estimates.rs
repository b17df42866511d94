//! Our own times, as criterion leaves them: `<id>/new/benchmark.json` and `estimates.json` beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde_json::Value;

/// Median seconds by benchmark id, of the files `names` that were measured since `began`: the folder keeps older ones.
pub(super) fn read(folder: &Path, names: &[String], began: SystemTime) -> Result<BTreeMap<String, f64>> {
    let mut found = BTreeMap::new();
    for name in names {
        collect(&folder.join(name), began, &mut found)?;
    }
    Ok(found)
}

fn collect(folder: &Path, began: SystemTime, found: &mut BTreeMap<String, f64>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let benchmark = path.join("benchmark.json");
        if benchmark.exists() {
            // `base` holds the run before; ours is `new`.
            if path.ends_with("new") && fs::metadata(benchmark)?.modified()? >= began {
                let json =
                    |name: &str| -> Result<Value> { Ok(serde_json::from_str(&fs::read_to_string(path.join(name))?)?) };
                let entry = estimate(&json("benchmark.json")?, &json("estimates.json")?);
                let (id, seconds) =
                    entry.with_context(|| format!("{} is not as criterion writes it", path.display()))?;
                found.insert(id, seconds);
            }
        } else {
            collect(&path, began, found)?;
        }
    }
    Ok(())
}

fn estimate(benchmark: &Value, estimates: &Value) -> Option<(String, f64)> {
    let id = benchmark.get("full_id")?.as_str()?.to_owned();
    let nanoseconds = estimates.get("median")?.get("point_estimate")?.as_f64()?;
    Some((id, nanoseconds * 1e-9))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_median_is_in_seconds() {
        let found = estimate(&json!({"full_id": "ot/exact/128x2"}), &json!({"median": {"point_estimate": 2.5e6}}));
        assert_eq!(found, Some(("ot/exact/128x2".to_owned(), 2.5e-3)));
    }
}
