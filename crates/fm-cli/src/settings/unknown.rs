//! Finding keys that no setting has, and the setting that was probably meant.

use std::fmt;

use toml::{Table, Value};

/// A key that the configuration does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it stands: `optimizer.lerning_rate`.
    pub path: String,
    /// The known key that was probably meant: the bare name in the same section, the whole path in another one.
    pub suggestion: Option<String>,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown key `{}`", self.path)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => write!(f, "; remove it"),
        }
    }
}

/// The keys of `user` that `canonical`, the table of every known key, does not have.
///
/// An unknown section is reported once, without its keys. Tables inside arrays are compared one by one.
pub fn unknown_keys(user: &Table, canonical: &Table) -> Vec<UnknownKey> {
    let mut known = Vec::new();
    collect(canonical, "", &mut known);
    let mut found = Vec::new();
    compare(user, canonical, "", &known, &mut found);
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

fn compare(user: &Table, canonical: &Table, section: &str, known: &[String], found: &mut Vec<UnknownKey>) {
    for (key, value) in user {
        let path = join(section, key);
        match (value, canonical.get(key)) {
            (_, None) => found.push(UnknownKey { suggestion: suggest(key, canonical, known), path }),
            (Value::Table(inner), Some(Value::Table(other))) => compare(inner, other, &path, known, found),
            (Value::Array(inner), Some(Value::Array(others))) => {
                for (at, pair) in inner.iter().zip(others).enumerate() {
                    if let (Value::Table(inner), Value::Table(other)) = pair {
                        compare(inner, other, &format!("{path}[{at}]"), known, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The nearest key of the same section, or else the nearest one anywhere.
fn suggest(key: &str, siblings: &Table, known: &[String]) -> Option<String> {
    let near = |candidate: &str| {
        let distance = strsim::damerau_levenshtein(&key.to_lowercase(), candidate);
        (distance <= (key.chars().count() / 3).max(1)).then_some(distance)
    };
    let sibling = siblings.keys().filter_map(|name| Some((near(name)?, name))).min_by_key(|(distance, _)| *distance);
    let anywhere = || {
        let last = |path: &str| path.rsplit('.').next().map_or(0, str::len);
        let named = known.iter().filter_map(|path| Some((near(&path[path.len() - last(path)..])?, path)));
        named.min_by_key(|(distance, _)| *distance)
    };
    sibling.or_else(anywhere).map(|(_, name)| name.clone())
}
