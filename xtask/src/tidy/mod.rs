//! `tidy`: the rules of the house that no other tool knows.
//!
//! A rule is a function from the tree to its findings, so a test can hand it three lines of text and see it fail. Rules read
//! text, not syntax: they are meant to be understood at a glance and to have no exceptions; where a rule is wrong, change
//! the rule. A note is listed and passes.

mod layering;
mod manifests;
mod places;
mod size;
mod sources;
mod tree;
mod words;

use std::fmt;

use anyhow::{Result, bail};

use self::tree::Tree;
use crate::workspace::Workspace;

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    manifests::lock_file_is_kept,
    manifests::members_share_the_lints,
    places::no_package_registry_is_named,
    places::no_machine_is_named,
    size::files_are_short,
    size::files_say_what_they_hold,
    sources::methods_cite_their_source,
    words::derivatives_stay_in_fm_paths,
    words::fm_nn_applies_coefficients,
];

/// One place that breaks, or nearly breaks, a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: Option<usize>,
    text: String,
    fails: bool,
}

impl Finding {
    fn failure(path: &str, line: Option<usize>, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into(), fails: true }
    }

    fn note(path: &str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, text: text.into(), fails: false }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.fails { "error" } else { "note" };
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        write!(f, "{kind}: {}{line}: {}", self.path, self.text)
    }
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    println!("\n# tidy");
    let tree = Tree::read(workspace)?;
    let mut findings = layering::check(workspace)?;
    findings.extend(RULES.iter().flat_map(|rule| rule(&tree)));
    for finding in &findings {
        println!("{finding}");
    }
    let failures = findings.iter().filter(|finding| finding.fails).count();
    if failures > 0 {
        bail!("tidy found {failures} place(s) to put in order");
    }
    println!("{} files are tidy", tree.files.len());
    Ok(())
}
