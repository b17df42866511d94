//! Changing one value from the command line.

use toml::{Table, Value};

use super::{SetError, TAG};

/// Applies `section.key=value` to a table, making the sections on the way.
///
/// The value is read as TOML (`3e-4`, `true`, `[64, 64]`, `"text"`); a word that is not TOML is a string, so that
/// `path.kind=cosine` needs no quotes inside the shell's quotes. Changing a section's `kind` empties the section first,
/// for the same reason as in [`merge`](super::merge()); set its other keys after it.
///
/// # Errors
/// [`SetError`] with the offending text.
pub fn apply_set(table: &mut Table, set: &str) -> Result<(), SetError> {
    let text = || set.to_owned();
    let (path, value) = set.split_once('=').ok_or_else(|| SetError::NoEquals { set: text() })?;
    let keys: Vec<&str> = path.split('.').map(str::trim).collect();
    if !keys.iter().all(|key| is_bare(key)) {
        return Err(SetError::Key { set: text(), path: path.trim().to_owned() });
    }
    let value =
        parse_value(value.trim()).ok_or_else(|| SetError::Value { set: text(), value: value.trim().to_owned() })?;

    let (last, sections) = (keys[keys.len() - 1], &keys[..keys.len() - 1]);
    let mut section = table;
    for (depth, &key) in sections.iter().enumerate() {
        let entry = section.entry(key).or_insert_with(|| Value::Table(Table::new()));
        section = entry
            .as_table_mut()
            .ok_or_else(|| SetError::NotASection { set: text(), path: keys[..=depth].join(".") })?;
    }
    if last == TAG && section.get(TAG).is_some_and(|kind| *kind != value) {
        section.clear();
    }
    section.insert(last.to_owned(), value);
    Ok(())
}

fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A TOML value, or a word; `None` for text that begins like TOML and is none.
fn parse_value(text: &str) -> Option<Value> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) if text.is_empty() || text.starts_with(['"', '\'', '[', '{']) || text.contains(['\n', '\r']) => None,
        Err(_) => Some(Value::String(text.to_owned())),
    }
}
