//! `validate`: what a contributor runs before a push. Cheapest first, so that the first failure comes early.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{doc, lint, test, tidy};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    lint::format(workspace)?;
    tidy::run(workspace)?;
    lint::clippy(workspace)?;
    test::math(workspace)?;
    doc::run(workspace)?;
    println!("\neverything is in order");
    Ok(())
}
