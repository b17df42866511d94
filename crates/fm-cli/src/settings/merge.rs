//! Laying one table over another.

use toml::{Table, Value};

use super::TAG;

/// The user's table over the defaults, section by section.
///
/// A section whose `kind` differs from the default's describes another variant, so the default's other keys mean nothing
/// in it and are dropped. Arrays are values: they are replaced whole.
///
/// ```text
/// defaults  [optimizer] kind = "adam", beta1 = 0.9        user  [optimizer] kind = "sgd"
/// result    [optimizer] kind = "sgd"
/// ```
pub fn merge(defaults: Table, user: Table) -> Table {
    let other_kind = user.get(TAG).is_some_and(|kind| defaults.get(TAG) != Some(kind));
    if other_kind && defaults.contains_key(TAG) {
        return user;
    }
    let mut merged = defaults;
    for (key, value) in user {
        let value = match (merged.remove(&key), value) {
            (Some(Value::Table(default)), Value::Table(user)) => Value::Table(merge(default, user)),
            (_, value) => value,
        };
        merged.insert(key, value);
    }
    merged
}
