//! From TOML text and `--set` options to a checked configuration, for any configuration type.
//!
//! serde alone cannot do this well. `deny_unknown_fields` does not work together with flattened or tagged sections, stops
//! at the first mistake and suggests nothing; a missing section needs a default per field, which then live apart from
//! `Default`. So the work is done on tables: the user's table is laid over the table of `T::default()`, the result is
//! deserialised, and the value is serialised back. That canonical table holds every known key, hence a key of the user
//! that is not in it is unknown.
//!
//! The only convention asked of `T` is that nothing is skipped when it is serialised: explicit values, no `Option`.

mod assign;
mod error;
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

/// Reads a configuration: `text` as TOML, changed by `sets` in their order, over the defaults of `T`.
///
/// `file` is the name that the errors give to `text`. Values are checked for their types only; what they may be is for
/// `T` to say.
///
/// # Errors
/// [`SettingsError`], in one line, for text that is no TOML (line and column), a `--set` that is no assignment, a value of
/// the wrong type (key and file), and unknown keys (with the nearest known one).
///
/// # Panics
/// If `T` serialises to something else than a TOML table, which is a defect of `T`.
pub fn parse<T>(text: &str, sets: &[String], file: &Path) -> Result<T, SettingsError>
where
    T: Serialize + DeserializeOwned + Default,
{
    let written: Table = toml::from_str(text).map_err(|error| SettingsError::syntax(file, text, &error))?;
    let mut user = written.clone();
    for set in sets {
        apply_set(&mut user, set)?;
    }
    let defaults = Table::try_from(T::default()).expect("a configuration serialises to a TOML table");
    let config: T = match merge(defaults.clone(), user.clone()).try_into() {
        Ok(config) => config,
        Err(error) => return Err(SettingsError::value::<T>(file, &defaults, &written, &user, &error)),
    };
    let canonical = Table::try_from(&config).expect("a configuration serialises to a TOML table");
    let keys = unknown_keys(&user, &canonical);
    if keys.is_empty() {
        Ok(config)
    } else {
        Err(SettingsError::unknown(file, &unknown_keys(&written, &canonical), keys))
    }
}
