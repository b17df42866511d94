//! From TOML text and `--set` options to a checked configuration, for any configuration type.
//!
//! serde alone cannot do this well. `deny_unknown_fields` does not work together with flattened or tagged sections, stops
//! at the first mistake and suggests nothing; a missing section needs a default per field, which then live apart from
//! `Default`. So the work is done on tables: the user's table is laid over the table of `T::default()`, the result is
//! deserialised, and the value is serialised back. A key of the user that is not in that canonical table is unknown.
//!
//! The only convention asked of `T` is that a key which was set is serialised, whatever its value. What an unknown key may
//! have meant is read off tables too: the canonical one, which has every key of its kinds but those that are left out
//! while they are unset, the default, and the [examples](Settings::examples) that `T` gives for the others.

mod assign;
mod error;
mod fault;
mod merge;
#[cfg(test)]
mod tests;
mod unknown;

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

pub use self::assign::apply_set;
pub use self::error::{SetError, SettingsError};
pub use self::merge::merge;
pub use self::unknown::{UnknownKey, unknown_keys};

/// The key that says which variant a section describes; its other keys belong to that variant.
pub(crate) const TAG: &str = "kind";

/// A type that [`parse`] reads.
pub trait Settings: Serialize + DeserializeOwned + Default {
    /// Configurations that have, between them, every key that the default does not have: those of other kinds, and those
    /// that are left out while they are unset. They serve the suggestions for unknown keys; their values do not matter.
    fn examples() -> Vec<Self> {
        Vec::new()
    }
}

/// Reads a configuration: `text` as TOML, changed by `sets` in their order, over the defaults of `T`.
///
/// `file` is the name that the errors give to `text`. Values are checked for their types only; what they may be is for
/// `T` to say.
///
/// # Errors
/// [`SettingsError`], in one line, for text that is no TOML (line and column), a `--set` that is no assignment, a value of
/// the wrong type (key, file and the nearest known word), a missing key, and unknown keys (with the nearest known one, or
/// the kind of their section that they belong to).
///
/// # Panics
/// If `T` serialises to something else than a TOML table, which is a defect of `T`.
pub fn parse<T: Settings>(text: &str, sets: &[String], file: &Path) -> Result<T, SettingsError> {
    let written: Table = toml::from_str(text).map_err(|error| SettingsError::syntax(file, text, &error))?;
    let mut user = written.clone();
    for set in sets {
        apply_set(&mut user, set)?;
    }
    let table = |config: &T| Table::try_from(config).expect("a configuration serialises to a TOML table");
    let defaults = table(&T::default());
    let config: T = match merge(defaults.clone(), user.clone()).try_into() {
        Ok(config) => config,
        Err(error) => return Err(SettingsError::value::<T>(file, defaults, written, user, &error)),
    };
    let canonical = table(&config);
    if let Some(key) = not_a_section(&user, &canonical) {
        let in_file = not_a_section(&written, &canonical).is_some();
        let place = if in_file { file.display().to_string() } else { "--set".to_owned() };
        let message = format!("a section and not a value; write [{key}] and its keys below");
        return Err(SettingsError::Value { place, key, message });
    }
    let examples: Vec<Table> = std::iter::once(defaults).chain(T::examples().iter().map(table)).collect();
    let keys = unknown_keys(&user, &canonical, &examples);
    if keys.is_empty() {
        Ok(config)
    } else {
        Err(SettingsError::unknown(file, &unknown_keys(&written, &canonical, &examples), keys))
    }
}

/// The first key that holds a value where the configuration has a section. serde would read an array there as the
/// section's values by position.
fn not_a_section(user: &Table, canonical: &Table) -> Option<String> {
    user.iter().find_map(|(key, value)| match (value.as_table(), canonical.get(key)?.as_table()?) {
        (None, _) => Some(key.clone()),
        (Some(user), canonical) => not_a_section(user, canonical).map(|rest| format!("{key}.{rest}")),
    })
}
