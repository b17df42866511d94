//! `bench`: measure and print, never assert. A threshold on someone else's machine is a failure waiting for a busy day.
//!
//! With `--peers` both sides run on one thread and one table shows the ratios.

mod estimates;
mod peers;
mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process::Step;
use crate::workspace::Workspace;

/// What the numerical libraries of both sides read to know how many threads they may use.
const THREADS: [&str; 5] =
    ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"];

pub(crate) fn run(workspace: &Workspace, name: Option<&str>, with_peers: bool) -> Result<()> {
    let names = match name {
        Some(name) => vec![known(workspace, name)?],
        None => all(workspace)?,
    };
    let results = workspace.target().join("criterion");
    for name in &names {
        let cargo = Step::cargo(&workspace.root).words("bench -p fm-benches --bench").arg(name);
        // A relative CARGO_TARGET_DIR means another folder to criterion, which runs inside benches/.
        one_thread(cargo.env("CRITERION_HOME", &results), with_peers).run()?;
    }
    if with_peers {
        let ours = estimates::read(&results)?;
        let theirs = peers::measure(workspace, &names)?;
        println!("\n{}\n\n{}", machine(), table::render(&ours, &theirs));
    }
    Ok(())
}

fn one_thread(step: Step, yes: bool) -> Step {
    if yes { THREADS.iter().fold(step, |step, variable| step.env(variable, "1")) } else { step }
}

fn all(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("benches/benches");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn known(workspace: &Workspace, name: &str) -> Result<String> {
    let names = all(workspace)?;
    ensure!(names.iter().any(|known| known == name), "there is no benchmark `{name}`; known are {}", names.join(", "));
    Ok(name.to_owned())
}

/// The line that makes a table worth keeping.
fn machine() -> String {
    let text = fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = model.map_or("unknown processor", |(_, name)| name);
    format!("one thread of {processor}, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}
