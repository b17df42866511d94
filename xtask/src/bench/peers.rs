//! Python libraries that do the same job, in a virtual environment of pinned versions.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::limited;
use crate::process::Step;
use crate::workspace::Workspace;

/// A peer's answer to one of our benchmarks.
#[derive(Debug, PartialEq)]
pub(super) struct Peer {
    pub(super) case: String,
    pub(super) name: String,
    pub(super) seconds: f64,
}

/// Runs the script beside each benchmark that has one.
pub(super) fn measure(workspace: &Workspace, names: &[String], threads: NonZeroUsize) -> Result<Vec<Peer>> {
    let python = environment(workspace)?;
    let mut peers = Vec::new();
    for name in names {
        // Not `ot.py`: a script's folder comes first where Python looks for modules, and POT is imported as `ot`.
        let script = Path::new("benches/peers").join(format!("peer_{name}.py"));
        if workspace.root.join(&script).exists() {
            let output = limited(Step::new(&python, &workspace.root).arg(&script), Some(threads)).read()?;
            for line in output.lines() {
                peers.push(parse(line).with_context(|| format!("{} printed `{line}`", script.display()))?);
            }
        }
    }
    Ok(peers)
}

/// The interpreter of an environment that holds exactly `requirements.txt`; made anew when that file changes.
fn environment(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("peers-venv");
    let python = folder.join("bin/python");
    let requirements = Path::new("benches/peers/requirements.txt");
    let wanted = fs::read_to_string(workspace.root.join(requirements)).context("the list of peers")?;
    // Written last, so that an interrupted installation is not taken for a finished one.
    let stamp = folder.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    Step::new("python3", &workspace.root).words("-m venv --clear").arg(&folder).run()?;
    Step::new(&python, &workspace.root).words("-m pip install --quiet --requirement").arg(requirements).run()?;
    fs::write(stamp, wanted)?;
    Ok(python)
}

fn parse(line: &str) -> Option<Peer> {
    let object: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| Some(object.get(name)?.as_str()?.to_owned());
    Some(Peer { case: text("case")?, name: text("peer")?, seconds: object.get("seconds")?.as_f64()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_peer_is_read() {
        let peer = parse(r#"{"case": "ot/exact/128x2", "peer": "SciPy 1.0", "seconds": 0.5}"#);
        assert_eq!(peer, Some(Peer { case: "ot/exact/128x2".into(), name: "SciPy 1.0".into(), seconds: 0.5 }));
    }

    #[test]
    fn anything_else_is_none() {
        assert_eq!(parse("warning: slow"), None);
        assert_eq!(parse(r#"{"case": 1}"#), None);
    }
}
