//! Nothing in the project points to one company's registry or to one person's machine.
//!
//! The patterns are put together from pieces, so that this file passes its own rules.

use super::Finding;
use super::tree::Tree;

/// Package managers have a configuration that says where packages come from; files of the project do not.
pub(super) fn no_package_registry_is_named(tree: &Tree) -> Vec<Finding> {
    let hosts = [
        concat!("py", "pi.org"),
        concat!("python", "hosted.org"),
        concat!("crates", ".io"),
        concat!("anaconda", ".org"),
    ];
    // cargo itself writes where packages came from into the lock file.
    let files = tree.files.iter().filter(|(path, _)| path.as_str() != "Cargo.lock");
    let lines = files.flat_map(|(path, text)| text.lines().enumerate().map(move |(at, line)| (path, at + 1, line)));
    lines
        .filter_map(|(path, at, line)| {
            let host = hosts.iter().find(|&&host| line.contains(host))?;
            Some(Finding::failure(path, Some(at), format!("names the package registry {host}")))
        })
        .collect()
}

/// Paths begin at the root of the project, at a variable, or at a folder that every system has.
pub(super) fn no_machine_is_named(tree: &Tree) -> Vec<Finding> {
    let folders = [concat!("/", "root/"), concat!("/", "work/"), concat!("/", "Users/"), concat!("..", "/shared")];
    let files = tree.files.iter().filter(|(path, _)| path.as_str() != "Cargo.lock");
    let lines = files.flat_map(|(path, text)| text.lines().enumerate().map(move |(at, line)| (path, at + 1, line)));
    lines
        .filter_map(|(path, at, line)| {
            let folder = folders.iter().find(|&&folder| begins_a_path(line, folder))?;
            Some(Finding::failure(path, Some(at), format!("names a folder of one machine, {folder}")))
        })
        .collect()
}

/// Whether `folder` stands in `line` and is not the middle of a longer path or address.
fn begins_a_path(line: &str, folder: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "._-}".contains(c);
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_found_with_its_line() {
        let text = format!("a\n--index-url https://{}/simple\n", concat!("py", "pi.org"));
        let findings = no_package_registry_is_named(&Tree::of(&[("README.md", &text)]));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, Some(2));
    }

    #[test]
    fn the_lock_file_may_name_where_packages_came_from() {
        let text = format!("source = {}", concat!("crates", ".io"));
        assert_eq!(no_package_registry_is_named(&Tree::of(&[("Cargo.lock", &text)])), []);
    }

    #[test]
    fn a_machine_is_found() {
        let text = format!("see {}a/notes.md", concat!("/", "work/"));
        assert_eq!(no_machine_is_named(&Tree::of(&[("docs/a.md", &text)])).len(), 1);
    }

    #[test]
    fn an_address_may_have_such_a_part() {
        let text = format!("https://example.org{}b and out{}c", concat!("/", "work/"), concat!("/", "root/"));
        assert_eq!(no_machine_is_named(&Tree::of(&[("docs/a.md", &text)])), []);
    }
}
