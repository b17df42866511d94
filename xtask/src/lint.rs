//! `lint`: rustfmt and clippy. No LibTorch needed: `doc-only` lets tch be type-checked without it.
//!
//! Two passes of clippy, not one over the workspace: the first sees the math crates with their default features, as their
//! users do; the second sees everything above them, and through it their optional features.

use anyhow::Result;

use crate::process::Step;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    format(workspace)?;
    clippy(workspace)
}

pub(crate) fn format(workspace: &Workspace) -> Result<()> {
    Step::cargo(&workspace.root).words("fmt --all --check").run()
}

pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    Step::cargo(&workspace.root).words("clippy --all-targets -- -D warnings").run()?;
    Step::cargo(&workspace.root)
        .words("clippy -p fm-benches -p fm-nn -p fm-cli --features fm-cli/doc-only --all-targets -- -D warnings")
        .run()
}
