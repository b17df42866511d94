//! Finding keys that no setting has, and the setting that was probably meant.

use std::fmt;

use toml::{Table, Value};

use super::TAG;

/// A key that the configuration does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it stands: `optimizer.lerning_rate`.
    pub path: String,
    /// What was probably meant.
    pub hint: Hint,
}

/// What an unknown key was probably meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A known key: the bare name in the same section, the whole path in another one.
    Known(String),
    /// A key that the section has when it is of another kind.
    OtherKind {
        /// The name of the key: that of the unknown one, or the nearest.
        key: String,
        /// The kinds that have it, as they are written: `data.kind = "file"`.
        kinds: Vec<String>,
    },
    /// Nothing is near.
    Nothing,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown key `{}`", self.path)?;
        match &self.hint {
            Hint::Known(key) => write!(f, "; did you mean `{key}`?"),
            Hint::OtherKind { key, kinds } => {
                let kinds = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(" or ");
                let itself = self.path.rsplit('.').next() == Some(key);
                if itself {
                    write!(f, ": it belongs to {kinds}")
                } else {
                    write!(f, "; did you mean `{key}` of {kinds}?")
                }
            }
            Hint::Nothing => write!(f, "; remove it"),
        }
    }
}

/// The keys of `user` that `canonical`, the table of the configuration that was read, does not have.
///
/// What they may have meant is looked up in `canonical` and in the `examples`. An unknown section is reported once, without
/// its keys. Tables inside arrays are compared one by one.
pub fn unknown_keys(user: &Table, canonical: &Table, examples: &[Table]) -> Vec<UnknownKey> {
    let mut known = Known { examples, paths: Vec::new() };
    for table in std::iter::once(canonical).chain(examples) {
        collect(table, "", &mut known.paths);
    }
    let mut found = Vec::new();
    known.compare(user, canonical, "", &mut found);
    found
}

fn join(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// Every path of a table, sections included.
fn collect(table: &Table, section: &str, paths: &mut Vec<String>) {
    for (key, value) in table {
        let path = join(section, key);
        if let Value::Table(inner) = value {
            collect(inner, &path, paths);
        }
        paths.push(path);
    }
}

/// The section of a table at a path of keys.
fn section_at<'a>(table: &'a Table, section: &str) -> Option<&'a Table> {
    section.split('.').filter(|key| !key.is_empty()).try_fold(table, |table, key| table.get(key)?.as_table())
}

/// Where suggestions are looked for.
struct Known<'a> {
    examples: &'a [Table],
    paths: Vec<String>,
}

impl Known<'_> {
    fn compare(&self, user: &Table, canonical: &Table, section: &str, found: &mut Vec<UnknownKey>) {
        for (key, value) in user {
            let path = join(section, key);
            match (value, canonical.get(key)) {
                (_, None) => found.push(UnknownKey { hint: self.hint(section, key, canonical), path }),
                (Value::Table(inner), Some(Value::Table(other))) => self.compare(inner, other, &path, found),
                (Value::Array(inner), Some(Value::Array(others))) => {
                    for (at, pair) in inner.iter().zip(others).enumerate() {
                        if let (Value::Table(inner), Value::Table(other)) = pair {
                            self.compare(inner, other, &format!("{path}[{at}]"), found);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The key itself in another kind of its section, or the nearest key in its section, in another kind of it, anywhere.
    fn hint(&self, section: &str, key: &str, siblings: &Table) -> Hint {
        let sections = self.examples.iter().filter_map(|table| section_at(table, section));
        let (same, other): (Vec<_>, Vec<_>) = sections.partition(|other| other.get(TAG) == siblings.get(TAG));
        let of_kind = |key: &str| Hint::OtherKind { key: key.to_owned(), kinds: kinds_with(key, section, &other) };
        if other.iter().any(|table| table.contains_key(key)) {
            return of_kind(key);
        }
        let keys = same.into_iter().chain([siblings]).flat_map(Table::keys).map(String::as_str);
        if let Some(near) = nearest(key, keys) {
            return Hint::Known(near.to_owned());
        }
        if let Some(near) = nearest(key, other.iter().flat_map(|table| table.keys()).map(String::as_str)) {
            return of_kind(near);
        }
        let last = |path: &str| path.rsplit('.').next().map_or(0, str::len);
        let anywhere =
            self.paths.iter().filter_map(|path| Some((distance(key, &path[path.len() - last(path)..])?, path)));
        anywhere.min_by_key(|(distance, _)| *distance).map_or(Hint::Nothing, |(_, path)| Hint::Known(path.clone()))
    }
}

/// The kinds of a section that have a key, each once.
fn kinds_with(key: &str, section: &str, tables: &[&Table]) -> Vec<String> {
    let mut kinds = Vec::new();
    for kind in tables.iter().filter(|table| table.contains_key(key)).filter_map(|table| table.get(TAG)) {
        let kind = format!("{} = {kind}", join(section, TAG));
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The candidate that is nearest to a word, if one is near.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = candidates.filter_map(|candidate| Some((distance(word, candidate)?, candidate)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// How far a candidate is from a word, if it is near: a third of the letters may differ, and always one.
fn distance(word: &str, candidate: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(&word.to_lowercase(), candidate);
    (distance <= (word.chars().count() / 3).max(1)).then_some(distance)
}
