//! Couplings by name.

use std::fmt;
use std::str::FromStr;

use super::{Coupling, ExactOt, Independent};
use crate::OtError;

/// A coupling by name, for configuration files and command lines.
///
/// # Examples
/// ```
/// # use fm_ot::{CouplingKind, OtError};
/// let kind: CouplingKind = "exact".parse()?;
/// assert_eq!(kind, CouplingKind::Exact);
/// let error = "exakt".parse::<CouplingKind>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown coupling `exakt`; known are independent, exact");
/// # Ok::<(), OtError>(())
/// ```
///
/// # References
/// At each coupling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum CouplingKind {
    /// [`Independent`].
    #[default]
    Independent,
    /// [`ExactOt`].
    Exact,
}

impl CouplingKind {
    /// Every kind, with default parameters.
    pub const ALL: [Self; 2] = [Self::Independent, Self::Exact];

    /// The coupling itself.
    pub fn build(self) -> Box<dyn Coupling + Send + Sync> {
        match self {
            Self::Independent => Box::new(Independent),
            Self::Exact => Box::new(ExactOt),
        }
    }

    /// The name that [`Display`](fmt::Display), [`FromStr`] and serde use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::Exact => "exact",
        }
    }
}

impl fmt::Display for CouplingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for CouplingKind {
    type Err = OtError;

    fn from_str(name: &str) -> Result<Self, OtError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| OtError::UnknownCoupling { name: name.to_owned() })
    }
}
