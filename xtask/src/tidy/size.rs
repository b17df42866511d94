//! Files that can be read in one sitting, with names that say what is inside.

use std::path::Path;

use super::Finding;
use super::tree::{Tree, without_tests};

const GOOD: usize = 250;
const LIMIT: usize = 500;

/// Unit tests at the end of a file and files of tests are not counted.
pub(super) fn files_are_short(tree: &Tree) -> Vec<Finding> {
    let counted = tree.rust().filter(|(path, _)| !is_test(path));
    counted
        .filter_map(|(path, text)| match without_tests(text).lines().count() {
            lines if lines > LIMIT => {
                Some(Finding::failure(path, None, format!("{lines} lines; the limit is {LIMIT}")))
            }
            lines if lines > GOOD => Some(Finding::note(path, format!("{lines} lines; up to {GOOD} is good"))),
            _ => None,
        })
        .collect()
}

/// A file of tests, or anything below a folder of them.
fn is_test(path: &str) -> bool {
    Path::new(path).with_extension("").iter().any(|part| part == "tests")
}

/// No drawer for everything: a file that could hold anything will.
pub(super) fn files_say_what_they_hold(tree: &Tree) -> Vec<Finding> {
    const DRAWERS: [&str; 6] = ["common", "helpers", "misc", "prelude", "util", "utils"];
    let drawer = |path: &str| {
        let parts = Path::new(path).with_extension("");
        parts.iter().any(|part| DRAWERS.iter().any(|&name| part == name))
    };
    let found = tree.rust().filter(|(path, _)| drawer(path));
    found.map(|(path, _)| Finding::failure(path, None, "this name does not say what is inside")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_fails_and_a_longish_one_is_noted() {
        let (long, longish) = ("x\n".repeat(LIMIT + 1), "x\n".repeat(GOOD + 1));
        let tree = Tree::of(&[
            ("a.rs", &long),
            ("b.rs", &longish),
            ("c.rs", "x\n"),
            ("crates/a/tests/it.rs", &long),
            ("src/tests.rs", &long),
        ]);
        let findings = files_are_short(&tree);
        assert_eq!(
            findings.iter().map(|f| (f.path.as_str(), f.fails)).collect::<Vec<_>>(),
            [("a.rs", true), ("b.rs", false)]
        );
    }

    #[test]
    fn tests_beside_the_code_do_not_make_it_long() {
        let text = format!("x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(LIMIT));
        assert_eq!(files_are_short(&Tree::of(&[("a.rs", &text)])), []);
    }

    #[test]
    fn drawers_are_found_as_files_and_as_folders() {
        let tree = Tree::of(&[("a/utils.rs", ""), ("a/prelude/mod.rs", ""), ("a/commonplace.rs", "")]);
        assert_eq!(files_say_what_they_hold(&tree).len(), 2);
    }
}
