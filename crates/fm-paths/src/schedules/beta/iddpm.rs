//! The cosine table of improved DDPM, continued to all times.

use std::f64::consts::FRAC_PI_2;

use crate::runs::vectorised;
use crate::schedules::vp::amplitudes;
use crate::{Beta, PathError};

/// The smallest factor 1 − β of a step: the table clips β at 0.999.
const SMALLEST_FACTOR: f64 = 0.001;

/// The `steps` discrete steps of improved DDPM with its cosine, as a function of time.
///
/// ```text
/// ᾱ(s) = cos²(π/2·(s + o)/(1 + o)) / cos²(π/2·o/(1 + o)),    β_k = min(1 − ᾱ((k + 1)/N)/ᾱ(k/N), 0.999)
/// ```
///
/// Only the last of the N steps is clipped. Up to there this is the cosine itself; over the last step T = −log ᾱ goes to
/// the table's last value along the parabola that continues it with its slope. So every entry of the table is met to
/// rounding, and β is continuous. The step k of the table is the time `t = 1 − (k + 1)/N`.
///
/// With `t` for `s` reversed and no offset the formula is that of [`Cosine`](crate::Cosine), which has exact ends.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `steps` | 1000 | N | at least 2 |
/// | `offset` | 0.008 | o, which keeps β of the first step away from 0 | (0, 1] |
///
/// # Examples
/// ```
/// use fm_paths::{IddpmBeta, Schedule, Vp};
/// let schedule = Vp(IddpmBeta::default());
/// let (before, last) = (schedule.at(0.001).alpha.powi(2), schedule.at(0.0).alpha.powi(2));
/// assert!((last / before - 0.001).abs() < 1e-12); // 1 − 0.999
/// ```
///
/// # References
/// - A. Nichol, P. Dhariwal, *Improved Denoising Diffusion Probabilistic Models*, ICML 2021, Eq. 17.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct IddpmBeta {
    /// Number of steps.
    pub steps: u32,
    /// The offset o.
    pub offset: f64,
}

impl Default for IddpmBeta {
    fn default() -> Self {
        Self { steps: 1000, offset: 0.008 }
    }
}

impl IddpmBeta {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`PathError::Parameter`] unless they are in the ranges of the table.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::IddpmBeta;
    /// assert!(IddpmBeta { offset: 0.0, ..IddpmBeta::default() }.validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), PathError> {
        PathError::require(self.steps >= 2, "steps", f64::from(self.steps), "at least 2")?;
        PathError::require(self.offset > 0.0 && self.offset <= 1.0, "offset", self.offset, "in (0, 1]")
    }

    /// tan b, b the angle at `s = 0`: all that times have in common.
    #[inline(always)]
    fn tan_first(&self) -> f64 {
        let first = FRAC_PI_2 * self.offset / (1.0 + self.offset);
        first.sin() / first.cos()
    }

    /// Half the angle that one unit of `s` is worth.
    #[inline(always)]
    fn half_angle(&self) -> f64 {
        0.5 * FRAC_PI_2 / (1.0 + self.offset)
    }

    /// α − 1 and T′ on the cosine, α = cos a/cos b with the angle `b` at `s = 0` and `a` at `s`, by functions of the
    /// difference a − b, so that nothing cancels for small `s`. `[sin, cos]` are those of half the difference.
    #[inline(always)]
    fn cosine(&self, [sin, cos]: [f64; 2], tan_first: f64) -> [f64; 2] {
        let less_one = -2.0 * sin * (sin + tan_first * cos);
        let tan = (tan_first * (1.0 - 2.0 * sin * sin) + 2.0 * sin * cos) / (1.0 + less_one);
        [less_one, 4.0 * self.half_angle() * tan]
    }

    /// [`Self::cosine`] at one `s`.
    fn cosine_at(&self, s: f64) -> [f64; 2] {
        let (sin, cos) = (self.half_angle() * s).sin_cos();
        self.cosine([sin, cos], self.tan_first())
    }

    /// The time from which the table caps its β.
    #[inline(always)]
    fn knee(&self) -> f64 {
        f64::from(self.steps - 1) / f64::from(self.steps)
    }

    /// T and its derivative beyond the knee.
    #[cold]
    fn capped(&self, s: f64) -> [f64; 2] {
        let (n, knee) = (f64::from(self.steps), self.knee());
        let [less_one, slope] = self.cosine_at(knee);
        let (part, slope) = ((s - knee) * n, slope / n);
        let bend = -SMALLEST_FACTOR.ln() - slope;
        [-2.0 * less_one.ln_1p() + part * (slope + part * bend), n * (slope + 2.0 * part * bend)]
    }
}

impl Beta for IddpmBeta {
    fn rate(&self, s: f64) -> f64 {
        self.rate_and_integral(s)[0]
    }

    fn integral(&self, s: f64) -> f64 {
        self.rate_and_integral(s)[1]
    }

    fn rate_and_integral(&self, s: f64) -> [f64; 2] {
        if s > self.knee() {
            let [integral, rate] = self.capped(s);
            return [rate, integral];
        }
        let [less_one, rate] = self.cosine_at(s);
        [rate, -2.0 * less_one.ln_1p()]
    }

    /// On the cosine without a logarithm and its inverse. The loop with calls is as short as it can be, and the few times
    /// beyond the knee come last.
    #[inline(always)]
    fn rates_and_amplitudes(&self, s: &[f64], [rate, alpha, sigma]: [&mut [f64]; 3]) {
        let per_time = self.half_angle();
        for ((s, sin), cos) in s.iter().zip(&mut *alpha).zip(&mut *sigma) {
            (*sin, *cos) = (per_time * s).sin_cos();
        }
        let tan_first = self.tan_first();
        vectorised(
            #[inline(always)]
            || {
                for ((rate, alpha), sigma) in rate.iter_mut().zip(&mut *alpha).zip(&mut *sigma) {
                    let [less_one, slope] = self.cosine([*alpha, *sigma], tan_first);
                    *rate = slope;
                    (*alpha, *sigma) = (1.0 + less_one, (-less_one * (2.0 + less_one)).sqrt());
                }
            },
        );
        let knee = self.knee();
        for (i, &s) in s.iter().enumerate().filter(|(_, s)| **s > knee) {
            let [integral, slope] = self.capped(s);
            rate[i] = slope;
            [alpha[i], sigma[i]] = amplitudes(integral);
        }
    }
}
