//! Finding the key that a type error is about.
//!
//! Tagged and flattened sections are buffered while their variant is looked up, and serde forgets the keys on the way: its
//! error says what is wrong and not where. So the place is found by experiment. Every value that the error may quote is
//! replaced by another, one at a time; the one at fault is the one with which the error follows the replacement. A key
//! that is missing belongs to the section in which a value for it changes the error.

use std::fmt;

use serde::de::Unexpected;
use toml::Value;

/// A step from a table or an array to what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The steps from the whole configuration to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

impl Path {
    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    pub(super) fn get<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    fn get_mut<'a>(&self, root: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        })
    }

    /// The path itself and those of everything below it, sections before what they hold.
    fn walk(&self, value: &Value, paths: &mut Vec<Self>) {
        paths.push(self.clone());
        match value {
            Value::Table(table) => table.iter().for_each(|(key, value)| self.key(key).walk(value, paths)),
            Value::Array(values) => {
                values.iter().enumerate().for_each(|(at, value)| self.then(Step::Index(at)).walk(value, paths));
            }
            _ => {}
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if at == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What a type error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The value at this path.
    Value(Path),
    /// A key that the section at this path lacks.
    Missing(Path, String),
}

/// The place in `config` that an error with this `message` is about, if the experiments tell.
///
/// `read` gives the message of the error for a changed configuration.
pub(super) fn find(config: &Value, message: &str, read: impl Fn(Value) -> Option<String>) -> Option<Fault> {
    let mut paths = Vec::new();
    Path::default().walk(config, &mut paths);
    let changed = |path: &Path, change: &dyn Fn(&mut Value)| {
        let mut other = config.clone();
        change(path.get_mut(&mut other)?);
        Some(read(other))
    };
    if let Some(key) = missing(message) {
        let lacks = |path: &Path| {
            let section = path.get(config).and_then(Value::as_table);
            section.is_some_and(|section| !section.contains_key(key)) && {
                let give = |section: &mut Value| {
                    section.as_table_mut().map(|section| section.insert(key.to_owned(), Value::Integer(1)));
                };
                changed(path, &give).is_some_and(|other| other.as_deref() != Some(message))
            }
        };
        return paths.into_iter().find(lacks).map(|path| Fault::Missing(path, key.to_owned()));
    }
    let at_fault = |path: &Path| {
        let Some(value) = path.get(config) else { return false };
        let probe = probe(value);
        let Some(follows) = reworded(message, value, &probe) else { return false };
        match changed(path, &|value| *value = probe.clone()) {
            // The replacement may be right there; then there is no error, or that of the next mistake.
            Some(None) => true,
            Some(Some(other)) => other == follows || (other != message && !about(&other, &probe)),
            None => false,
        }
    };
    paths.into_iter().find(at_fault).map(Fault::Value)
}

/// The key that serde misses, if that is the error.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// A word that nobody writes.
const PROBE: &str = "<probe>";

/// Another value of the same type, outside of the range of the narrower types if the value may be; a word for what serde
/// quotes without its content.
fn probe(value: &Value) -> Value {
    match value {
        Value::Integer(value) if *value < 0 => Value::Integer(i64::MIN + 7),
        Value::Integer(_) => Value::Integer(i64::MAX - 7),
        Value::Float(_) => Value::Float(1.234_567e300),
        Value::Boolean(value) => Value::Boolean(!value),
        _ => Value::String(PROBE.to_owned()),
    }
}

/// The message with another value in the place of the one that it quotes; `None` if it does not quote this value.
fn reworded(message: &str, value: &Value, other: &Value) -> Option<String> {
    let word = |value: &Value| Some(format!("`{}`", value.as_str()?));
    let forms = [
        ("invalid type: ", Some(quoted(value)), Some(quoted(other))),
        ("invalid value: ", Some(quoted(value)), Some(quoted(other))),
        ("unknown variant ", word(value), word(other)),
    ];
    forms.into_iter().find_map(|(form, old, new)| {
        let rest = message.strip_prefix(form)?.strip_prefix(&old?)?;
        Some(format!("{form}{}{rest}", new?))
    })
}

/// Whether a message quotes a value.
fn about(message: &str, value: &Value) -> bool {
    reworded(message, value, value).is_some()
}

/// A value as serde quotes it.
fn quoted(value: &Value) -> String {
    let unexpected = match value {
        Value::String(text) => Unexpected::Str(text),
        Value::Integer(value) => Unexpected::Signed(*value),
        Value::Float(value) => Unexpected::Float(*value),
        Value::Boolean(value) => Unexpected::Bool(*value),
        Value::Array(_) => Unexpected::Seq,
        Value::Table(_) | Value::Datetime(_) => Unexpected::Map,
    };
    unexpected.to_string()
}
