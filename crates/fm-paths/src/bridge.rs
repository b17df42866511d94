//! Paths between two arbitrary ends, with noise of their own.
//!
//! An affine path has two ingredients; its source is the noise. Between two data sets there are three, data x₁, source
//! x₀ and an independent standard normal ε, and every quantity is a row of **three** coefficients:
//!
//! ```text
//! z = a(t)·x₁ + b(t)·x₀ + γ(t)·ε
//! velocity of z given (x₁, x₀, ε) = a'·x₁ + b'·x₀ + γ'·ε
//! score of z given (x₁, x₀) = −ε/γ
//! ```
//!
//! Papers and packages write the velocity given the ends as `γ'/γ·(z − mean) + mean'`, which is 0/0 wherever γ vanishes
//! and gets an added 1e-8. In terms of ε nothing is divided. What is still infinite is so by nature (γ' of a Brownian
//! bridge at its ends) and is a typed error.
//!
//! The score exists because ε is Gaussian and independent **by construction**, whatever the coupling of the ends. That is
//! the guard: these paths offer a score of their own and no conversion to it from other predictions, and the conversions
//! of [`crate::AffinePath`], which take the *source* for that noise, do not apply to them. They do not compile:
//!
//! ```compile_fail,E0599
//! use fm_paths::{Prediction, bridge::{Ends, Gamma, Interpolant}};
//! let i_cfm = Interpolant::new(Ends::Linear, Gamma::Constant { sigma: 0.1 }).unwrap();
//! i_cfm.convert(Prediction::Velocity, Prediction::Score, &[0.5]); // the source is data: no such identity
//! ```
//!
//! | path | a, b | γ | velocity | score |
//! |---|---|---|---|---|
//! | [`Interpolant`], `γ = none` | any | 0 | everywhere | nowhere |
//! | [`Interpolant`], `γ = constant` (I-CFM) | t, 1 − t | σ | everywhere | everywhere |
//! | [`Interpolant`], `γ = brownian` | any | √(a·t(1 − t)) | inside | inside |
//! | [`Interpolant`], `γ = sin-squared` | any | sin²(πt) | everywhere | inside |
//! | [`Interpolant`], `ends = mirror` | 1, 0 | any | as its γ | as its γ |
//! | [`OneSided`] | α, 0 | σ of a schedule | as the schedule | where σ > 0 |
//! | [`BrownianBridge`], `dX = g dW` | τ, 1 − τ | √(F(1)·τ(1 − τ)) | inside | inside |
//!
//! with `F(t) = ∫₀ᵗ g²` and `τ = F(t)/F(1)`; for constant g that is t.
//!
//! # Examples
//! ```
//! use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
//! use fm_paths::nd::blend3;
//! use ndarray::array;
//!
//! let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
//! let (x1, x0, noise) = (array![[8.0]], array![[0.0]], array![[1.0]]);
//! let z = blend3(&bridge.state(&[0.5])?, &x1, &x0, &noise);
//! assert_eq!(z, array![[5.0]]); // halfway, plus σ·√(t(1 − t))
//! # Ok::<(), fm_paths::PathError>(())
//! ```
//!
//! # References
//! - M. S. Albergo, N. M. Boffi, E. Vanden-Eijnden, *Stochastic Interpolants: A Unifying Framework for Flows and
//!   Diffusions*, 2023.
//! - A. Tong et al., *Improving and Generalizing Flow-Based Generative Models with Minibatch Optimal Transport*,
//!   TMLR 2024.
//! - A. Tong et al., *Simulation-Free Schrödinger Bridges via Score and Flow Matching*, AISTATS 2024.

mod brownian;
mod interpolant;
mod reference;
mod target;

pub use brownian::BrownianBridge;
pub use interpolant::{Ends, Gamma, Interpolant, OneSided};
pub use reference::{Constant, Geometric, NamedReference, Numeric, Reference};
pub use target::BridgeTarget;

use crate::PathError;
use crate::nd::OnBridge;

const NO_NOISE: &str = "the state holds no noise here; keep the times away (t_min, t_max), or learn γ·score = −ε (scaled_score), which is finite";
const NO_STATE: &str =
    "the path gives amplitudes here that are not finite; keep the times away (t_min, t_max), or mend the path";
const INFINITE_RATE: &str =
    "the noise changes infinitely fast here; keep the times away from this end (t_min, t_max), or choose γ = sin²(πt)";
const SINGULAR_DRIFT: &str =
    "the drift towards this end is infinite on it; keep the times away from this end (t_min, t_max)";

/// The rows (data, source, noise) of the state and of its rate of change at one time. Rates may be infinite at an end.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{BridgePoint, ConditionalPath, Ends, Gamma, Interpolant};
/// let i_cfm = Interpolant::new(Ends::Linear, Gamma::Constant { sigma: 0.5 })?;
/// assert_eq!(i_cfm.at(0.25), BridgePoint { state: [0.25, 0.75, 0.5], rate: [1.0, -1.0, 0.0] });
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BridgePoint {
    /// Coefficients of the state.
    pub state: [f64; 3],
    /// Their time derivatives.
    pub rate: [f64; 3],
}

