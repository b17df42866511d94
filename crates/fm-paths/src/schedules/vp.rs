//! Variance-preserving schedules, given by a rate of noise β.
//!
//! All of them are one formula in the cumulative rate T(s) = ∫₀ˢ β, so a member of the family is two functions, β and T,
//! and not a schedule of its own: the closed forms at the singular data end are then written and tested once.

use crate::exponential::exponential;
use crate::runs::vectorised;
use crate::{Schedule, SchedulePoint, SchedulePoints, root};

/// A rate of noise in the time `s = 1 − t` of diffusion papers, 0 at the data and 1 at the noise.
///
/// # Examples
/// ```
/// use fm_paths::{Beta, Schedule, Vp};
/// struct Constant(f64);
/// impl Beta for Constant {
///     fn rate(&self, _: f64) -> f64 {
///         self.0
///     }
///     fn integral(&self, s: f64) -> f64 {
///         self.0 * s
///     }
/// }
/// assert_eq!(Vp(Constant(2.0)).at(0.0).alpha, (-1.0_f64).exp());
/// ```
pub trait Beta {
    /// β(s) ≥ 0, positive at `s = 0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let beta = LinearBeta { beta_min: 1.0, beta_max: 3.0 };
    /// assert_eq!((beta.rate(0.0), beta.rate(0.5)), (1.0, 2.0));
    /// ```
    fn rate(&self, s: f64) -> f64;

    /// T(s) = ∫₀ˢ β, exactly 0 at `s = 0`.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let beta = LinearBeta { beta_min: 1.0, beta_max: 3.0 };
    /// assert_eq!((beta.integral(0.0), beta.integral(1.0)), (0.0, 2.0));
    /// ```
    fn integral(&self, s: f64) -> f64;

    /// β(s) and T(s) together; the place for work that they share.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// assert_eq!(LinearBeta { beta_min: 1.0, beta_max: 3.0 }.rate_and_integral(1.0), [3.0, 2.0]);
    /// ```
    #[inline(always)]
    fn rate_and_integral(&self, s: f64) -> [f64; 2] {
        [self.rate(s), self.integral(s)]
    }

    /// β(s), α = e^{−T/2} and σ = √(1 − e^{−T}) at each of many `s`, into slices as long; the place for a closed form that
    /// needs no T. It has two loops: a processor overlaps many short computations better than a few long ones.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let [mut rate, mut alpha, mut sigma] = [[0.0; 2]; 3];
    /// let beta = LinearBeta { beta_min: 1.0, beta_max: 3.0 };
    /// beta.rates_and_amplitudes(&[0.0, 1.0], [&mut rate, &mut alpha, &mut sigma]);
    /// assert_eq!((rate[0], alpha[0], sigma[0]), (1.0, 1.0, 0.0));
    /// assert!(rate[1] == 3.0 && (alpha[1] - (-1.0_f64).exp()).abs() < 1e-15); // T = 2
    /// assert!((alpha[1] * alpha[1] + sigma[1] * sigma[1] - 1.0).abs() < 1e-15);
    /// ```
    #[inline(always)]
    fn rates_and_amplitudes(&self, s: &[f64], [rate, alpha, sigma]: [&mut [f64]; 3]) {
        for ((s, rate), integral) in s.iter().zip(rate).zip(&mut *alpha) {
            [*rate, *integral] = self.rate_and_integral(*s);
        }
        amplitudes_of_integrals(alpha, sigma);
    }

    /// The `s` with T(s) = `integral`, for a value between T(0) and T(1); the place for a closed form.
    ///
    /// # Examples
    /// ```
    /// use fm_paths::{Beta, LinearBeta};
    /// let beta = LinearBeta { beta_min: 1.0, beta_max: 3.0 };
    /// assert_eq!(beta.inverse_integral(0.75), 0.5); // s + s²
    /// ```
    fn inverse_integral(&self, integral: f64) -> f64 {
        root::increasing(|s| self.integral(s), |s| self.rate(s), integral)
    }
}

/// α̇ and σ̇ of a rate β and its amplitudes.
#[inline(always)]
fn derivatives(rate: f64, alpha: f64, sigma: f64) -> [f64; 2] {
    let d_alpha = 0.5 * rate * alpha;
    [d_alpha, -d_alpha * alpha / sigma]
}

/// α and σ of a cumulative rate T, by one exponential: σ² = (1 − α)(1 + α), where 1 − α is exact to rounding if α is
/// small, and the exponential that was evaluated if it is not.
#[inline(always)]
pub(crate) fn amplitudes(integral: f64) -> [f64; 2] {
    let [alpha, less_one] = exponential(-0.5 * integral);
    let deficit = 0.0 - less_one; // not −0: σ̇ would be +∞
    [alpha, (deficit * (1.0 + alpha)).sqrt()]
}

