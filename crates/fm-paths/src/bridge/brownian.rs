//! Brownian motion pinned at both ends.

use super::{BridgePoint, ConditionalPath, Reference, SINGULAR_DRIFT, finite, rows};
use crate::PathError;

/// The reference process `dX = g(t) dW` pinned at `X(0) = x₀` and `X(1) = x₁`.
///
/// ```text
/// z = τ·x₁ + (1 − τ)·x₀ + √(F(1)·τ(1 − τ))·ε,    τ = F(t)/F(1),   F(t) = ∫₀ᵗ g²
/// velocity given the ends and z = g²·[(x₁ − x₀)/F(1) + (1 − 2τ)/(2γ²)·(z − mean)]
/// ```
///
/// For constant g = σ: mean weight t, variance σ²·t(1 − t) and velocity `(1 − 2t)/(2t(1 − t))·(z − mean) + x₁ − x₀`. With
/// a g that varies, the mean weight is τ, not t.
///
/// Over the coupling of entropic optimal transport with ε = [`entropic_epsilon`](Self::entropic_epsilon) this is the
/// conditional path of the **Schrödinger bridge** (SB-CFM, \[SF\]²M); over any other coupling, a bridge-matching path.
///
/// # Domain
/// State at all times; velocity and score for `0 < t < 1`; drifts at all times but their goal.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Constant};
/// let bridge = BrownianBridge::new(Constant::new(1.0)?)?;
/// assert_eq!(bridge.velocity(&[0.5])?, [[1.0, -1.0, 0.0]]);
/// assert!(bridge.velocity(&[0.0]).is_err()); // γ' is infinite
/// assert_eq!(bridge.forward_drift(&[0.0])?, [[1.0, -1.0, 0.0]]); // the drift of the diffusion is not
/// assert_eq!(bridge.entropic_epsilon(), 2.0);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - A. Tong et al., *Simulation-Free Schrödinger Bridges via Score and Flow Matching*, AISTATS 2024 (Appendix E for g
///   that varies).
/// - Y. Shi et al., *Diffusion Schrödinger Bridge Matching*, NeurIPS 2023.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Unchecked<R>", bound(deserialize = "R: Reference + serde::Deserialize<'de>"))
)]
pub struct BrownianBridge<R> {
    reference: R,
    /// F(1).
    #[cfg_attr(feature = "serde", serde(skip))]
    total: f64,
}

/// What a file says of a bridge.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Unchecked<R> {
    reference: R,
}

#[cfg(feature = "serde")]
impl<R: Reference> TryFrom<Unchecked<R>> for BrownianBridge<R> {
    type Error = PathError;

    fn try_from(read: Unchecked<R>) -> Result<Self, PathError> {
        Self::new(read.reference)
    }
}

const NO_DIFFUSION: &str = "g is 0 here, and ½g²·score says nothing of the score; learn γ·score = −ε (scaled_score)";

impl<R: Reference> BrownianBridge<R> {
    /// The bridges of `reference`.
    ///
    /// # Errors
    /// [`PathError::Parameter`] if its energy `F(1)` is not positive and finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Geometric};
    /// let bridge = BrownianBridge::new(Geometric::new(1.0, 0.25)?)?;
    /// let [data, _, _] = bridge.state(&[0.5])?[0];
    /// assert!((data - 0.8).abs() < 1e-15); // τ = (1 − 4⁻²ᵗ)/(1 − 4⁻²), ahead of t while g falls
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(reference: R) -> Result<Self, PathError> {
        let total = reference.energy(1.0);
        PathError::require(total.is_finite() && total > 0.0, "energy", total, "positive and finite")?;
        Ok(Self { reference, total })
    }

    /// The regularisation with which entropic optimal transport gives the ends of the Schrödinger bridge: `2·F(1)`, for
    /// constant g `2σ²`, in `min ⟨π, ‖x − y‖²⟩ + ε·Σ π log π` with the full squared cost.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, Constant};
    /// assert_eq!(BrownianBridge::new(Constant::new(0.5)?)?.entropic_epsilon(), 0.5); // 2σ²
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn entropic_epsilon(&self) -> f64 {
        2.0 * self.total
    }

