//! The schedules, one file each, and the list of those that a configuration can name.

mod cosine;
mod linear;

pub use cosine::Cosine;
pub use linear::Linear;

use crate::{Schedule, SchedulePoint};

/// A schedule that a configuration names; dispatches to the type of the same name.
///
/// | `kind` | schedule |
/// |---|---|
/// | `linear` (default) | [`Linear`]: α = t, σ = 1 − t |
/// | `cosine` | [`Cosine`]: α = sin(πt/2), σ = cos(πt/2) |
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum NamedSchedule {
    /// [`Linear`].
    #[default]
    Linear,
    /// [`Cosine`].
    Cosine,
}

impl Schedule for NamedSchedule {
    fn at(&self, t: f64) -> SchedulePoint {
        match self {
            Self::Linear => Linear.at(t),
            Self::Cosine => Cosine.at(t),
        }
    }
}
