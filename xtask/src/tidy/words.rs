//! Who may say what: the algebra of the paths is done in one crate.

use super::Finding;
use super::tree::{Tree, lines_with};

/// The derivatives of a schedule are an ingredient of rows and conversions. Outside they would be the start of a second
/// derivation of the same formula.
pub(super) fn derivatives_stay_in_fm_paths(tree: &Tree) -> Vec<Finding> {
    let outside = tree.rust().filter(|(path, _)| !path.starts_with("crates/fm-paths/") && !path.starts_with("xtask/"));
    outside
        .flat_map(|(path, text)| {
            ["d_alpha", "d_sigma"].into_iter().flat_map(move |word| {
                let text_of = move || format!("`{word}` belongs to fm-paths; ask it for the coefficients instead");
                lines_with(text, word).map(move |line| Finding::failure(path, Some(line), text_of()))
            })
        })
        .collect()
}

/// fm-nn asks fm-paths for pairs of coefficients and blends tensors with them.
pub(super) fn fm_nn_applies_coefficients(tree: &Tree) -> Vec<Finding> {
    let inside = tree.rust().filter(|(path, _)| path.starts_with("crates/fm-nn/src/"));
    inside
        .flat_map(|(path, text)| {
            [".alpha", ".sigma"].into_iter().flat_map(move |word| {
                let text_of =
                    move || format!("`{word}` of a schedule: fm-nn applies coefficients and never computes them");
                lines_with(text, word).map(move |line| Finding::failure(path, Some(line), text_of()))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derivative_outside_fm_paths_is_found() {
        let text = "let p = s.at(t);\nlet u = p.d_alpha * x1 + p.d_sigma * x0;\n";
        let tree = Tree::of(&[("crates/fm-nn/src/a.rs", text), ("crates/fm-paths/src/a.rs", text)]);
        let findings = derivatives_stay_in_fm_paths(&tree);
        assert_eq!(findings.len(), 2);
        assert!(findings.iter().all(|f| f.path == "crates/fm-nn/src/a.rs" && f.line == Some(2)));
    }

    #[test]
    fn a_coefficient_computed_in_fm_nn_is_found() {
        let tree = Tree::of(&[
            ("crates/fm-nn/src/a.rs", "let w = 1.0 / point.sigma;\nlet s = config.sigma_min;\n"),
            ("crates/fm-solvers/src/a.rs", "point.sigma"),
        ]);
        let findings = fm_nn_applies_coefficients(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, Some(1));
    }
}
