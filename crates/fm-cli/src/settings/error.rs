//! What can be wrong with a configuration, in one line each.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::fault::{self, Fault};
use super::unknown::nearest;
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
        /// The keys and what is known about them, at least one.
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

    /// The error for a configuration that is no `T`; it is of the file unless a `--set` made it.
    pub(super) fn value<T: DeserializeOwned>(
        file: &Path,
        defaults: Table,
        written: Table,
        user: Table,
        error: &toml::de::Error,
    ) -> Self {
        let merged = Value::Table(merge(defaults, user.clone()));
        let read = |config: Value| config.try_into::<T>().err().map(|error| error.message().to_owned());
        let (written, user) = (Value::Table(written), Value::Table(user));
        let same = |path: &fault::Path| path.get(&written) == path.get(&user);
        match fault::find(&merged, error.message(), read) {
            Some(Fault::Value(path)) => {
                let message = with_nearest(one_line(error.message()));
                Self::Value { place: place(file, same(&path)), key: path.to_string(), message }
            }
            Some(Fault::Missing(section, key)) => {
                // What a section needs depends on its kind; a key cannot be taken away by the command line.
                let tag = section.key(TAG);
                let kind = tag.get(&user);
                let from_file = same(if kind.is_some() { &tag } else { &section });
                let needed_by = kind.map_or_else(String::new, |kind| format!("; `{tag} = {kind}` needs it"));
                let message = format!("missing{needed_by}");
                Self::Value { place: place(file, from_file), key: section.key(&key).to_string(), message }
            }
            None => {
                let message = one_line(error.message());
                Self::Value { place: place(file, true), key: section_of(error), message }
            }
        }
    }

    /// The error for unknown keys: those that the file has too, or if there are none, those of the command line.
    pub(super) fn unknown(file: &Path, in_file: &[UnknownKey], keys: Vec<UnknownKey>) -> Self {
        let (of_file, of_sets): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| in_file.contains(key));
        let from_file = !of_file.is_empty();
        Self::UnknownKeys { place: place(file, from_file), keys: if from_file { of_file } else { of_sets } }
    }
}

/// The message about an unknown variant, which lists the known ones, with the nearest of them.
fn with_nearest(message: String) -> String {
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match named.split_first() {
        Some((word, known)) if message.starts_with("unknown variant `") => match nearest(word, known.iter().copied()) {
            Some(known) => format!("{message}; did you mean `{known}`?"),
            None => message,
        },
        _ => message,
    }
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
