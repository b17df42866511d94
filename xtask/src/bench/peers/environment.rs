//! A virtual environment of pinned versions, with no more in it than the benchmarks of a run need: torch alone is a hundred
//! times as large as all that `ot` compares with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::Step;
use crate::workspace::Workspace;

const REQUIREMENTS: &str = "benches/peers/requirements.txt";

/// The interpreter of an environment that holds what these benchmarks need; made anew when a version that it holds changes.
pub(super) fn prepare(workspace: &Workspace, names: &[String]) -> Result<PathBuf> {
    let folder = workspace.target().join("peers-venv");
    let python = folder.join("bin/python");
    let listed = fs::read_to_string(workspace.root.join(REQUIREMENTS)).context("the list of peers")?;
    let known: Vec<&str> = pins(&listed).map(|(pin, _)| pin).collect();
    // A line is written when its installation is over, so that an interrupted one is not taken for finished.
    let stamp = folder.join("installed.txt");
    let mut installed: Vec<String> =
        fs::read_to_string(&stamp).map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default();
    if installed.is_empty() || installed.iter().any(|pin| !known.contains(&pin.as_str())) {
        Step::new("python3", &workspace.root).words("-m venv --clear").arg(&folder).run()?;
        installed.clear();
    }
    let missing: Vec<&str> =
        needed(&listed, names).into_iter().filter(|pin| !installed.iter().any(|i| i == pin)).collect();
    if missing.is_empty() {
        return Ok(python);
    }
    let install = |pins: &[&str]| {
        let pip = Step::new(&python, &workspace.root).words("-m pip install --quiet --constraint").arg(REQUIREMENTS);
        pins.iter().fold(pip, Step::arg).run()
    };
    if install(&missing).is_ok() {
        installed.extend(missing.into_iter().map(str::to_owned));
    } else {
        // Those that can be had; a script names the others in its lines, and the next run tries again.
        for pin in missing {
            match install(&[pin]) {
                Ok(()) => installed.push(pin.to_owned()),
                Err(error) => println!("note: {pin} is not there to compare with: {error:#}"),
            }
        }
    }
    fs::write(&stamp, installed.join("\n")).with_context(|| format!("cannot write {}", Path::new(&stamp).display()))?;
    Ok(python)
}

/// Each pinned version with the benchmarks that need it.
fn pins(listed: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = listed.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('#')).map(|(pin, benchmarks)| (pin.trim(), benchmarks))
}

/// The versions that benchmarks of these names need; `solvers_tensors` needs what `solvers` does.
fn needed<'a>(listed: &'a str, names: &[String]) -> Vec<&'a str> {
    let base = |name: &String| name.strip_suffix(crate::bench::TENSORS).unwrap_or(name).to_owned();
    let names: Vec<String> = names.iter().map(base).collect();
    let wanted = |benchmarks: &str| benchmarks.split_whitespace().any(|name| names.iter().any(|n| n == name));
    pins(listed).filter(|(_, benchmarks)| wanted(benchmarks)).map(|(pin, _)| pin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "# a header that names ot\nnumpy==2.0  # ot solvers\nPOT==0.9 # ot\ntorch==2.11.0 # solvers\n";

    #[test]
    fn a_benchmark_needs_its_own_libraries_only() {
        assert_eq!(needed(LISTED, &["ot".to_owned()]), ["numpy==2.0", "POT==0.9"]);
        assert_eq!(needed(LISTED, &["solvers_tensors".to_owned()]), ["numpy==2.0", "torch==2.11.0"]);
        assert_eq!(needed(LISTED, &["ot".to_owned(), "solvers".to_owned()]).len(), 3);
    }

    #[test]
    fn every_library_of_the_list_is_needed_by_a_benchmark() {
        let listed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(REQUIREMENTS)).unwrap();
        let lines = listed.lines().filter(|line| !line.starts_with('#')).count();
        let names = ["ot", "paths", "solvers"].map(str::to_owned);
        assert_eq!(needed(&listed, &names).len(), lines);
    }
}