/// A path between two ends, from its coefficients at one time.
///
/// The methods on batches take times and return coefficients (data, source, noise) for [`crate::nd::blend3`].
///
/// # Errors
/// Every method reports a time outside `[0, 1]` as [`PathError::TimeOutOfRange`] and an infinite coefficient as
/// [`PathError::Bridge`], with the index and what to do. No coefficient is ever infinite or NaN.
///
/// # Examples
///
/// A path of one's own is one function:
///
/// ```
/// use fm_paths::bridge::{BridgePoint, ConditionalPath};
///
/// struct Parabola; // linear ends, γ = t(1 − t)
/// impl ConditionalPath for Parabola {
///     fn at(&self, t: f64) -> BridgePoint {
///         BridgePoint { state: [t, 1.0 - t, t * (1.0 - t)], rate: [1.0, -1.0, 1.0 - 2.0 * t] }
///     }
/// }
/// assert_eq!(Parabola.velocity(&[0.25])?, [[1.0, -1.0, 0.5]]);
/// assert_eq!(Parabola.score(&[0.5])?, [[0.0, 0.0, -4.0]]);
/// assert!(Parabola.score(&[1.0]).is_err());
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[expect(clippy::missing_errors_doc, reason = "stated once, on the trait")]
pub trait ConditionalPath {
    /// The rows at `t ∈ [0, 1]`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
    /// let start = BrownianBridge::new(Constant::new(1.0)?)?.at(0.0);
    /// assert_eq!((start.state, start.rate), ([0.0, 1.0, 0.0], [1.0, -1.0, f64::INFINITY])); // γ' = (1 − 2t)/(2γ)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn at(&self, t: f64) -> BridgePoint;

    /// The state `z`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
    /// let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
    /// assert_eq!(bridge.state(&[0.0, 0.5])?, [[0.0, 1.0, 0.0], [0.5, 0.5, 1.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn state(&self, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
        rows(t, |t, index| finite_state(self.at(t), t, index))
    }

    /// The regression target `wanted`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BridgeTarget, BrownianBridge, ConditionalPath, Constant};
    /// let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
    /// assert_eq!(bridge.target(BridgeTarget::Velocity, &[0.5])?, [[1.0, -1.0, 0.0]]);
    /// assert_eq!(bridge.target(BridgeTarget::ScaledScore, &[0.0])?, [[0.0, 0.0, -1.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn target(&self, wanted: BridgeTarget, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
        rows(t, |t, index| finite_target(wanted, self.at(t), t, index))
    }

    /// The regression target of the probability flow: the velocity of z given (x₁, x₀, ε).
    ///
    /// Its mean given z is the marginal velocity, as is that of the velocity given the ends alone: the two are equal as
    /// functions of z, `γ'·ε = γ'/γ·(z − mean)`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{ConditionalPath, Ends, Gamma, Interpolant};
    /// let smooth = Interpolant::new(Ends::Linear, Gamma::SinSquared)?;
    /// assert_eq!(smooth.velocity(&[0.25])?, [[1.0, -1.0, std::f64::consts::PI]]); // γ' = π·sin(2πt)
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn velocity(&self, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
        self.target(BridgeTarget::Velocity, t)
    }

    /// The regression target of the score: `−ε/γ`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
    /// let bridge = BrownianBridge::new(Constant::new(1.0)?)?;
    /// assert_eq!(bridge.score(&[0.5])?, [[0.0, 0.0, -2.0]]); // γ = ½
    /// assert!(bridge.score(&[1.0]).unwrap_err().to_string().contains("scaled_score")); // what to learn instead
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn score(&self, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
        self.target(BridgeTarget::Score, t)
    }

    /// The score times γ, which is `−ε`: finite at every time, and what a score network should learn.
    ///
    /// At a time where the state holds no noise at all the target is independent of the state and its mean is zero.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
    /// let bridge = BrownianBridge::new(Constant::new(1.0)?)?;
    /// assert_eq!(bridge.scaled_score(&[0.0, 0.5, 1.0])?, [[0.0, 0.0, -1.0]; 3]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn scaled_score(&self, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
        self.target(BridgeTarget::ScaledScore, t)
    }

    /// The same operations on ndarray arrays.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
    /// use ndarray::array;
    /// let bridge = BrownianBridge::new(Constant::new(2.0)?)?;
    /// let (x1, x0, noise) = (array![[8.0]], array![[0.0]], array![[1.0]]);
    /// assert_eq!(bridge.arrays().state(&[0.5], &x1, &x0, &noise)?, array![[5.0]]);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn arrays(&self) -> OnBridge<'_, Self>
    where
        Self: Sized,
    {
        OnBridge(self)
    }
}

impl<P: ConditionalPath + ?Sized> ConditionalPath for &P {
    fn at(&self, t: f64) -> BridgePoint {
        (**self).at(t)
    }
}

impl<P: ConditionalPath + ?Sized> ConditionalPath for Box<P> {
    fn at(&self, t: f64) -> BridgePoint {
        (**self).at(t)
    }
}

/// What `row` gives for every checked time.
fn rows<T>(t: &[f64], row: impl Fn(f64, usize) -> Result<T, PathError>) -> Result<Vec<T>, PathError> {
    t.iter()
        .enumerate()
        .map(|(index, &t)| {
            PathError::check_time(index, t)?;
            row(t, index)
        })
        .collect()
}

/// A row that is finite, or the error that names what is not.
fn finite<const K: usize>(
    row: [f64; K],
    (quantity, remedy): (&'static str, &'static str),
    t: f64,
    index: usize,
) -> Result<[f64; K], PathError> {
    if row.iter().all(|c| c.is_finite()) { Ok(row) } else { Err(PathError::Bridge { quantity, t, index, remedy }) }
}

/// The row of the state.
pub(crate) fn finite_state(point: BridgePoint, t: f64, index: usize) -> Result<[f64; 3], PathError> {
    finite(point.state, ("state", NO_STATE), t, index)
}

/// The row of a target.
pub(crate) fn finite_target(
    wanted: BridgeTarget,
    point: BridgePoint,
    t: f64,
    index: usize,
) -> Result<[f64; 3], PathError> {
    finite(wanted.row(point), wanted.in_errors(), t, index)
}
