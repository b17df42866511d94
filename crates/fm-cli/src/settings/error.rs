//! What can be wrong with a configuration, in one line each.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{TAG, UnknownKey, merge};

/// The name that the errors give to the command line.
const COMMAND_LINE: &str = "--set";

/// Why a `--set` option could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// There is no `=`.
    #[error("--set {set:?}: no `=`; write section.key=value")]
    NoEquals {
        /// The option as given.
        set: String,
    },
    /// The part before `=` is no path of keys.
    #[error("--set {set:?}: {path:?} is not a key; write section.key=value with letters, digits, _ and -")]
    Key {
        /// The option as given.
        set: String,
        /// The part before `=`.
        path: String,
    },
    /// The part after `=` is no value.
    #[error("--set {set:?}: {value:?} is not a value; write a number, true, false, a word, \"text\" or [a, b]")]
    Value {
        /// The option as given.
        set: String,
        /// The part after `=`.
        value: String,
    },
    /// A key on the way holds a value and not a section.
    #[error("--set {set:?}: `{path}` is a value and has no keys; set `{path}` itself")]
    NotASection {
        /// The option as given.
        set: String,
        /// The path of the value.
        path: String,
    },
}

/// Why a configuration could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The text is not TOML.
    #[error("{}: line {line}, column {column}: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from one.
        line: usize,
        /// The column, from one.
        column: usize,
        /// What was expected there.
        message: String,
    },
    /// A `--set` option could not be applied.
    #[error(transparent)]
    Set(#[from] SetError),
    /// A value has the wrong type, or a section lacks a key.
    #[error("{place}: `{key}`: {message}")]
    Value {
        /// The file, or `--set`.
        place: String,
        /// The path of the key.
        key: String,
        /// What was expected there.
        message: String,
    },
    /// Keys that no setting has.
    #[error("{place}: {}", list(keys))]
    UnknownKeys {
        /// The file, or `--set`.
        place: String,
        /// The keys and what was probably meant, at least one.
        keys: Vec<UnknownKey>,
    },
}

fn list(keys: &[UnknownKey]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

impl SettingsError {
    pub(super) fn syntax(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let before = &text.as_bytes()[..at];
        let mut lines = before.split(|&byte| byte == b'\n').rev();
        let last = String::from_utf8_lossy(lines.next().unwrap_or_default());
        Self::Syntax {
            file: file.to_owned(),
            line: lines.count() + 1,
            column: last.chars().count() + 1,
            message: one_line(error.message()),
        }
    }

    /// The error for a table that is no `T`.
    ///
    /// Tagged sections are buffered while their variant is looked up, and serde forgets the key below them. The key is
    /// the one without which the error goes away, or becomes that of the next mistake, so it is found by leaving out one
    /// of the user's values at a time. A tag changes the meaning of its section: only an error about variants is its own.
    pub(super) fn value<T: DeserializeOwned>(
        file: &Path,
        defaults: &Table,
        written: &Table,
        user: &Table,
        error: &toml::de::Error,
    ) -> Self {
        let mut paths = Vec::new();
        leaves(user, &mut Vec::new(), &mut paths);
        let about_tags = error.message().contains("variant");
        paths.retain(|path| about_tags || path.last().is_none_or(|key| key != TAG));
        let at_fault = |path: &Vec<String>| match merge(defaults.clone(), remove(user, path)).try_into::<T>() {
            Ok(_) => true,
            // A key that is needed may be the culprit too: then it is the one that is missing without it.
            Err(other) => match missing(&other) {
                Some(key) => path.last().is_some_and(|last| last == key),
                None => other.to_string() != error.to_string(),
            },
        };
        let culprit = if missing(error).is_some() { None } else { paths.into_iter().find(at_fault) };
        // Without a single culprit (a key is missing, or two have the same mistake) the section is all that is known.
        let (key, from_file) = culprit.map_or_else(
            || (section_of(error), true),
            |path| (path.join("."), value_at(written, &path) == value_at(user, &path)),
        );
        Self::Value { place: place(file, from_file), key, message: one_line(error.message()) }
    }

    /// The error for unknown keys: those that the file has too, or if there are none, those of the command line.
    pub(super) fn unknown(file: &Path, in_file: &[UnknownKey], keys: Vec<UnknownKey>) -> Self {
        let (of_file, of_sets): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| in_file.contains(key));
        let from_file = !of_file.is_empty();
        Self::UnknownKeys { place: place(file, from_file), keys: if from_file { of_file } else { of_sets } }
    }
}

/// The key that serde misses, if that is the error.
fn missing(error: &toml::de::Error) -> Option<&str> {
    error.message().strip_prefix("missing field `")?.strip_suffix('`')
}

/// The section that the TOML library names, in the second line of its message.
fn section_of(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let named = text.lines().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`'));
    named.unwrap_or("the top level").to_owned()
}

fn place(file: &Path, from_file: bool) -> String {
    if from_file { file.display().to_string() } else { COMMAND_LINE.to_owned() }
}

/// The paths of the values of a table, sections followed by what they hold.
fn leaves(table: &Table, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    for (key, value) in table {
        prefix.push(key.clone());
        match value {
            Value::Table(inner) if !inner.is_empty() => leaves(inner, prefix, paths),
            _ => paths.push(prefix.clone()),
        }
        prefix.pop();
    }
}

fn value_at<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first)?;
    if rest.is_empty() { Some(value) } else { value_at(value.as_table()?, rest) }
}

/// The table without the value at `path`.
fn remove(table: &Table, path: &[String]) -> Table {
    let mut without = table.clone();
    match path {
        [] => {}
        [last] => {
            without.remove(last);
        }
        [section, rest @ ..] => {
            if let Some(Value::Table(inner)) = without.get_mut(section) {
                *inner = remove(inner, rest);
            }
        }
    }
    without
}
