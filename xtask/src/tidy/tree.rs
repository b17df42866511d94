//! The files that git knows or would take, read once.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::process::Step;
use crate::workspace::Workspace;

/// Text by path, relative to the root, with `/`. Ignored files are not there; nor are the contents of binary ones.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: BTreeMap<String, String>,
}

impl Tree {
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        // A clone that belongs to another user (a container's volume) is still ours to read.
        let listed = Step::new("git", &workspace.root)
            .words("-c safe.directory=* ls-files -z --cached --others --exclude-standard")
            .read()?;
        let read = |path: &str| {
            let bytes = std::fs::read(workspace.root.join(path)).ok()?;
            Some((path.to_owned(), String::from_utf8(bytes).unwrap_or_default()))
        };
        // A path that cannot be read was deleted and not yet committed.
        Ok(Self { files: listed.split_terminator('\0').filter_map(read).collect() })
    }

    /// Rust files, as path and text.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .filter(|(path, _)| std::path::Path::new(path).extension().is_some_and(|extension| extension == "rs"))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }
}

/// The text before the unit tests, which by custom are the last thing in a file.
pub(super) fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |start| &text[..start])
}

/// The lines that hold `word` with no letter, digit or `_` on either side, counted from one.
pub(super) fn lines_with<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let begins_inside = !outside(word.chars().next());
    let holds = move |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            (!begins_inside || outside(before)) && outside(line[at + word.len()..].chars().next())
        })
    };
    text.lines().enumerate().filter(move |(_, line)| holds(line)).map(|(index, _)| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        let text = "d_alpha\nd_alphabet\nbad_alpha\nx.d_alpha()\n";
        assert_eq!(lines_with(text, "d_alpha").collect::<Vec<_>>(), [1, 4]);
    }

    #[test]
    fn a_word_may_begin_with_a_sign() {
        let text = "point.alpha\npoint.alphabet\nalpha\n";
        assert_eq!(lines_with(text, ".alpha").collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn tests_at_the_end_do_not_count() {
        assert_eq!(without_tests("fn f() {}\n#[cfg(test)]\nmod tests {\n}\n"), "fn f() {}\n");
        assert_eq!(without_tests("fn f() {}\n"), "fn f() {}\n");
    }
}
