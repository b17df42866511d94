//! A rate of noise given as a function.

use std::fmt;

use crate::{Beta, PathError, quadrature::RunningIntegral};

/// A rate of noise given with its integral.
///
/// # Examples
/// ```
/// use fm_paths::{BetaFn, Schedule, Vp};
/// let schedule = Vp(BetaFn::new(|s: f64| 1.0 + s * s, |s: f64| s + s * s * s / 3.0)?);
/// assert!((schedule.at(0.0).alpha - (-2.0_f64 / 3.0).exp()).abs() < 1e-15);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021, Section 3.4
///   (the variance-preserving SDE).
#[derive(Clone, Copy)]
pub struct BetaFn<F, I> {
    rate: F,
    integral: I,
}

impl<F, I> fmt::Debug for BetaFn<F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetaFn").finish_non_exhaustive()
    }
}

impl<F: Fn(f64) -> f64, I: Fn(f64) -> f64> BetaFn<F, I> {
    /// The rate β(s) and T(s) = ∫₀ˢ β, with `s = 0` at the data.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless β(0) is positive and finite (otherwise the speed at the data end has no value
    /// that β alone determines), T(0) = 0, and T(1) is positive and finite. That T belongs to β is the caller's promise.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, BetaFn};
    /// assert_eq!(BetaFn::new(|s| 1.0 + 2.0 * s, |s| s + s * s)?.integral(0.5), 0.75);
    /// assert!(BetaFn::new(|s| 2.0 * s, |s| s * s).is_err()); // no noise at the data
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(rate: F, integral: I) -> Result<Self, PathError> {
        check(&rate, integral(1.0))?;
        PathError::require(integral(0.0) == 0.0, "integral(0)", integral(0.0), "exactly 0")?;
        Ok(Self { rate, integral })
    }
}

impl<F: Fn(f64) -> f64, I: Fn(f64) -> f64> Beta for BetaFn<F, I> {
    #[inline(always)]
    fn rate(&self, s: f64) -> f64 {
        (self.rate)(s)
    }

    #[inline(always)]
    fn integral(&self, s: f64) -> f64 {
        (self.integral)(s)
    }
}

/// A rate of noise given by its values alone, integrated numerically.
///
/// The integral is a Gauss–Legendre sum over 256 panels, right to rounding for a rate that is smooth on that scale.
///
/// # Examples
/// ```
/// use fm_paths::{Beta, BetaNumeric};
/// let beta = BetaNumeric::new(|s: f64| (3.0 * s).exp())?;
/// assert!((beta.integral(1.0) - 3.0_f64.exp_m1() / 3.0).abs() < 1e-14);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021, Section 3.4
///   (the variance-preserving SDE).
#[derive(Clone)]
pub struct BetaNumeric<F> {
    rate: F,
    integral: RunningIntegral,
}

impl<F> fmt::Debug for BetaNumeric<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetaNumeric").finish_non_exhaustive()
    }
}

impl<F: Fn(f64) -> f64> BetaNumeric<F> {
    /// Integrates β(s) over `[0, 1]`, with `s = 0` at the data.
    ///
    /// # Errors
    /// As [`BetaFn::new`].
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, BetaNumeric};
    /// assert!((BetaNumeric::new(|s| 1.0 + 2.0 * s)?.integral(0.5) - 0.75).abs() < 1e-15);
    /// assert!(BetaNumeric::new(|s| 1.0 - 2.0 * s).is_err()); // negative in the second half
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(rate: F) -> Result<Self, PathError> {
        let integral = RunningIntegral::new(&rate);
        check(&rate, integral.at(1.0))?;
        Ok(Self { rate, integral })
    }
}

impl<F: Fn(f64) -> f64> Beta for BetaNumeric<F> {
    #[inline(always)]
    fn rate(&self, s: f64) -> f64 {
        (self.rate)(s)
    }

    #[inline(always)]
    fn integral(&self, s: f64) -> f64 {
        self.integral.at(s)
    }
}

/// The conditions of both constructors.
fn check(rate: impl Fn(f64) -> f64, total: f64) -> Result<(), PathError> {
    let positive = |name, value: f64| PathError::require(value.is_finite() && value > 0.0, name, value, "positive");
    positive("rate(0)", rate(0.0))?;
    positive("integral(1)", total)?;
    for i in 1..=64 {
        let value = rate(f64::from(i) / 64.0);
        PathError::require(value.is_finite() && value >= 0.0, "rate", value, "finite and nowhere negative")?;
    }
    Ok(())
}
