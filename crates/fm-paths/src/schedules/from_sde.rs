//! A schedule given by the drift and diffusion of its noising process.

use std::fmt;

use crate::exponential::exponential;
use crate::runs::vectorised;
use crate::{PathError, Schedule, SchedulePoint, SchedulePoints, quadrature::RunningIntegral};

/// The schedule of the noising process `dX = F(s)·X ds + G(s) dW`, in the time of diffusion papers: data at `s = 0`.
///
/// ```text
/// α = exp ∫₀ˢ F,    σ = α·√(∫₀ˢ G²/α²),    s = 1 − t
/// ```
///
/// The factor α in front of the root is easily lost; without it the noise is that of the variance-exploding process
/// which rescaling by 1/α gives. Both integrals are taken numerically, over 256 panels, so F and G may be anything that
/// is smooth on that scale, and finite.
///
/// `F` here is the literature's, so it is `−f` of [`Schedule::drift`]; `G² = g²` of [`Schedule::g2`].
///
/// # Domain
/// The data end is exactly (1, 0), with σ̇ = −∞ where G(0) > 0. The source end is where the process has got to, in general
/// not (0, 1).
///
/// # Examples
/// ```
/// use fm_paths::{FromSde, LinearBeta, Schedule, Vp};
/// let beta = |s: f64| 0.1 + 19.9 * s;
/// let schedule = FromSde::new(move |s| -0.5 * beta(s), move |s| beta(s).sqrt())?;
/// let want = Vp(LinearBeta { beta_min: 0.1, beta_max: 20.0 }).at(0.3);
/// assert!((schedule.at(0.3).sigma - want.sigma).abs() < 1e-13);
/// # Ok::<(), fm_paths::PathError>(())
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021.
#[derive(Clone)]
pub struct FromSde<F, G> {
    drift: F,
    diffusion: G,
    log_alpha: RunningIntegral,
    /// ∫ G²/α², the squared noise level.
    level2: RunningIntegral,
}

impl<F, G> fmt::Debug for FromSde<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromSde").finish_non_exhaustive()
    }
}

impl<F: Fn(f64) -> f64, G: Fn(f64) -> f64> FromSde<F, G> {
    /// Integrates the process with drift coefficient `drift` (F) and diffusion coefficient `diffusion` (G, not squared).
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless G(0) is positive, and both are finite at 65 equally spaced times.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{FromSde, Schedule};
    /// let brownian = FromSde::new(|_| 0.0, |_| 2.0)?; // dX = 2 dW
    /// assert_eq!(brownian.at(0.0).alpha, 1.0);
    /// assert!((brownian.at(0.75).sigma - 1.0).abs() < 1e-15); // 2·√s
    /// assert!(FromSde::new(|_| 0.0, |_| 0.0).is_err()); // no noise
    /// # Ok::<(), fm_paths::PathError>(())
    /// ```
    pub fn new(drift: F, diffusion: G) -> Result<Self, PathError> {
        PathError::require(diffusion(0.0) > 0.0, "diffusion(0)", diffusion(0.0), "positive")?;
        for i in 0..=64 {
            let s = f64::from(i) / 64.0;
            PathError::require(drift(s).is_finite(), "drift", drift(s), "finite on [0, 1]")?;
            PathError::require(diffusion(s).is_finite(), "diffusion", diffusion(s), "finite on [0, 1]")?;
        }
        let log_alpha = RunningIntegral::new(&drift);
        let level2 = RunningIntegral::new(|s| diffusion(s).powi(2) * (-2.0 * log_alpha.at(s)).exp());
        Ok(Self { drift, diffusion, log_alpha, level2 })
    }

    /// α and the noise level σ/α.
    #[inline(always)]
    fn alpha_and_level(&self, s: f64) -> (f64, f64) {
        (exponential(self.log_alpha.at(s))[0], self.level2.at(s).sqrt())
    }

    /// The two integrals and the two functions at `t`, in the places of α, σ and their derivatives.
    #[inline(always)]
    fn parts(&self, t: f64) -> SchedulePoint {
        let s = 1.0 - t;
        SchedulePoint {
            alpha: self.log_alpha.at(s),
            sigma: self.level2.at(s),
            d_alpha: -(self.drift)(s),
            d_sigma: (self.diffusion)(s).powi(2),
        }
    }
}

/// The point with these [`FromSde::parts`].
#[inline(always)]
fn point(SchedulePoint { alpha: log_alpha, sigma: level2, d_alpha: f, d_sigma: g2 }: SchedulePoint) -> SchedulePoint {
    let (alpha, level) = (exponential(log_alpha)[0], level2.sqrt());
    let sigma = alpha * level;
    SchedulePoint { alpha, sigma, d_alpha: f * alpha, d_sigma: f * sigma - 0.5 * g2 / sigma }
}

impl<F: Fn(f64) -> f64, G: Fn(f64) -> f64> Schedule for FromSde<F, G> {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        point(self.parts(t))
    }

    /// In two loops: only the first has calls and lookups.
    #[inline(always)]
    fn at_each(&self, t: &[f64], mut points: SchedulePoints<'_>) {
        points.again().write(t, |t| self.parts(t));
        vectorised(
            #[inline(always)]
            || points.again().replace(point),
        );
    }

    fn log_snr(&self, t: f64) -> f64 {
        -2.0 * self.alpha_and_level(1.0 - t).1.ln()
    }

    fn drift(&self, t: f64) -> f64 {
        -(self.drift)(1.0 - t)
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        let (alpha, level) = self.alpha_and_level(1.0 - t);
        self.drift(t) * (alpha * level).powi(2) - 0.5 * self.g2(t)
    }

    fn g2(&self, t: f64) -> f64 {
        (self.diffusion)(1.0 - t).powi(2)
    }
}
