//! The noise of a Brownian bridge: a diffusion coefficient and the integral of its square.

use crate::PathError;
use crate::quadrature::RunningIntegral;

/// A reference process `dX = g(t) dW`.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{BrownianBridge, ConditionalPath, Reference};
///
/// struct Growing; // g² = 2t
/// impl Reference for Growing {
///     fn g(&self, t: f64) -> f64 {
///         (2.0 * t).sqrt()
///     }
///     fn energy(&self, t: f64) -> f64 {
///         t * t
///     }
/// }
/// assert_eq!(BrownianBridge::new(Growing)?.state(&[0.5])?, [[0.25, 0.75, 0.1875_f64.sqrt()]]); // τ = t²
/// # Ok::<(), fm_paths::PathError>(())
/// ```
pub trait Reference {
    /// The diffusion coefficient at `t ∈ [0, 1]`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{Geometric, Reference};
    /// assert_eq!(Geometric::new(4.0, 1.0)?.g(0.5), 2.0);
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn g(&self, t: f64) -> f64;

    /// `F(t) = ∫₀ᵗ g²`: exactly 0 at 0, and increasing.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{Constant, Reference};
    /// let reference = Constant::new(2.0)?;
    /// assert_eq!((reference.energy(0.0), reference.energy(0.5)), (0.0, 2.0)); // σ²·t
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    fn energy(&self, t: f64) -> f64;
}

impl<R: Reference + ?Sized> Reference for &R {
    fn g(&self, t: f64) -> f64 {
        (**self).g(t)
    }

    fn energy(&self, t: f64) -> f64 {
        (**self).energy(t)
    }
}

/// `g = σ` at all times; `F = σ²·t`.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{Constant, Reference};
/// assert_eq!(Constant::new(2.0)?.energy(0.25), 1.0);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "unchecked::Constant"))]
pub struct Constant {
    sigma: f64,
}

impl Constant {
    /// The process of diffusion coefficient σ.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless σ is positive and finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{Constant, Reference};
    /// assert_eq!(Constant::new(2.0)?.g(0.3), 2.0);
    /// assert!(Constant::new(0.0).is_err());
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(sigma: f64) -> Result<Self, PathError> {
        positive("sigma", sigma)?;
        Ok(Self { sigma })
    }
}

impl Reference for Constant {
    fn g(&self, _t: f64) -> f64 {
        self.sigma
    }

    fn energy(&self, t: f64) -> f64 {
        self.sigma * self.sigma * t
    }
}

/// `g = g₀·(g₁/g₀)ᵗ`, geometric between two levels; `F = g₀²·((g₁/g₀)²ᵗ − 1)/(2·log(g₁/g₀))`.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{Geometric, Reference};
/// let reference = Geometric::new(1.0, 0.25)?;
/// assert_eq!(reference.g(0.5), 0.5);
/// assert!((reference.energy(1.0) - (1.0 - 0.0625) / (2.0 * 4.0_f64.ln())).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "unchecked::Geometric"))]
pub struct Geometric {
    g0: f64,
    g1: f64,
}

impl Geometric {
    /// The process whose diffusion coefficient goes from `g0` at the source to `g1` at the data.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless both levels are positive and finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{Geometric, Reference};
    /// let reference = Geometric::new(1.0, 0.25)?;
    /// assert_eq!((reference.g(0.0), reference.g(1.0)), (1.0, 0.25));
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(g0: f64, g1: f64) -> Result<Self, PathError> {
        positive("g0", g0)?;
        positive("g1", g1)?;
        Ok(Self { g0, g1 })
    }
}

impl Reference for Geometric {
    fn g(&self, t: f64) -> f64 {
        self.g0 * (self.g1 / self.g0).powf(t)
    }

    fn energy(&self, t: f64) -> f64 {
        let rate = 2.0 * (self.g1 / self.g0).ln();
        // (e^{rt} − 1)/r, which is t for equal levels.
        self.g0 * self.g0 * if rate == 0.0 { t } else { (rate * t).exp_m1() / rate }
    }
}

/// A reference process that a configuration names.
///
/// | `kind` | process | parameters |
/// |---|---|---|
/// | `constant` | [`Constant`] | `sigma` |
/// | `geometric` | [`Geometric`] | `g0`, `g1` |
///
/// # Examples
/// ```
/// use fm_paths::bridge::{Constant, NamedReference, Reference};
/// assert_eq!(NamedReference::Constant(Constant::new(2.0)?).g(0.3), 2.0);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum NamedReference {
    /// [`Constant`].
    Constant(Constant),
    /// [`Geometric`].
    Geometric(Geometric),
}

impl NamedReference {
    /// The process of that name.
    fn named(&self) -> &dyn Reference {
        match self {
            Self::Constant(reference) => reference,
            Self::Geometric(reference) => reference,
        }
    }
}

impl Reference for NamedReference {
    fn g(&self, t: f64) -> f64 {
        self.named().g(t)
    }

    fn energy(&self, t: f64) -> f64 {
        self.named().energy(t)
    }
}

/// What a file says of a reference, before the constructor has seen it.
#[cfg(feature = "serde")]
mod unchecked {
    use crate::PathError;

    #[derive(serde::Deserialize)]
    pub(super) struct Constant {
        sigma: f64,
    }

    impl TryFrom<Constant> for super::Constant {
        type Error = PathError;

        fn try_from(read: Constant) -> Result<Self, PathError> {
            Self::new(read.sigma)
        }
    }

    #[derive(serde::Deserialize)]
    pub(super) struct Geometric {
        g0: f64,
        g1: f64,
    }

    impl TryFrom<Geometric> for super::Geometric {
        type Error = PathError;

        fn try_from(read: Geometric) -> Result<Self, PathError> {
            Self::new(read.g0, read.g1)
        }
    }
}

/// Any smooth `g`, its energy integrated numerically: right to rounding for a `g` that is smooth on the scale of 1/256.
///
/// # Examples
/// ```
/// use fm_paths::bridge::{Numeric, Reference};
/// let reference = Numeric::new(|t: f64| (1.0 + t).sqrt())?;
/// assert!((reference.energy(0.7) - (0.7 + 0.245)).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
#[derive(Clone)]
pub struct Numeric<G> {
    g: G,
    energy: RunningIntegral,
}

impl<G> std::fmt::Debug for Numeric<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Numeric").field("energy", &self.energy).finish_non_exhaustive()
    }
}

impl<G: Fn(f64) -> f64> Numeric<G> {
    /// Integrates `g²`.
    ///
    /// # Errors
    /// [`PathError::Parameter`] where the energy of a part of the unit interval is not positive and finite.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::bridge::{Numeric, Reference};
    /// let reference = Numeric::new(|t: f64| (0.5 * t).exp())?;
    /// assert!((reference.energy(1.0) - 1.0_f64.exp_m1()).abs() < 1e-14); // ∫ eᵗ
    /// assert!(Numeric::new(|t: f64| (t - 0.5).max(0.0)).is_err()); // no noise in the first half
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(g: G) -> Result<Self, PathError> {
        let energy = RunningIntegral::new(|t| g(t).powi(2));
        for part in energy.parts() {
            positive("energy of a part", part)?;
        }
        Ok(Self { g, energy })
    }
}

impl<G: Fn(f64) -> f64> Reference for Numeric<G> {
    fn g(&self, t: f64) -> f64 {
        (self.g)(t)
    }

    fn energy(&self, t: f64) -> f64 {
        self.energy.at(t)
    }
}

fn positive(name: &'static str, value: f64) -> Result<(), PathError> {
    PathError::require(value.is_finite() && value > 0.0, name, value, "positive and finite")
}
