//! The methods by name, for configuration files and command lines.

use std::fmt;
use std::str::FromStr;

use crate::{Adams, EmbeddedTableau, SolveError, Tableau};

/// A fixed-step method that ships with this crate.
///
/// # Examples
/// ```
/// # use fm_solvers::{FixedMethod, SolveError};
/// let method: FixedMethod = "heun".parse()?;
/// assert_eq!((method.order(), method.nfe(10)), (2, 20));
/// let error = "huen".parse::<FixedMethod>().unwrap_err();
/// assert!(error.to_string().starts_with("unknown method `huen`; known are euler, midpoint, heun,"));
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
    /// [`Adams::AB2`], order 2, one evaluation per step after the first.
    Ab2,
    /// [`Adams::AB3`], order 3, one evaluation per step after the first two.
    Ab3,
    /// [`Adams::AB4`], order 4, one evaluation per step after the first three.
    Ab4,
    /// [`Adams::ABM4`], order 4, two evaluations per step after the first three.
    Abm4,
}

/// The coefficients of a fixed-step method.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scheme {
    /// Each step alone.
    RungeKutta(&'static Tableau),
    /// Steps that use the derivatives of earlier ones.
    Adams(&'static Adams),
}

impl FixedMethod {
    /// Every method.
    pub const ALL: [Self; 9] = [
        Self::Euler,
        Self::Midpoint,
        Self::Heun,
        Self::Ralston,
        Self::Rk4,
        Self::Ab2,
        Self::Ab3,
        Self::Ab4,
        Self::Abm4,
    ];

    /// The method's coefficients.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Euler => Scheme::RungeKutta(&Tableau::EULER),
            Self::Midpoint => Scheme::RungeKutta(&Tableau::MIDPOINT),
            Self::Heun => Scheme::RungeKutta(&Tableau::HEUN),
            Self::Ralston => Scheme::RungeKutta(&Tableau::RALSTON),
            Self::Rk4 => Scheme::RungeKutta(&Tableau::RK4),
            Self::Ab2 => Scheme::Adams(&Adams::AB2),
            Self::Ab3 => Scheme::Adams(&Adams::AB3),
            Self::Ab4 => Scheme::Adams(&Adams::AB4),
            Self::Abm4 => Scheme::Adams(&Adams::ABM4),
        }
    }

    /// The order of the global error in the step size.
    pub const fn order(self) -> u32 {
        match self.scheme() {
            Scheme::RungeKutta(tableau) => tableau.order,
            Scheme::Adams(adams) => adams.order,
        }
    }

    /// Evaluations of the field for so many steps.
    pub fn nfe(self, steps: usize) -> u64 {
        match self.scheme() {
            Scheme::RungeKutta(tableau) => (tableau.stages() * steps) as u64,
            Scheme::Adams(adams) => adams.nfe(steps),
        }
    }

    /// The name that [`Display`](fmt::Display), [`FromStr`] and serde use.
    pub const fn name(self) -> &'static str {
        match self.scheme() {
            Scheme::RungeKutta(tableau) => tableau.name,
            Scheme::Adams(adams) => adams.name,
        }
    }
}

/// An embedded method that ships with this crate.
///
/// # Examples
/// ```
/// # use fm_solvers::{EmbeddedMethod, SolveError};
/// let method: EmbeddedMethod = "tsit5".parse()?;
/// assert_eq!(method.tableau().method.order, 5);
/// let error = "rk45".parse::<EmbeddedMethod>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown method `rk45`; known are bosh3, dopri5, tsit5, dop853");
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum EmbeddedMethod {
    /// [`EmbeddedTableau::BOSH3`], order 3(2).
    Bosh3,
    /// [`EmbeddedTableau::DOPRI5`], order 5(4).
    #[default]
    Dopri5,
    /// [`EmbeddedTableau::TSIT5`], order 5(4).
    Tsit5,
    /// [`EmbeddedTableau::DOP853`], order 8(5,3).
    Dop853,
}

impl EmbeddedMethod {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Bosh3, Self::Dopri5, Self::Tsit5, Self::Dop853];

    /// The method's coefficients.
    pub const fn tableau(self) -> &'static EmbeddedTableau {
        match self {
            Self::Bosh3 => &EmbeddedTableau::BOSH3,
            Self::Dopri5 => &EmbeddedTableau::DOPRI5,
            Self::Tsit5 => &EmbeddedTableau::TSIT5,
            Self::Dop853 => &EmbeddedTableau::DOP853,
        }
    }

    /// The name that [`Display`](fmt::Display), [`FromStr`] and serde use.
    pub const fn name(self) -> &'static str {
        self.tableau().method.name
    }
}

impl fmt::Display for FixedMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for EmbeddedMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FixedMethod {
    type Err = SolveError;

    fn from_str(name: &str) -> Result<Self, SolveError> {
        by_name(&Self::ALL, Self::name, name)
    }
}

impl FromStr for EmbeddedMethod {
    type Err = SolveError;

    fn from_str(name: &str) -> Result<Self, SolveError> {
        by_name(&Self::ALL, Self::name, name)
    }
}

pub(crate) fn by_name<M: Copy>(all: &[M], name_of: fn(M) -> &'static str, name: &str) -> Result<M, SolveError> {
    let found = all.iter().copied().find(|&method| name_of(method) == name);
    found.ok_or_else(|| {
        let known = all.iter().copied().map(name_of).collect::<Vec<_>>().join(", ");
        SolveError::UnknownMethod { name: name.to_owned(), known }
    })
}
