//! Every schedule, coupling, solver and sampler says where it comes from.

use std::path::Path;

use super::Finding;
use super::tree::Tree;

/// What the paths of such files begin with. Runge-Kutta methods are not here: a `Tableau` has a field for its source.
const METHODS: [&str; 4] = [
    "crates/fm-paths/src/schedules/",
    "crates/fm-ot/src/coupling",
    "crates/fm-solvers/src/sampler",
    "crates/fm-solvers/src/sde",
];

pub(super) fn methods_cite_their_source(tree: &Tree) -> Vec<Finding> {
    let method =
        |path: &str| METHODS.iter().any(|method| path.starts_with(method)) && !Path::new(path).ends_with("mod.rs");
    let silent = tree.rust().filter(|(path, text)| method(path) && !text.contains("# References"));
    silent.map(|(path, _)| Finding::failure(path, None, "has no `# References` section")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_without_a_source_is_found() {
        let tree = Tree::of(&[
            ("crates/fm-paths/src/schedules/cosine.rs", "/// # References"),
            ("crates/fm-paths/src/schedules/linear.rs", "/// Linear."),
            ("crates/fm-paths/src/schedules/mod.rs", "mod linear;"),
            ("crates/fm-paths/src/lib.rs", ""),
        ]);
        let findings = methods_cite_their_source(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "crates/fm-paths/src/schedules/linear.rs");
    }
}
