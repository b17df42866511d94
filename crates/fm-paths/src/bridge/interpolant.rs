//! Stochastic interpolants: how the ends are mixed, and how much noise there is in between.

use std::f64::consts::{FRAC_PI_2, PI};

use super::{BridgePoint, ConditionalPath};
use crate::{PathError, Schedule};

/// How the two ends are mixed.
///
/// | `kind` | a (data) | b (source) |
/// |---|---|---|
/// | `linear` (default) | t | 1 − t |
/// | `trigonometric` | sin(πt/2) | cos(πt/2) |
/// | `encoding-decoding` | cos²(πt) for t > ½, else 0 | cos²(πt) for t < ½, else 0 |
/// | `mirror` | 1 | 0 |
///
/// Encoding and decoding is a path through pure noise at `t = ½`; give it `γ = sin-squared`. The mirror interpolant runs
/// from the data to the data, `z = x₁ + γ·ε`. Its flow goes out and comes back to where it began; what it is for is the
/// diffusion that its score gives, which draws a new sample from an old one.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{ConditionalPath, Ends, Gamma, Interpolant};
/// let middle = |ends| Interpolant::new(ends, Gamma::SinSquared).map(|path| path.at(0.5).state);
/// assert_eq!(middle(Ends::Linear)?, [0.5, 0.5, 1.0]);
/// assert_eq!(middle(Ends::EncodingDecoding)?, [0.0, 0.0, 1.0]);
/// assert_eq!(middle(Ends::Mirror)?, [1.0, 0.0, 1.0]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - M. S. Albergo, N. M. Boffi, E. Vanden-Eijnden, *Stochastic Interpolants*, 2023, Section 4.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Ends {
    /// Straight lines.
    #[default]
    Linear,
    /// A quarter turn.
    Trigonometric,
    /// The source fades out, then the data fade in.
    EncodingDecoding,
    /// The data at both ends.
    Mirror,
}

impl Ends {
    /// `[a, b]` and `[a', b']`.
    fn at(self, t: f64) -> ([f64; 2], [f64; 2]) {
        match self {
            Self::Linear => ([t, 1.0 - t], [1.0, -1.0]),
            Self::Mirror => ([1.0, 0.0], [0.0, 0.0]),
            Self::Trigonometric => {
                // cos(πt/2) as a sine is exactly 0 at t = 1.
                let (a, b) = ((FRAC_PI_2 * t).sin(), (FRAC_PI_2 * (1.0 - t)).sin());
                ([a, b], [FRAC_PI_2 * b, -FRAC_PI_2 * a])
            }
            Self::EncodingDecoding => {
                let (value, rate) = (sin_pi(t - 0.5).powi(2), -PI * sin_pi(2.0 * t));
                match t {
                    _ if t < 0.5 => ([0.0, value], [0.0, rate]),
                    _ => ([value, 0.0], [rate, 0.0]),
                }
            }
        }
    }
}

/// How much noise there is in between.
///
/// | `kind` | γ(t) | parameters | velocity | score |
/// |---|---|---|---|---|
/// | `none` (default) | 0 | | everywhere | nowhere |
/// | `constant` | σ | `sigma` > 0: the bandwidth of I-CFM; blurs both ends | everywhere | everywhere |
/// | `brownian` | √(a·t(1 − t)) | `a` > 0; a = σ² is the bridge of constant g = σ | inside | inside |
/// | `sin-squared` | sin²(πt) | | everywhere | inside |
///
/// # Examples
/// ```
/// use fm_paths::bridge::{ConditionalPath, Ends, Gamma, Interpolant};
/// let middle = |gamma| Interpolant::new(Ends::Linear, gamma).map(|path| path.at(0.5).state[2]);
/// assert_eq!((middle(Gamma::None)?, middle(Gamma::SinSquared)?), (0.0, 1.0));
/// assert_eq!(middle(Gamma::Brownian { a: 0.25 })?, 0.25); // √(0.25·0.5·0.5)
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Gamma {
    /// No noise: a deterministic line between the ends.
    #[default]
    None,
    /// The same blur at all times.
    Constant {
        /// Its standard deviation.
        sigma: f64,
    },
    /// The standard deviation of a Brownian bridge.
    Brownian {
        /// The variance is `a·t(1 − t)`.
        a: f64,
    },
    /// A smooth bump whose derivative vanishes at both ends.
    SinSquared,
}

impl Gamma {
    /// γ and γ'.
    fn at(self, t: f64) -> (f64, f64) {
        match self {
            Self::None => (0.0, 0.0),
            Self::Constant { sigma } => (sigma, 0.0),
            Self::Brownian { a } => {
                let gamma = (a * t * (1.0 - t)).sqrt();
                (gamma, a * (1.0 - 2.0 * t) / (2.0 * gamma))
            }
            Self::SinSquared => (sin_pi(t).powi(2), PI * sin_pi(2.0 * t)),
        }
    }
}

