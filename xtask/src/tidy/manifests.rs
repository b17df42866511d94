//! What every member's manifest says, and the lock file beside them.

use super::Finding;
use super::tree::Tree;

/// The same versions for everyone: the lock file is part of the project.
pub(super) fn lock_file_is_kept(tree: &Tree) -> Vec<Finding> {
    let missing = !tree.files.contains_key("Cargo.lock");
    missing
        .then(|| Finding::failure("Cargo.lock", None, "is missing or ignored; it belongs to the project"))
        .into_iter()
        .collect()
}

/// One list of lints, at the root.
pub(super) fn members_share_the_lints(tree: &Tree) -> Vec<Finding> {
    let members = tree.files.iter().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    let lacking = members.filter(|(_, text)| !text.contains("[lints]\nworkspace = true"));
    lacking.map(|(path, _)| Finding::failure(path, None, "lacks `[lints]` with `workspace = true`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_lock_file_is_found() {
        assert_eq!(lock_file_is_kept(&Tree::of(&[("Cargo.toml", "")])).len(), 1);
        assert_eq!(lock_file_is_kept(&Tree::of(&[("Cargo.lock", "")])), []);
    }

    #[test]
    fn a_member_without_the_lints_is_found() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]"),
            ("crates/a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\n"),
        ]);
        let findings = members_share_the_lints(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "crates/b/Cargo.toml");
    }
}
