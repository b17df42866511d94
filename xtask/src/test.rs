//! `test`: everything up to green tests, from a fresh clone.
//!
//! The math crates go first: they need neither LibTorch nor Python nor C++, so a mistake there shows within a minute
//! instead of behind a download. The script that downloads is tested next, against a server of its own.

use anyhow::Result;

use crate::process::Step;
use crate::setup;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    math(workspace)?;
    Step::cargo(&workspace.root).words("test -p fm-benches --lib").run()?;
    Step::new("python3", &workspace.root).words("-B xtask/src/setup/test_fetch.py").run()?;
    let libtorch = setup::ensure(workspace, &setup::Request::default())?;
    Step::cargo(&workspace.root)
        .envs(libtorch.variables())
        .envs(libtorch.library_path())
        .words("test -p fm-nn -p fm-cli -p fm-solvers --features fm-solvers/tch")
        .run()
}

/// The default members of the workspace: fm-paths, fm-ot, fm-solvers and xtask.
pub(crate) fn math(workspace: &Workspace) -> Result<()> {
    Step::cargo(&workspace.root).words("test").run()
}