    /// Coefficients of the drift of the pinned diffusion, `velocity + ½g²·score = g²/(F(1) − F(t))·(x₁ − z)`.
    ///
    /// Its mean given z is the drift of the forward diffusion with coefficient g. Both terms of the sum are infinite at
    /// `t = 0`, and the sum is not: the noise coefficient is `−g²·√(τ/(F(1)·(1 − τ)))`.
    ///
    /// # Errors
    /// As [`ConditionalPath`]; infinite at `t = 1`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, Constant};
    /// let bridge = BrownianBridge::new(Constant::new(1.0)?)?;
    /// assert_eq!(bridge.forward_drift(&[0.0, 0.5])?, [[1.0, -1.0, 0.0], [1.0, -1.0, -1.0]]); // velocity − ε/(2γ)
    /// assert!(bridge.forward_drift(&[1.0]).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn forward_drift(&self, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
        rows(t, |t, index| {
            let (pull, tau) = (self.pull(t), self.weight(t));
            let noise = -pull * (self.total * tau / (1.0 - tau)).sqrt();
            finite([pull, -pull, noise], ("forward drift", SINGULAR_DRIFT), t, index)
        })
    }

    /// Coefficients of `velocity − ½g²·score = g²/F(t)·(z − x₀)`, for the diffusion that runs from the data back to the
    /// source: with time s = 1 − t its drift is minus this.
    ///
    /// # Errors
    /// As [`ConditionalPath`]; infinite at `t = 0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, Constant};
    /// let bridge = BrownianBridge::new(Constant::new(1.0)?)?;
    /// assert_eq!(bridge.backward_drift(&[0.5, 1.0])?, [[1.0, -1.0, 1.0], [1.0, -1.0, 0.0]]); // velocity + ε/(2γ)
    /// assert!(bridge.backward_drift(&[0.0]).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn backward_drift(&self, t: &[f64]) -> Result<Vec<[f64; 3]>, PathError> {
        rows(t, |t, index| {
            let (pull, tau) = (self.pull(t), self.weight(t));
            let noise = pull * (self.total * (1.0 - tau) / tau).sqrt();
            finite([pull, -pull, noise], ("backward drift", SINGULAR_DRIFT), t, index)
        })
    }

    /// The factors λ of the \[SF\]²M score loss.
    ///
    /// ```text
    /// loss = ‖v − u‖² + ‖λ·s + ε‖²,    λ = 2γ/g²        (for constant g = σ, 2·σ_t/σ² with σ_t = γ)
    /// ```
    ///
    /// The loss is least where `λ·s = −E[ε | z] = γ·score`: the network s then is **½g²·score**, not the score, and the
    /// drift of the bridge is v + s with no further factor. λ vanishes at both ends, where the loss says nothing about s
    /// and all that enters stays finite.
    ///
    /// # Errors
    /// As [`ConditionalPath`]; infinite where g is 0.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{BrownianBridge, Constant};
    /// let bridge = BrownianBridge::new(Constant::new(0.5)?)?;
    /// assert_eq!(bridge.score_factor(&[0.0, 0.5, 1.0])?, [0.0, 2.0, 0.0]); // 2·0.25/0.25
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn score_factor(&self, t: &[f64]) -> Result<Vec<f64>, PathError> {
        rows(t, |t, index| {
            let [_, _, gamma] = self.at(t).state;
            let factor = 2.0 * gamma / self.reference.g(t).powi(2);
            finite([factor], ("factor of the score loss", NO_DIFFUSION), t, index).map(|[factor]| factor)
        })
    }

    /// τ.
    fn weight(&self, t: f64) -> f64 {
        self.reference.energy(t) / self.total
    }

    /// dτ/dt.
    fn pull(&self, t: f64) -> f64 {
        self.reference.g(t).powi(2) / self.total
    }
}

impl<R: Reference> ConditionalPath for BrownianBridge<R> {
    fn at(&self, t: f64) -> BridgePoint {
        let (pull, tau) = (self.pull(t), self.weight(t));
        let gamma = (self.total * tau * (1.0 - tau)).sqrt();
        // γ² = F(1)·τ(1 − τ), so 2γγ' = F(1)·(1 − 2τ)·τ'.
        let d_gamma = self.total * (1.0 - 2.0 * tau) * pull / (2.0 * gamma);
        BridgePoint { state: [tau, 1.0 - tau, gamma], rate: [pull, -pull, d_gamma] }
    }
}
