//! The methods for stochastic equations by name, for configuration files and command lines.
//!
//! # References
//! At each method.

use std::fmt;
use std::str::FromStr;

use super::tableau::StochasticTableau;
use super::{Calculus, Diffusion};
use crate::method::by_name;
use crate::{SolveError, Tableau};

/// A method for stochastic equations that ships with this crate.
///
/// | method | calculus | strong order: additive, diagonal | drifts, diffusions per step |
/// |---|---|---|---|
/// | `euler-maruyama` | Ito | 1, 1/2 | 1, 1 |
/// | `milstein` | Ito | 1, 1 | 1, 2 (`g` and `g g'` where that is given) |
/// | `srk` | Ito | 3/2, 3/2 | 2, 4 |
/// | `heun` | Stratonovich | 1, 1 | 2, 2 |
/// | `reversible-heun` | Stratonovich | 1, 1 | 1, 1 after a first of each |
///
/// An additive diffusion `g(t)` is never evaluated on states, whatever the method, and both calculi agree about it: every
/// method then integrates every equation. Samples are usually judged by their law and not path by path; for that, all of
/// them have order 1 at least.
///
/// # Examples
/// ```
/// # use fm_solvers::{SdeMethod, SolveError};
/// let method: SdeMethod = "milstein".parse()?;
/// assert_eq!(method, SdeMethod::Milstein);
/// let error = "euler".parse::<SdeMethod>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "unknown method `euler`; known are euler-maruyama, milstein, srk, heun, reversible-heun"
/// );
/// # Ok::<(), SolveError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum SdeMethod {
    /// `X' = X + h f + g dw`.
    ///
    /// # References
    /// Maruyama 1955; Kloeden & Platen 1992, section 10.2.
    #[default]
    EulerMaruyama,
    /// Milstein's method with `g g'` as a difference, for diagonal noise. [`EulerMaruyama`](Self::EulerMaruyama) where the
    /// noise is additive.
    ///
    /// ```text
    /// X' = X + h f + g dw + (g(X + h f + sqrt(h) g) - g) (dw^2 - h)/(2 sqrt(h))
    /// ```
    ///
    /// With [`Diffusion::DiagonalWithDerivative`] it is `X' = X + h f + g dw + g g' (dw^2 - h)/2`.
    ///
    /// # References
    /// Milstein 1974; Kloeden & Platen 1992, section 11.1.
    Milstein,
    /// Stochastic Runge-Kutta: SRA1 for additive and SRI1W1 for diagonal noise. Asks the noise for its space-time Levy area.
    ///
    /// # References
    /// Roessler, *Runge-Kutta methods for the strong approximation of solutions of stochastic differential equations*, SIAM
    /// J. Numer. Anal. 48(3), 2010.
    Srk,
    /// Heun's method, with the increment of the noise in the place of a step: order 1 because diagonal noise commutes.
    ///
    /// # References
    /// Kloeden & Platen 1992, section 11.1; Ruemelin 1982, *Numerical treatment of stochastic differential equations*.
    Heun,
    /// A Heun method that carries a second state and can be taken back exactly, but for rounding; see
    /// [`SdeStepper`](crate::SdeStepper). Its authors prove order 1/2 for general noise; additive and diagonal noise
    /// commute.
    ///
    /// # References
    /// Kidger, Foster, Li & Lyons, *Efficient and accurate gradients for neural SDEs*, 2021, Algorithm 1.
    ReversibleHeun,
}

/// How a method steps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SdeScheme {
    Ito(&'static StochasticTableau),
    /// Every `h f` of a Runge-Kutta method becomes `h f + g dw`.
    Stratonovich(&'static Tableau),
    Reversible,
    /// With the derivative of the diffusion.
    Milstein,
}

impl SdeMethod {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::EulerMaruyama, Self::Milstein, Self::Srk, Self::Heun, Self::ReversibleHeun];

    /// The calculus in whose sense the method integrates diagonal noise.
    pub const fn calculus(self) -> Calculus {
        match self {
            Self::EulerMaruyama | Self::Milstein | Self::Srk => Calculus::Ito,
            Self::Heun | Self::ReversibleHeun => Calculus::Stratonovich,
        }
    }

    /// Evaluations of the drift for so many steps, the whole cost where the noise is additive.
    ///
    /// # Examples
    /// ```
    /// # use fm_solvers::SdeMethod;
    /// assert_eq!((SdeMethod::Srk.nfe(10), SdeMethod::ReversibleHeun.nfe(10)), (20, 11));
    /// ```
    pub const fn nfe(self, steps: usize) -> u64 {
        let steps = steps as u64;
        match self {
            Self::EulerMaruyama | Self::Milstein => steps,
            Self::Srk | Self::Heun => 2 * steps,
            Self::ReversibleHeun if steps == 0 => 0,
            Self::ReversibleHeun => steps + 1,
        }
    }

    /// The name that [`Display`](fmt::Display), [`FromStr`] and serde use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EulerMaruyama => "euler-maruyama",
            Self::Milstein => "milstein",
            Self::Srk => "srk",
            Self::Heun => "heun",
            Self::ReversibleHeun => "reversible-heun",
        }
    }

    /// The scheme for an equation, if it integrates in the equation's sense.
    pub(crate) fn scheme<S>(self, calculus: Calculus, diffusion: &Diffusion<'_, S>) -> Result<SdeScheme, SolveError> {
        let additive = matches!(diffusion, Diffusion::Additive(_));
        if !additive && self.calculus() != calculus {
            return Err(SolveError::WrongCalculus { method: self, needs: self.calculus(), found: calculus });
        }
        Ok(match self {
            Self::Milstein if matches!(diffusion, Diffusion::DiagonalWithDerivative { .. }) => SdeScheme::Milstein,
            Self::Milstein if !additive => SdeScheme::Ito(&StochasticTableau::MILSTEIN),
            Self::EulerMaruyama | Self::Milstein => SdeScheme::Ito(&StochasticTableau::EULER_MARUYAMA),
            Self::Srk if additive => SdeScheme::Ito(&StochasticTableau::SRA1),
            Self::Srk => SdeScheme::Ito(&StochasticTableau::SRI1W1),
            Self::Heun => SdeScheme::Stratonovich(&Tableau::HEUN),
            Self::ReversibleHeun => SdeScheme::Reversible,
        })
    }
}

impl fmt::Display for SdeMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SdeMethod {
    type Err = SolveError;

    fn from_str(name: &str) -> Result<Self, SolveError> {
        by_name(&Self::ALL, Self::name, name)
    }
}
