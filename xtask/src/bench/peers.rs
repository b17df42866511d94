//! Python libraries that do the same job.

mod environment;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{facts, limited};
use crate::process::Step;
use crate::workspace::Workspace;

/// Our own median, and what is known of the result.
#[derive(Debug, PartialEq)]
pub(super) struct Own {
    pub(super) seconds: f64,
    pub(super) facts: String,
}

/// A peer's answer to one of our benchmarks.
#[derive(Debug, PartialEq)]
pub(super) struct Peer {
    pub(super) case: String,
    pub(super) name: String,
    /// None from a library that is not there, which it then says in the place of its facts.
    pub(super) seconds: Option<f64>,
    pub(super) facts: String,
}

/// Our own medians and facts by benchmark id, without those of peers that are measured with them: ids `case by peer`.
pub(super) fn in_rust(
    times: BTreeMap<String, f64>,
    mut facts: BTreeMap<String, String>,
) -> (BTreeMap<String, Own>, Vec<Peer>) {
    let (mut ours, mut peers) = (BTreeMap::new(), Vec::new());
    for (id, seconds) in times {
        let facts = facts.remove(&id).unwrap_or_default();
        match id.split_once(" by ") {
            Some((case, name)) => {
                peers.push(Peer { case: case.to_owned(), name: name.to_owned(), seconds: Some(seconds), facts });
            }
            None => drop(ours.insert(id, Own { seconds, facts })),
        }
    }
    (ours, peers)
}

/// Runs the script beside each benchmark that has one.
pub(super) fn measure(workspace: &Workspace, names: &[String], threads: NonZeroUsize) -> Result<Vec<Peer>> {
    // Not `ot.py`: a script's folder comes first where Python looks for modules, and POT is imported as `ot`.
    let script = |name: &String| Path::new("benches/peers").join(format!("peer_{name}.py"));
    let scripts: Vec<PathBuf> = names.iter().map(script).filter(|path| workspace.root.join(path).exists()).collect();
    let python = environment::prepare(workspace, names)?;
    let mut peers = Vec::new();
    for script in scripts {
        limited(Step::new(&python, &workspace.root).arg(&script), Some(threads)).lines(|line| {
            let peer = parse(line).with_context(|| format!("{} printed `{line}`", script.display()))?;
            println!("  {}  {}", peer.case, peer.name);
            peers.push(peer);
            Ok(())
        })?;
    }
    Ok(peers)
}

fn parse(line: &str) -> Option<Peer> {
    let object: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| Some(object.get(name)?.as_str()?.to_owned());
    let missing = text("missing").map(|reason| format!("not there: {reason}"));
    let seconds = object.get("seconds").and_then(Value::as_f64);
    if seconds.is_none() && missing.is_none() {
        return None;
    }
    Some(Peer { case: text("case")?, name: text("peer")?, seconds, facts: missing.unwrap_or(facts::describe(&object)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_peer_is_read() {
        let expected = |seconds, facts: &str| {
            Some(Peer { case: "ot/exact/128x2".into(), name: "SciPy 1.0".into(), seconds, facts: facts.into() })
        };
        let peer = parse(r#"{"case": "ot/exact/128x2", "peer": "SciPy 1.0", "seconds": 0.5, "nfe": 68.0}"#);
        assert_eq!(peer, expected(Some(0.5), "68 nfe"));
        let missing = parse(r#"{"case": "ot/exact/128x2", "peer": "SciPy 1.0", "missing": "no module"}"#);
        assert_eq!(missing, expected(None, "not there: no module"));
    }

    #[test]
    fn peers_in_rust_are_told_from_ours_by_their_ids() {
        let times = BTreeMap::from([("a/b".to_owned(), 1.0), ("a/b by other 1.0".to_owned(), 2.0)]);
        let facts = BTreeMap::from([("a/b by other 1.0".to_owned(), "81 nfe".to_owned())]);
        let (ours, peers) = in_rust(times, facts);
        assert_eq!(ours, BTreeMap::from([("a/b".to_owned(), Own { seconds: 1.0, facts: String::new() })]));
        let peer = Peer { case: "a/b".into(), name: "other 1.0".into(), seconds: Some(2.0), facts: "81 nfe".into() };
        assert_eq!(peers, [peer]);
    }

    #[test]
    fn anything_else_is_none() {
        assert_eq!(parse("warning: slow"), None);
        assert_eq!(parse(r#"{"case": 1}"#), None);
    }
}