/// The cumulative rates in `alpha` become α, beside their σ.
#[inline(always)]
pub(crate) fn amplitudes_of_integrals(alpha: &mut [f64], sigma: &mut [f64]) {
    vectorised(
        #[inline(always)]
        || {
            for (alpha, sigma) in alpha.iter_mut().zip(&mut *sigma) {
                [*alpha, *sigma] = amplitudes(*alpha);
            }
        },
    );
}

/// The variance-preserving schedule of a rate β.
///
/// ```text
/// α = e^{−T/2},  σ = √(1 − e^{−T}),  T = ∫₀ˢ β,  s = 1 − t;    f = β/2,  g² = β,  λ = −log(e^T − 1)
/// ```
///
/// `Vp(LinearBeta::default())` is the VP process of score-based models; see [`LinearBeta`](crate::LinearBeta),
/// [`DdpmBeta`](crate::DdpmBeta), [`IddpmBeta`](crate::IddpmBeta), [`BetaTable`](crate::BetaTable) and
/// [`BetaFn`](crate::BetaFn).
///
/// # Domain
/// - At `t = 0` the data amplitude is e^{−T(1)/2}, not 0 (0.0066 for the linear β from 0.1 to 20): the state is not
///   exactly the source, and sampling that starts from the source is off by that much. Conversions remain exact, and a
///   noise prediction is even regular there.
/// - At `t = 1` the amplitudes are exactly (1, 0), and σ̇ = −βα²/(2σ) is −∞. Velocities need `t_max < 1`; v is regular.
///   σσ̇ = −½βα² and g² = β are finite and stated in closed form.
///
/// # Examples
/// ```
/// use fm_paths::{LinearBeta, Schedule, Vp};
/// let vp = Vp(LinearBeta { beta_min: 0.1, beta_max: 20.0 });
/// assert!((vp.at(0.0).alpha - (-5.025_f64).exp()).abs() < 1e-17); // T(1) = (0.1 + 20)/2
/// assert_eq!((vp.at(1.0).alpha, vp.at(1.0).sigma, vp.g2(1.0)), (1.0, 0.0, 0.1));
/// ```
///
/// # References
/// - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, ICLR 2021, Eq. 11
///   (VP SDE).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Vp<B>(pub B);

impl<B: Beta> Schedule for Vp<B> {
    #[inline(always)]
    fn at(&self, t: f64) -> SchedulePoint {
        let [[mut rate], [mut alpha], [mut sigma]] = [[0.0]; 3];
        let places = [&mut rate, &mut alpha, &mut sigma].map(std::slice::from_mut);
        self.0.rates_and_amplitudes(&[1.0 - t], places);
        let [d_alpha, d_sigma] = derivatives(rate, alpha, sigma);
        SchedulePoint { alpha, sigma, d_alpha, d_sigma }
    }

    #[inline(always)]
    fn at_each(&self, t: &[f64], mut points: SchedulePoints<'_>) {
        // In turn s and σ̇, β and α̇ are in the same places.
        let SchedulePoints { alpha, sigma, d_alpha, d_sigma } = points.again();
        for (s, t) in d_sigma.iter_mut().zip(t) {
            *s = 1.0 - t;
        }
        self.0.rates_and_amplitudes(d_sigma, [d_alpha, alpha, sigma]);
        vectorised(
            #[inline(always)]
            || {
                points.again().replace(|SchedulePoint { alpha, sigma, d_alpha: rate, .. }| {
                    let [d_alpha, d_sigma] = derivatives(rate, alpha, sigma);
                    SchedulePoint { alpha, sigma, d_alpha, d_sigma }
                });
            },
        );
    }

    fn log_snr(&self, t: f64) -> f64 {
        -self.0.integral(1.0 - t).exp_m1().ln()
    }

    /// dλ/dt = g²/σ².
    fn d_log_snr(&self, t: f64) -> f64 {
        let s = 1.0 - t;
        self.0.rate(s) / -(-self.0.integral(s)).exp_m1()
    }

    /// T = log(1 + e^{−λ}), without overflow.
    fn inverse_log_snr(&self, log_snr: f64) -> f64 {
        let integral = (-log_snr.abs()).exp().ln_1p() + (-log_snr).max(0.0);
        1.0 - self.0.inverse_integral(integral)
    }

    fn drift(&self, t: f64) -> f64 {
        0.5 * self.0.rate(1.0 - t)
    }

    fn sigma_d_sigma(&self, t: f64) -> f64 {
        let s = 1.0 - t;
        -0.5 * self.0.rate(s) * (-self.0.integral(s)).exp()
    }

    fn g2(&self, t: f64) -> f64 {
        self.0.rate(1.0 - t)
    }
}
