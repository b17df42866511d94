//! `doc`: rustdoc with warnings denied, in the two groups that `lint` uses and for the same reason.

use anyhow::Result;

use crate::process::Step;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let rustdoc = || Step::cargo(&workspace.root).env("RUSTDOCFLAGS", "-D warnings").words("doc --no-deps");
    rustdoc().run()?;
    rustdoc().words("-p fm-nn --features fm-nn/doc-only").run()
}