/// sin(πx), exactly 0 at whole x. For |x| ≤ 2.
fn sin_pi(x: f64) -> f64 {
    // Subtracting the nearest whole number is exact.
    let whole = x.round();
    let sine = (PI * (x - whole)).sin();
    if whole % 2.0 == 0.0 { sine } else { -sine }
}

/// The path `z = a(t)·x₁ + b(t)·x₀ + γ(t)·ε` between any two ends.
///
/// | known as | ends | γ |
/// |---|---|---|
/// | rectified flow, OT-CFM with bandwidth 0 | `linear` | `none` |
/// | I-CFM and OT-CFM with bandwidth σ | `linear` | `constant` |
/// | stochastic interpolant, Brownian | `linear` | `brownian` |
/// | stochastic interpolant, trigonometric γ | any | `sin-squared` |
/// | mirror interpolant | `mirror` | `brownian` or `sin-squared` |
///
/// γ = `sin-squared` is the one to take when a score is learned and the velocity has to be regular.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{ConditionalPath, Ends, Gamma, Interpolant};
/// let smooth = Interpolant::new(Ends::Linear, Gamma::SinSquared)?;
/// assert_eq!(smooth.state(&[0.0, 0.5, 1.0])?, [[0.0, 1.0, 0.0], [0.5, 0.5, 1.0], [1.0, 0.0, 0.0]]);
/// assert_eq!(smooth.velocity(&[0.0, 1.0])?, [[1.0, -1.0, 0.0]; 2]); // the quotient form is 0/0 here
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - M. S. Albergo, N. M. Boffi, E. Vanden-Eijnden, *Stochastic Interpolants*, 2023.
/// - A. Tong et al., *Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport*,
///   TMLR 2024 (I-CFM).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Unchecked"))]
pub struct Interpolant {
    ends: Ends,
    gamma: Gamma,
}

/// What a file says of an interpolant.
#[cfg(feature = "serde")]
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Unchecked {
    ends: Ends,
    gamma: Gamma,
}

#[cfg(feature = "serde")]
impl TryFrom<Unchecked> for Interpolant {
    type Error = PathError;

    fn try_from(read: Unchecked) -> Result<Self, PathError> {
        Self::new(read.ends, read.gamma)
    }
}

impl Interpolant {
    /// The interpolant of `ends` and `gamma`.
    ///
    /// # Errors
    /// [`PathError::Parameter`] for a noise level that is not positive and finite; no noise is [`Gamma::None`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{ConditionalPath, Ends, Gamma, Interpolant};
    /// let i_cfm = Interpolant::new(Ends::Linear, Gamma::Constant { sigma: 0.1 })?;
    /// assert_eq!(i_cfm.state(&[0.25])?, [[0.25, 0.75, 0.1]]);
    /// assert!(Interpolant::new(Ends::Linear, Gamma::Constant { sigma: 0.0 }).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(ends: Ends, gamma: Gamma) -> Result<Self, PathError> {
        let (name, level) = match gamma {
            Gamma::Constant { sigma } => ("sigma", sigma),
            Gamma::Brownian { a } => ("a", a),
            Gamma::None | Gamma::SinSquared => ("", 1.0),
        };
        PathError::require(level.is_finite() && level > 0.0, name, level, "positive and finite")?;
        Ok(Self { ends, gamma })
    }
}

impl ConditionalPath for Interpolant {
    fn at(&self, t: f64) -> BridgePoint {
        let ([a, b], [d_a, d_b]) = self.ends.at(t);
        let (gamma, d_gamma) = self.gamma.at(t);
        BridgePoint { state: [a, b, gamma], rate: [d_a, d_b, d_gamma] }
    }
}

/// The one-sided interpolant `z = α(t)·x₁ + σ(t)·ε`: an affine path whose source *is* the independent normal.
///
/// The same as [`crate::AffinePath`] where that has a score, written with three coefficients.
///
/// # Examples
/// ```
/// use fm_paths::{Linear, bridge::{ConditionalPath, OneSided}};
/// assert_eq!(OneSided(Linear).state(&[0.25])?, [[0.25, 0.0, 0.75]]);
/// assert_eq!(OneSided(Linear).score(&[0.5])?, [[0.0, 0.0, -2.0]]);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OneSided<S>(
    /// The schedule.
    pub S,
);

impl<S: Schedule> ConditionalPath for OneSided<S> {
    fn at(&self, t: f64) -> BridgePoint {
        let point = self.0.at(t);
        BridgePoint { state: [point.alpha, 0.0, point.sigma], rate: [point.d_alpha, 0.0, point.d_sigma] }
    }
}
