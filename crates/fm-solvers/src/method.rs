//! The fixed-step methods by name, for configuration files and command lines.

use std::fmt;
use std::str::FromStr;

use crate::{SolveError, Tableau};

/// A fixed-step method that ships with this crate.
///
/// # Examples
/// ```
/// # use fm_solvers::{FixedMethod, SolveError};
/// let method: FixedMethod = "heun".parse()?;
/// assert_eq!((method.tableau().order, method.tableau().stages()), (2, 2));
/// let error = "huen".parse::<FixedMethod>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown method `huen`; known are euler, midpoint, heun, ralston, rk4");
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum FixedMethod {
    /// [`Tableau::EULER`], order 1, one evaluation per step.
    Euler,
    /// [`Tableau::MIDPOINT`], order 2, two evaluations per step.
    #[default]
    Midpoint,
    /// [`Tableau::HEUN`], order 2, two evaluations per step.
    Heun,
    /// [`Tableau::RALSTON`], order 2, two evaluations per step.
    Ralston,
    /// [`Tableau::RK4`], order 4, four evaluations per step.
    Rk4,
}

impl FixedMethod {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Euler, Self::Midpoint, Self::Heun, Self::Ralston, Self::Rk4];

    /// The method's coefficients.
    pub const fn tableau(self) -> &'static Tableau {
        match self {
            Self::Euler => &Tableau::EULER,
            Self::Midpoint => &Tableau::MIDPOINT,
            Self::Heun => &Tableau::HEUN,
            Self::Ralston => &Tableau::RALSTON,
            Self::Rk4 => &Tableau::RK4,
        }
    }

    /// The name that [`Display`](fmt::Display), [`FromStr`] and serde use.
    pub const fn name(self) -> &'static str {
        self.tableau().name
    }
}

impl fmt::Display for FixedMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FixedMethod {
    type Err = SolveError;

    fn from_str(name: &str) -> Result<Self, SolveError> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| SolveError::UnknownMethod { name: name.to_owned() })
    }
}
