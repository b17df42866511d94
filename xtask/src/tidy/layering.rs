//! The math crates never depend on LibTorch, not even for their tests.

use anyhow::Result;

use super::Finding;
use crate::process::Step;
use crate::workspace::Workspace;

const MATH: [&str; 3] = ["fm-paths", "fm-ot", "fm-solvers"];

/// Asks cargo, since manifests alone do not show what a dependency brings along.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in MATH {
        let listed = Step::cargo(&workspace.root)
            .words("tree --locked --edges normal,build,dev --prefix none --format {p} --package")
            .arg(package)
            .read()?;
        findings.extend(libtorch_in(package, &listed));
    }
    Ok(findings)
}

/// `listed` has one package a line: name, version, and more.
fn libtorch_in(package: &str, listed: &str) -> Option<Finding> {
    let found = listed.lines().find_map(|line| {
        let name = line.split(' ').next()?;
        (name == "tch" || name == "torch-sys").then(|| line.trim().to_owned())
    })?;
    let manifest = format!("crates/{package}/Cargo.toml");
    Some(Finding::failure(&manifest, None, format!("{package} must build without LibTorch, and depends on {found}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_on_libtorch_is_found() {
        let finding = libtorch_in("fm-ot", "fm-ot v0.1.0\nndarray v0.17.0\ntch v0.24.0\n").unwrap();
        assert!(finding.fails);
        assert!(finding.to_string().contains("depends on tch v0.24.0"));
    }

    #[test]
    fn other_names_pass() {
        assert_eq!(libtorch_in("fm-ot", "fm-ot v0.1.0\ntchotchke v1.0.0\n"), None);
    }
}
