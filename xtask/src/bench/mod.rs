//! `bench`: measure and print, never assert. A threshold on someone else's machine is a failure waiting for a busy day.
//!
//! With `--peers` both sides run on the same number of threads, one unless told otherwise, and one table shows the ratios.

mod estimates;
mod facts;
mod peers;
mod table;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::process::Step;
use crate::setup;
use crate::workspace::Workspace;

/// Files of benchmarks that link LibTorch end in this.
const TENSORS: &str = "_tensors";

/// What the numerical libraries of both sides read to know how many threads they may use.
const THREADS: [&str; 5] =
    ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"];

pub(crate) fn run(
    workspace: &Workspace,
    name: Option<&str>,
    with_peers: bool,
    threads: Option<NonZeroUsize>,
) -> Result<()> {
    let threads = threads.or(NonZeroUsize::new(1).filter(|_| with_peers));
    let names = match name {
        Some(name) => known(workspace, name)?,
        None => all(workspace)?,
    };
    let results = workspace.target().join("criterion");
    let (began, facts) = (SystemTime::now(), workspace.target().join("bench-facts.jsonl"));
    if facts.exists() {
        fs::remove_file(&facts)?;
    }
    for name in &names {
        let mut cargo = Step::cargo(&workspace.root).words("bench -p fm-benches --bench").arg(name);
        if name.ends_with(TENSORS) {
            let libtorch = setup::ensure(workspace, &setup::Request::default())?;
            cargo = cargo.words("--features tch").envs(libtorch.variables()).envs(libtorch.library_path());
        }
        if with_peers {
            cargo = cargo.env(facts::VARIABLE, &facts);
        }
        // A relative CARGO_TARGET_DIR means another folder to criterion, which runs inside benches/.
        limited(cargo.env("CRITERION_HOME", &results), threads).run()?;
    }
    if let (true, Some(threads)) = (with_peers, threads) {
        let (ours, in_rust) = peers::in_rust(estimates::read(&results, &names, began)?, facts::read(&facts)?);
        let mut theirs = in_rust;
        theirs.extend(peers::measure(workspace, &names, threads)?);
        println!("\n{}\n\n{}", machine(threads), table::render(&ours, &theirs));
    }
    Ok(())
}

/// Keeps glibc from handing memory back to the kernel at every release and taking it again at the next request, which takes
/// a small network up to half its time. Programs that use fm-nn do the same (`runtime.rs` there).
const KEPT_MEMORY: [(&str, &str); 2] =
    [("MALLOC_TRIM_THRESHOLD_", "1073741824"), ("MALLOC_MMAP_THRESHOLD_", "1073741824")];

/// The step with kept memory, on at most this many threads; on as many as there are, if none is given.
fn limited(step: Step, threads: Option<NonZeroUsize>) -> Step {
    let step = KEPT_MEMORY.iter().fold(step, |step, (variable, value)| step.env(variable, value));
    let Some(threads) = threads else { return step };
    THREADS.iter().fold(step, |step, variable| step.env(variable, threads.to_string()))
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

/// The benchmark of that name, and the one beside it that needs LibTorch.
fn known(workspace: &Workspace, name: &str) -> Result<Vec<String>> {
    let names = all(workspace)?;
    ensure!(names.iter().any(|known| known == name), "there is no benchmark `{name}`; known are {}", names.join(", "));
    let beside = format!("{name}{TENSORS}");
    Ok(names.into_iter().filter(|known| known == name || *known == beside).collect())
}

/// The line that makes a table worth keeping.
fn machine(threads: NonZeroUsize) -> String {
    let text = fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = model.map_or("unknown processor", |(_, name)| name);
    // Chosen by benches/src/clock.rs and benches/peers/inputs.py.
    let clock = if threads.get() == 1 { "processor time" } else { "wall time" };
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("threads: {threads}; medians of {clock}; {processor}, {os} {arch}")
}
